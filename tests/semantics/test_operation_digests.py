from dataclasses import replace

import numpy as np
import pytest

from lionsearch.lang import OPERATIONS, Kind
from lionsearch.semantics.operation_digests import digest_operations


def test_every_operation_has_a_digest_of_its_own():
    digests = digest_operations()
    assert list(digests) == list(OPERATIONS)
    assert len(set(digests.values())) == len(digests)
    assert digest_operations() == digests


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_digest_follows_the_meaning(name):
    row = OPERATIONS[name]
    field = next(each for each in ("elementwise", "over_tree", "per_matrix") if getattr(row, each) is not None)
    meaning = getattr(row, field)

    def scale(value):
        return tuple(map(scale, value)) if isinstance(value, tuple) else value * np.float64(1.001)

    changed = replace(row, **{field: lambda *arguments: scale(meaning(*arguments))})
    same = replace(row, **{field: lambda *arguments: meaning(*arguments)})
    digests = [digest_operations([each])[name] for each in (row, changed, same)]
    assert digests[0] == digests[2] != digests[1]


def test_the_digest_follows_what_a_search_draws_by_and_no_words():
    row = OPERATIONS["add"]
    variants = [
        row,
        replace(row, commutative=False),
        replace(row, accepts=((Kind.TENSOR,), (Kind.TENSOR,))),
        replace(row, result=Kind.SCALAR),
        replace(row, name="plus"),
    ]
    assert len({next(iter(digest_operations([each]).values())) for each in variants}) == len(variants)
    assert digest_operations([replace(row, description="a sum", aliases=("plus",))]) == digest_operations([row])
