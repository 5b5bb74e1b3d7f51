import itertools

import pytest

from lionsearch.lang import JOIN, Kind, matrix_shape, shape_of
from lionsearch.lang.kinds import SLOT_KINDS

LETTERS = "SPTRCLQX"  # in the order of `Kind`; Q is a right square, X a transposed tensor
JOINS = """
    S P T R C L Q X
    P P T R C L Q X
    T T T T T . . .
    R R T R T . . .
    C C T T C . . .
    L L . . . L . .
    Q Q . . . . Q .
    X X . . . . . X
"""


def letter(kind: Kind | None) -> str:
    return "." if kind is None else LETTERS[kind]


def test_joins():
    assert [[letter(JOIN[x][y]) for y in Kind] for x in Kind] == [line.split() for line in JOINS.split("\n")[1:-1]]


def join(x: Kind | None, y: Kind | None) -> Kind | None:
    return None if x is None or y is None else JOIN[x][y]


def test_the_order_in_which_kinds_are_joined_does_not_matter():
    for x, y, z in itertools.product(Kind, repeat=3):
        assert join(x, y) is join(y, x)
        assert join(join(x, y), z) is join(x, join(y, z))


def test_what_a_person_calls_a_kind():
    assert [str(kind) for kind in Kind] == [
        *("a scalar", "a scalar per tensor", "a tensor", "a row", "a column"),
        *("a left square", "a right square", "a transposed tensor"),
    ]


def test_slots_are_of_every_kind_but_transposed():
    assert sorted(SLOT_KINDS.values()) == [kind for kind in Kind if kind is not Kind.TRANSPOSED]
    assert list(SLOT_KINDS) == ["tensor", "per_tensor", "scalar", "row", "column", "left", "right"]


#                    T             R             C             L             Q                X
MATRICES = {
    (5, 3): ((5, 3), (1, 3), (5, 1), (5, 5), (3, 3), (3, 5)),
    (1, 4): ((1, 4), (1, 4), (1, 1), (1, 1), (4, 4), (4, 1)),
    (2, 5, 3): ((2, 5, 3), (2, 1, 3), (2, 5, 1), (2, 5, 5), (2, 3, 3), (2, 3, 5)),
    (3, 3, 2, 4): ((3, 3, 2, 4), (3, 3, 1, 4), (3, 3, 2, 1), (3, 3, 2, 2), (3, 3, 4, 4), (3, 3, 4, 2)),
    (4,): ((4,), (4,), (4,), (4, 1, 1), (4, 1, 1), (4,)),
    (): ((), (), (), (1, 1), (1, 1), ()),
}


@pytest.mark.parametrize("tensor", MATRICES, ids=str)
def test_shapes_of_kinds(tensor):
    assert tuple(shape_of(kind, tensor) for kind in Kind if kind >= Kind.TENSOR) == MATRICES[tensor]
    assert shape_of(Kind.SCALAR, tensor) == shape_of(Kind.PER_TENSOR, tensor) == ()


def test_as_matrices_vectors_and_numbers_are_stacks_of_single_elements():
    for kind in Kind:
        if kind < Kind.TENSOR:
            continue
        assert matrix_shape(kind, (4,)) == (4, 1, 1)
        assert matrix_shape(kind, ()) == (1, 1)
        for shape in ((5, 3), (2, 5, 3)):
            assert matrix_shape(kind, shape) == shape_of(kind, shape)
