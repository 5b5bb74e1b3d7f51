"""The functions of PyTorch that exported files call; a file holds the text of those that its rule needs."""

from __future__ import annotations

from typing import Any

import torch


def _log1p(x):
    """Return log|1 + x|, exact near 0."""
    return torch.where(x > -1, torch.log1p(torch.clip(x, min=-1)), torch.log(torch.abs(1 + x)))


def _cbrt(x):
    """Return the real cube root."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


def _divide(x, y):
    """Return x / y, and 0 where y is 0; where y is one number, what is not finite in x is NaN then."""
    if y.ndim == 0 and isinstance(x, torch.Tensor) and x.ndim > 0:
        return x / torch.where(y == 0, torch.inf, y)
    return _zero_where(y == 0, x / y)


def _mod(x, y):
    """Return x modulo y, and 0 where y is 0."""
    return _zero_where(y == 0, torch.remainder(x, y))


def _zero_where(condition, x):
    """Return x, and 0 where a condition holds; one on a number, which lives on the CPU, goes to where x is."""
    return x.masked_fill(condition.to(x.device, non_blocking=True), 0.0)


def _where(condition, x, y):
    """Return x where a condition on a number holds, else y; the condition goes to where x and y are."""
    for value in (x, y):
        if isinstance(value, torch.Tensor) and not value.is_cpu:
            condition = condition.to(value.device, non_blocking=True)
    return torch.where(condition, x, y)


def _once(function, counts):
    """Return a function of each parameter's count of steps; equal counts share one result."""
    if torch.compiler.is_compiling():  # for each element, which in float64 is slow
        return [function(count.to(torch.float32)) for count in counts]
    numbers = [float(count) for count in counts]
    found = {number: function(torch.tensor(number, dtype=torch.float64)) for number in set(numbers)}
    return [found[number] for number in numbers]


def _choose(x, y, z):
    """Return the number y where x is not 0, else the number z, in the dtype of x."""
    return torch.where(x != 0, torch.as_tensor(y, dtype=x.dtype), torch.as_tensor(z, dtype=x.dtype))


def _number(x):
    """Return a number as a tensor without axes."""
    return torch.as_tensor(x, dtype=torch.float64)


def _as_number(condition, x):
    """Return 1 where a condition on x holds, else 0."""
    return condition.to(x.dtype)


def _global_norm(x):
    """Return the Euclidean norm over all parameters."""
    return torch.sqrt(_dot(x, x))


def _dot(x, y) -> Any:
    """Return the inner product over all parameters."""
    return _whole(sum(torch.sum(a * b) for a, b in zip(x, y, strict=True)))


def _global_sum(x):
    """Return the sum over all parameters."""
    return _whole(sum(torch.sum(a) for a in x))


def _norm(x):
    """Return the Euclidean norm of a tensor."""
    return _whole(torch.linalg.vector_norm(x))


def _sum(x):
    """Return the sum of a tensor's elements."""
    return _whole(torch.sum(x))


def _mean(x):
    """Return the mean of a tensor's elements."""
    return _sum(x) / x.numel()


def _unit_norm(x):
    """Return the norm over all axes but the last, in the shape of x."""
    axes = tuple(range(x.ndim - 1))
    return torch.sqrt(torch.sum(x * x, dim=axes, keepdim=True)) + torch.zeros_like(x)


def _eye(x):
    """Return identity matrices as large as x."""
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device).expand_as(x)


def _orthogonalize(x):
    """Return matrices near the closest ones with orthonormal rows or columns: five Newton-Schulz steps."""
    x = _divide(x, torch.sqrt(torch.sum(x * x, dim=(-2, -1), keepdim=True)))
    wide = x.shape[-1] > x.shape[-2]
    for _ in range(5):  # from the smaller side
        gram = x @ x.mT if wide else x.mT @ x
        rest = 2.0315 * (gram @ gram) - 4.7750 * gram
        x = 3.4445 * x + (rest @ x if wide else x @ rest)
    return x


def _inverse_root(x, p):
    """Return x^(-1/p) of symmetric matrices without negative eigenvalues; an eigenvalue of 0 stays 0."""
    values, vectors = torch.linalg.eigh(0.5 * x + 0.5 * x.mT)
    outside = values <= 0
    roots = torch.where(outside, 0.0, torch.where(outside, 1.0, values) ** (-1 / p))
    return (vectors * roots[..., None, :]) @ vectors.mT


def _eigenvectors(x):
    """Return the eigenvectors of symmetric matrices as columns, eigenvalues rising."""
    return torch.linalg.eigh(0.5 * x + 0.5 * x.mT)[1]


def _check_real(params):
    """Raise if a parameter is complex."""
    if any(p.is_complex() for p in params):
        raise ValueError("a complex parameter; expected real ones, such as torch.view_as_real gives")


def _check_dense(groups):
    """Raise if a gradient is sparse."""
    if any(p.grad is not None and p.grad.is_sparse for group in groups for p in group["params"]):
        raise ValueError("a sparse gradient; expected dense ones, such as nn.Embedding gives without sparse=True")


def _widen(x):
    """Return a tensor of at least 32 bits, in which everything is computed."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _wide(tensors):
    """Return tensors of at least 32 bits."""
    return [_widen(x) for x in tensors]


def _whole(x):
    """Return a tensor that is sharded over processes, as FSDP has it, in one piece; any other as it is."""
    return x.full_tensor() if hasattr(x, "full_tensor") else x


def _shard_like(p, x):
    """Return what every process has in one piece as the parameter is: sharded, or in one piece."""
    if not hasattr(p, "full_tensor"):
        return x
    return p.from_local(x, p.device_mesh, run_check=False).redistribute(placements=p.placements)


def _mean_loss(loss, params):
    """Return the loss; where parameters are sharded, the mean of the processes', as their gradients are."""
    loss = _whole(torch.as_tensor(loss).detach())
    sharded = next((p for p in params if hasattr(p, "device_mesh")), None)
    if sharded is None:
        return loss
    total = loss.to(sharded.device, copy=True)
    for group in sharded.device_mesh.get_all_groups():
        torch.distributed.all_reduce(total, group=group)
    return total / sharded.device_mesh.size()


class _Gathered:
    """A function of each of some tensors, whole and wide; computed in its turn, so that one at a time is gathered."""

    def __init__(self, function, tensors):
        self._function, self._tensors = function, list(tensors)

    def __iter__(self):
        return (self._function(_widen(_whole(x))) for x in self._tensors)


def _as_matrices(tensors):
    """Return weights (..., out, in) as stacks of matrices with a row for each input; a vector as one of 1 x 1."""
    return _Gathered(lambda x: x.reshape(*x.shape, 1, 1) if x.ndim < 2 else x.mT, tensors)


def _as_one_matrix(tensors):
    """Return weights (out, in, ...) as matrices with a row for each input; a vector as a stack of 1 x 1 matrices."""
    return _Gathered(lambda x: x.reshape(*x.shape, 1, 1) if x.ndim < 2 else x.flatten(1).mT, tensors)


def _as_weight(x, p):
    """Return what such matrices were made of in the shape of its parameter."""
    return _shard_like(p, x.reshape(p.shape) if p.ndim < 2 else x.mT.reshape(p.shape))
