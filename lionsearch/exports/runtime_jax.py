"""The functions of JAX that exported optax files call; a file holds the text of those that its rule needs."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def _log1p(x):
    """Return log|1 + x|, exact near 0."""
    return jnp.where(x > -1, jnp.log1p(jnp.clip(x, min=-1)), jnp.log(jnp.abs(1 + x)))


def _divide(x, y):
    """Return x / y, and 0 where y is 0."""
    return jnp.where(y == 0, 0.0, x / jnp.where(y == 0, 1.0, y))


def _mod(x, y):
    """Return x modulo y, and 0 where y is 0."""
    return jnp.where(y == 0, 0.0, jnp.mod(x, jnp.where(y == 0, 1.0, y)))


def _as_number(condition, x):
    """Return 1 where a condition on x holds, else 0."""
    return jnp.asarray(condition, jnp.result_type(x))


def _global_norm(x):
    """Return the Euclidean norm over all parameters."""
    return jnp.sqrt(_dot(x, x))


def _dot(x, y):
    """Return the inner product over all parameters."""
    return sum(jnp.sum(a * b) for a, b in zip(x, y, strict=True))


def _global_sum(x):
    """Return the sum over all parameters."""
    return sum(jnp.sum(a) for a in x)


def _unit_norm(x):
    """Return the norm over all axes but the last (over a vector: all of it), in the shape of x."""
    axes = tuple(range(x.ndim - 1)) if x.ndim > 1 else None
    return jnp.sqrt(jnp.sum(x * x, axis=axes, keepdims=True)) + jnp.zeros_like(x)


def _eye(x):
    """Return identity matrices as large as x."""
    return jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)


def _orthogonalize(x):
    """Return matrices near the closest ones with orthonormal rows or columns: five Newton-Schulz steps."""
    x = _divide(x, jnp.sqrt(jnp.sum(x * x, axis=(-2, -1), keepdims=True)))
    wide = x.shape[-1] > x.shape[-2]
    for _ in range(5):  # from the smaller side
        gram = x @ x.mT if wide else x.mT @ x
        rest = 2.0315 * (gram @ gram) - 4.7750 * gram
        x = 3.4445 * x + (rest @ x if wide else x @ rest)
    return x


def _inverse_root(x, p):
    """Return x^(-1/p) of symmetric matrices without negative eigenvalues; an eigenvalue of 0 stays 0."""
    values, vectors = jnp.linalg.eigh(0.5 * x + 0.5 * x.mT)
    outside = values <= 0
    roots = jnp.where(outside, 0.0, jnp.where(outside, 1.0, values) ** (-1 / p))
    return (vectors * roots[..., None, :]) @ vectors.mT


def _eigenvectors(x):
    """Return the eigenvectors of symmetric matrices as columns, eigenvalues rising."""
    return jnp.linalg.eigh(0.5 * x + 0.5 * x.mT)[1]


def _check_real(params):
    """Raise if a parameter is complex."""
    if any(jnp.iscomplexobj(x) for x in jax.tree.leaves(params)):
        raise ValueError("a complex parameter; expected real ones: give its real and imaginary part instead")


def _wide(leaves):
    """Return arrays of at least 32 bits, in which everything is computed."""
    return [x.astype(jnp.promote_types(x.dtype, jnp.float32)) for x in leaves]


def _as_matrices(leaves):
    """Return arrays with two axes or more: a vector becomes a stack of 1 x 1 matrices."""
    return [x.reshape(*x.shape, 1, 1) if x.ndim < 2 else x for x in leaves]


def _like(structure, new, old):
    """Return new leaves as a tree, in the shapes and dtypes of the old ones."""
    return structure.unflatten([jnp.asarray(x, y.dtype).reshape(y.shape) for x, y in zip(new, old, strict=True)])


def _check_slots(dtypes, slots):
    """Raise if a dictionary names what is no slot."""
    unknown = [slot for slot in dtypes if slot not in slots] if isinstance(dtypes, dict) else []
    if unknown:
        raise ValueError(f"state_dtype: unknown slots {unknown}; the slots are {slots}")


def _change(structure, update, gradients, params):
    """Return the updates as a tree, in the dtype of gradient and parameter together."""
    params = gradients if params is None else structure.flatten_up_to(params)
    dtypes = [jnp.result_type(g, w) for g, w in zip(gradients, params, strict=True)]
    leaves = zip(update, gradients, dtypes, strict=True)
    return structure.unflatten([jnp.asarray(x, dtype).reshape(g.shape) for x, g, dtype in leaves])


def _masked(value, mask, params, structure):
    """Return for each parameter the value, or 0 where the mask says so."""
    if mask is None:
        return [value] * structure.num_leaves
    mask = mask(params) if callable(mask) else mask
    chosen = jax.tree.map(lambda on, part: jax.tree.map(lambda _: value if on else 0.0, part), mask, params)
    return structure.flatten_up_to(chosen)
