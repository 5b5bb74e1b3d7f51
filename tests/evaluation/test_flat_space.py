"""A flat row says the same as a tuple of leaves, whatever lies behind the part of a segment that a value fills."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from sampling import every

from lionsearch.evaluation.flat_space import RowSpace
from lionsearch.lang import JOIN, OPERATIONS, Kind, Operation, matrix_shape, shape_of
from lionsearch.semantics.leaf_space import LeafSpace, leaf_shapes

SHAPES = ((2, 7), (5, 2), (3, 3), (4,), (), (1, 6), (2, 1, 3, 2))
"""Wide, tall, square, a vector, a number, one row, a stack."""
PLAIN, WIDE = RowSpace(SHAPES), RowSpace(SHAPES, squares=True)
LEAVES = LeafSpace(np, SHAPES, np.float32)
TREE_OPERATIONS = [row for row in OPERATIONS.values() if row.over_tree is not None]
MATRIX_CASES = [
    (row, kinds)
    for row in OPERATIONS.values()
    for kinds in row.signatures or ()
    if row.name != "eigenvectors"  # which have no sign, and a test of their own
]


def draw(kind: Kind, seed: int = 0) -> Any:
    """A value of a kind as `LeafSpace` has it; squares are symmetric and far from singular."""
    rng = np.random.default_rng([seed, kind])
    if kind is Kind.SCALAR:
        return np.float32(rng.uniform(1, 2))
    leaves = [rng.standard_normal(shape_of(kind, shape)).astype(np.float32) for shape in SHAPES]
    if kind in (Kind.LEFT, Kind.RIGHT):
        leaves = [np.matmul(x, np.swapaxes(x, -2, -1)) + np.diag(np.arange(1, 1 + x.shape[-1])) for x in leaves]
    return tuple(leaf.astype(np.float32) for leaf in leaves)


def store(space: RowSpace, kind: Kind, value: Any) -> Any:
    """The row of a value, NaN behind the part of each segment that a value of its kind fills."""
    if kind is Kind.SCALAR:
        return jnp.full(space.size, value)
    row, start = np.full(space.size, np.nan, np.float32), 0
    for shape, leaf, width in zip(SHAPES, value, widths(space), strict=True):
        filled = width if kind is Kind.PER_TENSOR else np.prod(stored_shape(kind, shape), dtype=int)
        row[start : start + filled] = np.broadcast_to(leaf, stored_shape(kind, shape) if leaf.ndim else ()).ravel()
        start += width
    return jnp.asarray(row)


def load(space: RowSpace, kind: Kind, row: Any) -> Any:
    """The leaves of a row, broadcast to what the row holds; of a scalar per tensor the whole segment."""
    row, leaves, start = np.broadcast_to(np.asarray(row), (space.size,)), [], 0
    for shape, width in zip(SHAPES, widths(space), strict=True):
        held = (width,) if kind is Kind.PER_TENSOR else stored_shape(kind, shape)
        leaves.append(row[start : start + np.prod(held, dtype=int)].reshape(held))
        start += width
    return leaves


def stored_shape(kind: Kind, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if kind in (Kind.ROW, Kind.COLUMN) else shape_of(kind, shape)


def widths(space: RowSpace) -> list[int]:
    kinds = (Kind.TENSOR, Kind.LEFT, Kind.RIGHT) if space.squares else (Kind.TENSOR,)
    return [max(int(np.prod(shape_of(kind, shape), dtype=int)) for kind in kinds) for shape in SHAPES]


def check(space: RowSpace, operation: Operation, kinds: tuple[Kind, ...]) -> None:
    """Whether the operation gives the same on rows as on leaves; sums go in another order."""
    values = [draw(kind, seed) for seed, kind in enumerate(kinds)]
    result = operation.result_kind(*kinds)
    assert result is not None
    with np.errstate(all="ignore"):
        expected = operation.apply(LEAVES, *values, kinds=kinds)
    rows = [store(space, kind, value) for kind, value in zip(kinds, values, strict=True)]
    found = operation.apply(space, *rows, kinds=kinds)
    if result is Kind.SCALAR:
        np.testing.assert_allclose(found, np.broadcast_to(expected, np.shape(found)), rtol=1e-5, atol=1e-6)
        return
    for shape, one, two in zip(SHAPES, load(space, result, found), expected, strict=True):
        assert np.shape(two) == shape_of(result, shape)
        np.testing.assert_allclose(one, np.broadcast_to(two, one.shape), rtol=1e-4, atol=1e-5, err_msg=str(shape))


@pytest.mark.parametrize("space", [PLAIN, WIDE], ids=["plain", "squares"])
@pytest.mark.parametrize("operation", every(4, TREE_OPERATIONS), ids=lambda row: row.name)
def test_operations_over_the_tree_read_nothing_behind_a_tensor(space, operation):
    check(space, operation, tuple(kinds[0] for kinds in operation.accepts))


@pytest.mark.parametrize(("operation", "kinds"), every(11, MATRIX_CASES), ids=lambda x: getattr(x, "name", None))
def test_operations_on_matrices_read_nothing_behind_a_matrix(operation, kinds):
    check(WIDE, operation, kinds)


@pytest.mark.parametrize("kind", every(2, [Kind.LEFT, Kind.RIGHT]))
@pytest.mark.thorough
def test_eigenvectors_read_nothing_behind_a_square(kind):
    square = draw(kind)
    row = OPERATIONS["eigenvectors"].apply(WIDE, store(WIDE, kind, square), kinds=(kind,))
    for x, vectors in zip(square, load(WIDE, kind, row), strict=True):
        rotated = np.swapaxes(vectors, -2, -1) @ x @ vectors
        diagonal = np.diagonal(rotated, axis1=-2, axis2=-1)
        np.testing.assert_allclose(diagonal, np.linalg.eigvalsh(x), rtol=1e-4)
        np.testing.assert_allclose(np.linalg.norm(rotated), np.linalg.norm(diagonal), rtol=1e-5)


@pytest.mark.parametrize(
    "kinds", [(x, y) for x in Kind for y in Kind if JOIN[x][y] is not None and {x, y} != {Kind.SCALAR}]
)
def test_elementwise_operations_broadcast_as_kinds_join(kinds):
    check(WIDE, OPERATIONS["subtract"], kinds)
    check(WIDE, OPERATIONS["where"], (*kinds, kinds[0]))


@pytest.mark.parametrize("kind", [kind for kind in Kind if JOIN[Kind.PER_TENSOR][kind] is kind])
def test_a_scalar_per_tensor_fills_what_any_kind_may_read(kind):
    norms = OPERATIONS["norm"].apply(WIDE, store(WIDE, Kind.TENSOR, draw(Kind.TENSOR)))
    scaled = OPERATIONS["multiply"].apply(WIDE, norms, store(WIDE, kind, draw(kind)))
    assert all(np.isfinite(leaf).all() for leaf in load(WIDE, kind, scaled))


@pytest.mark.parametrize("space", [PLAIN, WIDE], ids=["plain", "squares"])
def test_unravel_gives_back_what_was_raveled(space):
    leaves = draw(Kind.TENSOR)
    row = space.ravel(leaves)
    assert row.shape == (space.size,) == (sum(widths(space)),)
    found = space.unravel(row)
    assert leaf_shapes(found) == SHAPES
    for one, two in zip(found, leaves, strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(space.unravel(store(space, Kind.TENSOR, leaves)), leaves, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_row_without_squares_is_the_leaves_one_after_the_other():
    leaves = draw(Kind.TENSOR)
    np.testing.assert_array_equal(PLAIN.ravel(leaves), np.concatenate([np.ravel(leaf) for leaf in leaves]))


def test_a_segment_is_as_long_as_the_largest_square_of_its_tensor():
    sizes = [49, 25, 9, 4, 1, 36, 18]
    assert widths(WIDE) == sizes
    assert WIDE.size == sum(sizes)
    for index, shape in enumerate(SHAPES):
        assert sizes[index] >= max(int(np.prod(matrix_shape(kind, shape), dtype=int)) for kind in Kind)
