import numpy as np
import pytest

from lionsearch.lang import OPERATIONS, Kind, Sign
from lionsearch.semantics.leaf_space import LeafSpace

UNKNOWN, NOT_NEGATIVE, POSITIVE = Sign


@pytest.mark.parametrize(
    ("name", "given", "found"),
    [
        ("exp", [UNKNOWN], NOT_NEGATIVE),
        ("cosh", [UNKNOWN], POSITIVE),
        ("sin", [POSITIVE], UNKNOWN),
        ("sum", [POSITIVE], NOT_NEGATIVE),  # it may underflow
        ("sum", [UNKNOWN], UNKNOWN),
        ("maximum", [UNKNOWN, POSITIVE], POSITIVE),
        ("minimum", [NOT_NEGATIVE, POSITIVE], NOT_NEGATIVE),
        ("minimum", [UNKNOWN, POSITIVE], UNKNOWN),
        ("where", [UNKNOWN, POSITIVE, POSITIVE], POSITIVE),
        ("where", [POSITIVE, UNKNOWN, POSITIVE], UNKNOWN),
    ],
)
def test_signs_follow_from_the_row(name, given, found):
    assert OPERATIONS[name].sign(given) is found


@pytest.mark.parametrize(
    ("name", "kinds", "result"),
    [
        ("add", (Kind.ROW, Kind.COLUMN), Kind.TENSOR),
        ("add", (Kind.LEFT, Kind.TENSOR), None),
        ("norm", (Kind.TENSOR,), Kind.PER_TENSOR),
        ("matmul", (Kind.LEFT, Kind.TENSOR), Kind.TENSOR),
        ("matmul", (Kind.TENSOR, Kind.TENSOR), None),
    ],
)
def test_kinds_of_results(name, kinds, result):
    assert OPERATIONS[name].result_kind(*kinds) is result


def test_an_operation_acts_where_its_row_says():
    space, x = LeafSpace(np, ((2,), (1, 2))), (np.array([3.0, 4.0]), np.array([[6.0, 8.0]]))
    assert [leaf.tolist() for leaf in OPERATIONS["negative"].apply(space, x)] == [[-3.0, -4.0], [[-6.0, -8.0]]]
    assert [float(leaf) for leaf in OPERATIONS["norm"].apply(space, x)] == [5.0, 10.0]
    transposed = OPERATIONS["transpose"].apply(space, x, kinds=(Kind.TENSOR,))
    assert transposed[1].shape == (2, 1)


def test_what_makes_one_number_of_all_tensors():
    assert {name for name, row in OPERATIONS.items() if row.sums_tree} == {
        *("global_norm", "dot", "cosine_sim", "global_sum"),
    }
