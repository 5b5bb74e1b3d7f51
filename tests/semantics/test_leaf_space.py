import numpy as np

from lionsearch.lang import OPERATIONS, Kind
from lionsearch.semantics.leaf_space import LeafSpace, leaf_shapes, zero_slot

SHAPES = ((2, 3), (4,), ())
SPACE = LeafSpace(np, SHAPES, np.float32)


def leaves(value: float):
    return tuple(np.full(shape, value, np.float32) for shape in SHAPES)


def test_numbers_and_leaves_broadcast():
    add = OPERATIONS["add"].elementwise
    assert SPACE.map(add, 1.0, 2.0) == 3.0
    assert leaf_shapes(SPACE.map(add, leaves(1), 2.0)) == SHAPES
    assert SPACE.map(OPERATIONS["get_pi"].elementwise).dtype == np.float32


def test_products_are_of_each_leaf_or_of_all():
    x = leaves(2.0)
    assert [float(product) for product in SPACE.tensor_dot(x, x)] == [24.0, 16.0, 4.0]
    assert float(SPACE.tree_dot(x, x)) == 44.0


def test_a_vector_is_a_stack_of_matrices_of_one_element():
    found = SPACE.each_matrix(lambda xp, x: xp.matmul(x, xp.swapaxes(x, -2, -1)), (Kind.TENSOR,), Kind.LEFT, leaves(2))
    assert leaf_shapes(found) == ((2, 2), (4, 1, 1), (1, 1))
    assert [float(leaf.flat[0]) for leaf in found] == [12.0, 4.0, 4.0]


def test_slots_start_at_zero_in_the_shape_of_their_kind():
    shapes = {kind: leaf_shapes(zero_slot(kind, SHAPES, np, np.float32)) for kind in (Kind.ROW, Kind.LEFT)}
    assert shapes == {Kind.ROW: ((1, 3), (4,), ()), Kind.LEFT: ((2, 2), (4, 1, 1), (1, 1))}
    assert zero_slot(Kind.SCALAR, SHAPES, np, np.float64) == 0.0
