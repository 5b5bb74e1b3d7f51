"""The small functions that an exported file holds where its program needs them, as text by name."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHARED = {
    "_log1p": '''
def _log1p(x):
    """Return log|1 + x|, exact near 0."""
    return LIB.where(x > -1, LIB.log1p(LIB.clip(x, min=-1)), LIB.log(LIB.abs(1 + x)))
''',
    "_global_norm": '''
def _global_norm(x):
    """Return the Euclidean norm over all parameters."""
    return LIB.sqrt(_dot(x, x))
''',
    "_dot": '''
def _dot(x, y):
    """Return the inner product over all parameters."""
    return sum(LIB.sum(a * b) for a, b in zip(x, y, strict=True))
''',
    "_global_sum": '''
def _global_sum(x):
    """Return the sum over all parameters."""
    return sum(LIB.sum(a) for a in x)
''',
    "_exp10": '''
def _exp10(x):
    """Return 10^x."""
    return 10.0**x
''',
    "_inverse_root": '''
def _inverse_root(x, p):
    """Return x^(-1/p) of symmetric matrices without negative eigenvalues; an eigenvalue of 0 stays 0."""
    values, vectors = LIB.linalg.eigh(0.5 * x + 0.5 * x.mT)
    outside = values <= 0
    roots = LIB.where(outside, 0.0, LIB.where(outside, 1.0, values) ** (-1 / p))
    return (vectors * roots[..., None, :]) @ vectors.mT
''',
    "_eigenvectors": '''
def _eigenvectors(x):
    """Return the eigenvectors of symmetric matrices as columns, eigenvalues rising."""
    return LIB.linalg.eigh(0.5 * x + 0.5 * x.mT)[1]
''',
}

_ORTHOGONALIZE = '''
def _orthogonalize(x):
    """Return matrices near the closest ones with orthonormal rows or columns: five Newton-Schulz steps."""
    x = _divide(x, LIB.sqrt(LIB.sum(x * x, AXES)))
    wide = x.shape[-1] > x.shape[-2]
    for _ in range(5):
        gram = x @ x.mT if wide else x.mT @ x  # the same polynomial, from the smaller side
        eye = LIB.EYE
        polynomial = 3.4445 * eye - 4.7750 * gram + 2.0315 * (gram @ gram)
        x = polynomial @ x if wide else x @ polynomial
    return x
'''

JAX_HELPERS = {
    **{name: text.replace("LIB", "jnp") for name, text in _SHARED.items()},
    "_divide": '''
def _divide(x, y):
    """Return x / y, and 0 where y is 0."""
    return jnp.where(y == 0, 0.0, x / jnp.where(y == 0, 1.0, y))
''',
    "_mod": '''
def _mod(x, y):
    """Return x modulo y, and 0 where y is 0."""
    return jnp.where(y == 0, 0.0, jnp.mod(x, jnp.where(y == 0, 1.0, y)))
''',
    "_unit_norm": '''
def _unit_norm(x):
    """Return the norm over all axes but the last (over a vector: all of it), in the shape of x."""
    axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else None
    return jnp.sqrt(jnp.sum(x * x, axis=axes, keepdims=True)) + jnp.zeros_like(x)
''',
    "_eye": '''
def _eye(x):
    """Return identity matrices as large as x."""
    return jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)
''',
    "_orthogonalize": _ORTHOGONALIZE.replace("LIB.EYE", "jnp.eye(gram.shape[-1], dtype=x.dtype)")
    .replace("AXES", "axis=(-2, -1), keepdims=True")
    .replace("LIB", "jnp"),
    "_as_number": '''
def _as_number(condition, x):
    """Return 1 where a condition on x holds, else 0."""
    return jnp.asarray(condition, jnp.result_type(x))
''',
    "_wide": '''
def _wide(leaves):
    """Return arrays of at least 32 bits, in which everything is computed."""
    return [x.astype(jnp.promote_types(x.dtype, jnp.float32)) for x in leaves]
''',
    "_as_matrices": '''
def _as_matrices(leaves):
    """Return arrays with two axes or more: a vector becomes a stack of 1 x 1 matrices."""
    return [x.reshape(*x.shape, 1, 1) if x.ndim < 2 else x for x in leaves]
''',
    "_like": '''
def _like(structure, new, old):
    """Return new leaves as a tree, in the shapes and dtypes of the old ones."""
    return structure.unflatten([jnp.asarray(x, y.dtype).reshape(y.shape) for x, y in zip(new, old, strict=True)])
''',
    "_check_slots": '''
def _check_slots(dtypes, slots):
    """Raise if a dictionary names what is no slot."""
    unknown = [slot for slot in dtypes if slot not in slots] if isinstance(dtypes, dict) else []
    if unknown:
        raise ValueError(f"state_dtype: unknown slots {unknown}; the slots are {slots}")
''',
    "_change": '''
def _change(structure, update, gradients, params):
    """Return the updates as a tree, in the dtype of gradient and parameter together."""
    params = gradients if params is None else structure.flatten_up_to(params)
    dtypes = [jnp.result_type(g, w) for g, w in zip(gradients, params, strict=True)]
    leaves = zip(update, gradients, dtypes, strict=True)
    return structure.unflatten([jnp.asarray(x, dtype).reshape(g.shape) for x, g, dtype in leaves])
''',
    "_masked": '''
def _masked(value, mask, params, structure):
    """Return for each parameter the value, or 0 where the mask says so."""
    if mask is None:
        return [value] * structure.num_leaves
    mask = mask(params) if callable(mask) else mask
    chosen = jax.tree.map(lambda on, part: jax.tree.map(lambda _: value if on else 0.0, part), mask, params)
    return structure.flatten_up_to(chosen)
''',
}
"""Helpers in JAX, by name."""

TORCH_HELPERS = {
    **{name: text.replace("LIB", "torch") for name, text in _SHARED.items()},
    "_divide": '''
def _divide(x, y):
    """Return x / y, and 0 where y is 0."""
    return (x / y).masked_fill(y == 0, 0.0)
''',
    "_mod": '''
def _mod(x, y):
    """Return x modulo y, and 0 where y is 0."""
    return torch.remainder(x, y).masked_fill(y == 0, 0.0)
''',
    "_cbrt": '''
def _cbrt(x):
    """Return the real cube root."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)
''',
    "_number": '''
def _number(x):
    """Return a number as a tensor without axes."""
    return torch.as_tensor(x, dtype=torch.float64)
''',
    "_unit_norm": '''
def _unit_norm(x):
    """Return the norm over all axes but the last (over a vector: all of it), in the shape of x."""
    axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else tuple(range(x.ndim))
    return torch.sqrt(torch.sum(x * x, dim=axes, keepdim=True)) + torch.zeros_like(x)
''',
    "_eye": '''
def _eye(x):
    """Return identity matrices as large as x."""
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device).expand_as(x)
''',
    "_orthogonalize": _ORTHOGONALIZE.replace("LIB.EYE", "torch.eye(gram.shape[-1], dtype=x.dtype, device=x.device)")
    .replace("AXES", "dim=(-2, -1), keepdim=True")
    .replace("LIB", "torch"),
    "_as_number": '''
def _as_number(condition, x):
    """Return 1 where a condition on x holds, else 0."""
    return condition.to(x.dtype)
''',
    "_wide": '''
def _wide(tensors):
    """Return tensors of at least 32 bits, in which everything is computed."""
    return [x.float() if x.dtype in (torch.float16, torch.bfloat16) else x for x in tensors]
''',
    "_as_matrices": '''
def _as_matrices(tensors):
    """Return tensors with two axes or more: a vector becomes a stack of 1 x 1 matrices."""
    return [x.reshape(*x.shape, 1, 1) if x.ndim < 2 else x for x in tensors]
''',
}
"""Helpers in PyTorch, by name."""


def helper_texts(names: Iterable[str], table: dict[str, str]) -> list[str]:
    """Return the texts of helpers and of those that they call, in the order of the table.

    Example:
        >>> [text.split("(")[0] for text in helper_texts(["_global_norm"], JAX_HELPERS)]
        ['def _global_norm', 'def _dot']
    """
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(set(re.findall(r"(?<![\w.])_[a-z]\w*(?=\()", table[name])) - wanted)
    return [text.strip() for name, text in table.items() if name in wanted]
