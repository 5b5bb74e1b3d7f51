"""Every row of the table against Python's `math`, in NumPy and in jax.numpy.

Expectations are Python floats: IEEE arithmetic rounded to float32 after each step where a row is made of such steps,
and `math` where it is a function. What may differ:

- A sum, product, quotient or root is correctly rounded everywhere: no tolerance (`EXACT`). But XLA divides by what it
  broadcasts as it multiplies by the reciprocal: `RELATIVE`.
- A function of `math` is good to a few units in the last place of float32: `RELATIVE`.
- XLA flushes denormal numbers to zero, arguments and results: with jax.numpy a value within `TINY` of the expectation
  is right, and so is the expectation for arguments whose denormals (the grid has 1e-38) are zero.
- XLA's cbrt and power of a denormal number are arbitrary (cbrt(1e-38) = -6e-16), and so is its arctan2 of two: not
  compared.
- Sums over a tree may go in any order: 1e-5 of the sum.
"""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from expectations import (
    ELEMENTWISE,
    EXACT,
    GRID,
    MATRIX_ROWS,
    OVER_TREE,
    RELATIVE,
    SHAPES,
    TINY,
    check,
    clip,
    flat,
    single,
)
from sampling import every
from strategies import STACKED_SHAPES

from lionsearch.evaluation.flat_space import RowSpace
from lionsearch.lang import OPERATIONS, Kind, shape_of
from lionsearch.semantics.leaf_space import LeafSpace

ALL = pytest.mark.parametrize("name", OPERATIONS)
BOTH = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


@pytest.fixture(autouse=True)
def _ignore_numpy_warnings():
    with np.errstate(all="ignore"):
        yield


@BOTH
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_rows_agree_with_math_on_ordinary_and_extreme_values(name, xp):
    arity = OPERATIONS[name].arity
    cases = list(itertools.product(GRID, repeat=arity))
    columns = [(xp.asarray(np.float32(column)),) for column in zip(*cases, strict=True)]
    result = OPERATIONS[name].apply(LeafSpace(xp, ((len(cases),),)), *columns)
    check(name, xp, result[0] if arity else result, cases)


TREES = (
    (0.3, -0.7, 1.5, 0.0, -0.0, 1e-38, 2.0, -3.0, 1e38, math.nan),
    (1.1, 0.2, -2.0, 0.0, 3.0, 1.0, math.inf, 0.5, -1e38, 1.0),
    (0.9, 0.5, 0.1, -1.0, 2.0, 0.0, 0.25, 1.0, 0.999, 0.4),
)
PER_TENSOR = ((0.4, -1e38), (-0.6, 1.7), (0.0, 0.9))
SCALARS = (-0.8, 0.6, 0.95)
ROWS_AND_COLUMNS = {Kind.TENSOR, Kind.ROW, Kind.COLUMN}


def expected_kind(name: str, kinds: tuple[Kind, ...]) -> Kind | None:
    """The kind of the result, for arguments that the row takes one by one; None where they do not fit together."""
    row = OPERATIONS[name]
    if row.result is not None:
        return row.result
    if row.signatures is not None:
        return row.signatures.get(kinds)
    shaped = set(kinds) - {Kind.SCALAR, Kind.PER_TENSOR}
    if len(shaped) > 1:
        return Kind.TENSOR if shaped <= ROWS_AND_COLUMNS else None
    return shaped.pop() if shaped else max(kinds, default=Kind.SCALAR)


def kind_cases(name: str) -> list[tuple[Kind, ...]]:
    """Every combination that the row takes, wrong ones included only where no argument alone is wrong."""
    return list(itertools.product(*OPERATIONS[name].accepts))


def split(row):
    return [list(row[:6]), list(row[6:])]


def plain(position: int, kind: Kind, leaf: int) -> np.ndarray:
    """The values of an argument that belong to a leaf, in float32; those of other kinds are some of the tensor's."""
    if kind is Kind.SCALAR:
        return np.float32(SCALARS[position])
    if kind is Kind.PER_TENSOR:
        return np.float32(PER_TENSOR[position][leaf])
    return np.resize(np.float32(split(TREES[position])[leaf]), shape_of(kind, SHAPES[leaf]))


def stored(xp, position: int, kind: Kind):
    if kind is Kind.SCALAR:
        return xp.float32(SCALARS[position])
    return tuple(xp.asarray(plain(position, kind, leaf)) for leaf in range(len(SHAPES)))


def assert_stored_as(kind: Kind, value, shapes) -> None:
    assert isinstance(value, tuple) == (kind is not Kind.SCALAR)
    if kind is Kind.SCALAR:
        assert np.shape(value) == ()
    else:
        assert tuple(np.shape(leaf) for leaf in value) == tuple(shape_of(kind, shape) for shape in shapes)


def fitting_kinds(name: str) -> list[tuple[Kind, ...]]:
    return [kinds for kinds in kind_cases(name) if expected_kind(name, kinds) is not None]


@ALL
def test_kinds_of_results(name):
    row = OPERATIONS[name]
    for kinds in kind_cases(name):
        assert row.result_kind(*kinds) is expected_kind(name, kinds)
    if name in ELEMENTWISE:
        assert len(fitting_kinds(name)) == {0: 1, 1: 8, 2: 40, 3: 182}[row.arity]
    assert set(fitting_kinds(name)) >= set(row.signatures or ())
    assert [tuple(kind in kinds for kind in Kind) for kinds in row.accepts] == [*row.takes]


@pytest.mark.parametrize(
    ("name", "xp"), [*((name, np) for name in ELEMENTWISE), *every(15, [(name, jnp) for name in ELEMENTWISE])]
)
def test_elementwise_rows_broadcast_every_combination_of_kinds(name, xp):
    row, cases_of_kinds = OPERATIONS[name], fitting_kinds(name)
    if xp is jnp:  # it compiles for every combination of shapes: some of those with rows and squares
        few = [kinds for kinds in cases_of_kinds if max(kinds, default=Kind.SCALAR) <= Kind.TENSOR]
        cases_of_kinds = [*few, *cases_of_kinds[5 :: 5 ** max(row.arity - 1, 1)]]
    for kinds in cases_of_kinds:
        arguments = [stored(xp, position, kind) for position, kind in enumerate(kinds)]
        result = row.apply(LeafSpace(xp, SHAPES), *arguments, kinds=kinds)
        assert_stored_as(expected_kind(name, kinds), result, SHAPES)
        by_row = name == "divide" and kinds[1] in ROWS_AND_COLUMNS - {Kind.TENSOR}
        for leaf, value in enumerate(result if isinstance(result, tuple) else (result,)):
            columns = [np.broadcast_to(plain(i, kind, leaf), np.shape(value)).ravel() for i, kind in enumerate(kinds)]
            cases = list(zip(*(column.tolist() for column in columns), strict=True)) or [()]
            check(name, xp, value, cases, exact=name in EXACT and not (by_row and xp is jnp))


# Every signature, in both ways to store values


def random_value(rng: np.random.Generator, kind: Kind):
    """A value of a kind that belongs to tensors of `STACKED_SHAPES`; squares are symmetric."""
    if kind is Kind.SCALAR:
        return np.float32(rng.uniform(0.5, 2.0))
    leaves = [np.float32(rng.uniform(0.1, 0.9, shape_of(kind, shape))) for shape in STACKED_SHAPES]
    if kind in (Kind.LEFT, Kind.RIGHT):
        leaves = [leaf + np.swapaxes(leaf, -2, -1) for leaf in leaves]
    return tuple(leaves)


@BOTH
@ALL
def test_results_have_the_shape_of_their_kind(name, xp):
    rng, row = np.random.default_rng(0), OPERATIONS[name]
    for kinds in fitting_kinds(name):
        values = [random_value(rng, kind) for kind in kinds]
        apply = functools.partial(row.apply, LeafSpace(xp, STACKED_SHAPES), kinds=kinds)
        result = apply(*values) if xp is np or not values else jax.eval_shape(apply, *values)
        assert_stored_as(expected_kind(name, kinds), result, STACKED_SHAPES)


def as_row(value, kind: Kind, squares: bool) -> np.ndarray:
    """A value as `RowSpace` stores it, by hand; NaN in what it does not fill."""
    if kind is Kind.SCALAR:
        return np.full(sum(segments(squares)), value, np.float32)
    row = []
    for leaf, shape, segment in zip(value, STACKED_SHAPES, segments(squares), strict=True):
        shown = np.broadcast_to(leaf, shape) if kind in (Kind.ROW, Kind.COLUMN) else np.asarray(leaf)
        shown = np.full(segment, leaf) if kind is Kind.PER_TENSOR else shown.ravel()
        row += [*shown, *[math.nan] * (segment - shown.size)]
    return np.float32(row)


def segments(squares: bool) -> list[int]:
    """How many elements each leaf takes, where there is room for its squares and where there is not."""
    kinds = (Kind.TENSOR, Kind.LEFT, Kind.RIGHT) if squares else (Kind.TENSOR,)
    return [max(math.prod(shape_of(kind, shape)) for kind in kinds) for shape in STACKED_SHAPES]


@pytest.mark.parametrize(
    ("name", "squares"),
    [
        *every(3, [(name, squares) for squares in (True, False) for name in OVER_TREE]),
        *every(6, [(name, True) for name in ELEMENTWISE]),
        *every(7, [(name, squares) for name in MATRIX_ROWS for squares in (False, True)]),
    ],
)
def test_rows_give_what_leaves_give(name, squares):
    """Every signature; what a value does not fill in its row is NaN, and is not read."""
    row, rng = OPERATIONS[name], np.random.default_rng(1)
    xp = jnp if row.per_matrix is not None else np  # signs of eigenvectors are the library's
    for kinds in fitting_kinds(name):
        kind = expected_kind(name, kinds)
        if not squares and {Kind.LEFT, Kind.RIGHT} & {kind, *kinds}:
            continue
        values = [random_value(rng, kind) for kind in kinds]
        by_leaves = row.apply(LeafSpace(xp, STACKED_SHAPES), *values, kinds=kinds)
        rows = [jnp.asarray(as_row(value, kind, squares)) for value, kind in zip(values, kinds, strict=True)]
        by_rows = row.apply(RowSpace(STACKED_SHAPES, squares), *rows, kinds=kinds)
        filled = ~np.isnan(as_row(random_value(rng, kind), kind, squares))
        actual = np.broadcast_to(np.asarray(by_rows, np.float32), filled.shape)[filled]
        np.testing.assert_allclose(actual, as_row(by_leaves, kind, squares)[filled], 1e-5, 1e-5, err_msg=str(kinds))


@BOTH
def test_each_tensor_sees_every_leaf_in_its_own_shape(xp):
    def function(library, x):
        assert library is xp
        seen.append(x.shape)
        return x[0] if x.shape == (5,) else x * 2

    rng, seen = np.random.default_rng(2), []
    value = random_value(rng, Kind.TENSOR)
    expected = [leaf[0] if leaf.shape == (5,) else leaf * 2 for leaf in value]
    result = LeafSpace(xp, STACKED_SHAPES).each_tensor(function, tuple(map(xp.asarray, value)))
    assert tuple(seen) == STACKED_SHAPES
    assert all(np.array_equal(*pair) for pair in zip(result, expected, strict=True))
    if xp is jnp:
        for squares in (False, True):
            row = RowSpace(STACKED_SHAPES, squares).each_tensor(function, as_row(value, Kind.TENSOR, squares))
            parts = np.split(np.asarray(row), np.cumsum(segments(squares))[:-1])
            for leaf, part in zip(expected, parts, strict=True):
                filled = part if leaf.ndim == 0 else part[: leaf.size]  # a number fills the whole segment
                assert np.array_equal(filled, np.resize(leaf, filled.size))


@BOTH
def test_each_matrix_sees_stacks_of_matrices_and_numbers(xp):
    def function(library, *arrays):
        assert library is xp
        seen.append(tuple(array.shape for array in arrays))
        return arrays[0] * arrays[-1]

    kinds = (Kind.RIGHT, Kind.TENSOR, Kind.LEFT, Kind.TRANSPOSED, Kind.SCALAR)
    rng, seen = np.random.default_rng(3), []
    values = [random_value(rng, kind) for kind in kinds]
    arrays = [tuple(map(xp.asarray, value)) if isinstance(value, tuple) else value for value in values]
    result = LeafSpace(xp, STACKED_SHAPES).each_matrix(function, kinds, Kind.RIGHT, *arrays)
    expected = [
        ((3, 3), (2, 3), (2, 2), (3, 2), ()),
        ((2, 2), (4, 2), (4, 4), (2, 4), ()),
        ((5, 1, 1), (5, 1, 1), (5, 1, 1), (5, 1, 1), ()),
        ((1, 1), (1, 1), (1, 1), (1, 1), ()),
        ((2, 1, 2, 2), (2, 1, 3, 2), (2, 1, 3, 3), (2, 1, 2, 3), ()),
    ]
    assert seen == expected
    scaled = tuple(leaf * values[-1] for leaf in values[0])
    assert all(np.array_equal(*pair) for pair in zip(result, scaled, strict=True))
    if xp is jnp:
        seen.clear()
        rows = [jnp.asarray(as_row(value, kind, True)) for value, kind in zip(values, kinds, strict=True)]
        row = np.asarray(RowSpace(STACKED_SHAPES, True).each_matrix(function, kinds, Kind.RIGHT, *rows))
        assert seen == expected
        wanted = as_row(scaled, Kind.RIGHT, True)
        assert np.array_equal(row[~np.isnan(wanted)], wanted[~np.isnan(wanted)])


TREE_CASES = {
    "ordinary": (TREES[2], (1.1, 0.2, -2.0, 0.0, 3.0, 1.0, 4.0, 0.5, -1.0, 1.0)),
    "parallel": (TREES[2], tuple(-2 * x for x in TREES[2])),
    "zero": ((0.0,) * 10, TREES[2]),
    "both zero": ((0.0,) * 10, (-0.0,) * 10),
    "tiny": ((1e-38,) * 10, TREES[2]),
    "large": ((1e18,) * 10, (-1e18,) * 10),
    "overflow": ((1e38,) * 10, (1e38,) * 10),
    "infinite": ((math.inf, *TREES[2][1:]), TREES[2]),
    "not a number": ((math.nan, *TREES[2][1:]), TREES[2]),
}
LIMITS = (1.0, 100.0, 0.0, 1e38, math.inf)


@BOTH
@pytest.mark.parametrize("case", TREE_CASES)
@pytest.mark.parametrize("name", OVER_TREE)
def test_rows_over_the_tree_agree_with_sums_of_python(name, case, xp):
    x, y = ([[single(v) for v in leaf] for leaf in split(row)] for row in TREE_CASES[case])
    trees = [
        tuple(xp.asarray(np.float32(leaf).reshape(shape)) for leaf, shape in zip(tree, SHAPES, strict=True))
        for tree in (x, y)
    ]
    operation = OPERATIONS[name]
    for limit in LIMITS if name == "clip" else (None,):
        if limit is not None:
            arguments, expected = (trees[0], xp.float32(limit)), clip(x, single(limit))
        else:
            arguments, expected = tuple(trees[: operation.arity]), OVER_TREE[name](*(x, y)[: operation.arity])
        result = operation.apply(LeafSpace(xp, SHAPES), *arguments)
        actual = flat([np.ravel(leaf).tolist() for leaf in result]) if isinstance(result, tuple) else [float(result)]
        wanted = flat(expected) if operation.result is Kind.TENSOR else np.ravel(expected)
        np.testing.assert_allclose(actual, np.float32(wanted), rtol=1e-5, atol=10 * TINY if xp is jnp else 0)


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("divide", (3.0, 0.0), 0.0),
        ("divide", (0.0, 0.0), 0.0),
        ("divide", (math.inf, -0.0), 0.0),
        ("divide", (math.nan, 0.0), 0.0),
        ("reciprocal", (0.0,), 0.0),
        ("reciprocal", (-0.0,), 0.0),
        ("sqrt", (-4.0,), 2.0),
        ("log", (-1.0,), 0.0),
        ("log2", (-8.0,), 3.0),
        ("log10", (-100.0,), 2.0),
        ("log1p", (-2.0,), 0.0),
        ("cbrt", (-8.0,), -2.0),
        ("invert", (2.0,), -3.0),
    ],
)
def test_arithmetic_is_total(name, arguments, expected, xp):
    value = OPERATIONS[name].apply(LeafSpace(xp, SHAPES), *(xp.float32(argument) for argument in arguments))
    assert float(value) == pytest.approx(expected, abs=1e-6)


@BOTH
@pytest.mark.parametrize("x", [1e-6, -1e-6, 3e-8, -3e-8])
def test_log1p_is_accurate_near_zero(x, xp):
    """Where 1 + x, rounded, is 1 or several percent off."""
    value = OPERATIONS["log1p"].apply(LeafSpace(xp, SHAPES), xp.float32(x))
    assert value.dtype == np.float32
    assert float(value) == pytest.approx(math.log1p(float(np.float32(x))), rel=RELATIVE)


def test_clip_leaves_a_short_tree_alone_and_scales_a_long_one_to_the_limit():
    tree = (np.float32([3.0, 0.0]), np.float32([[4.0]]))
    space = LeafSpace(np, ((2,), (1, 1)))
    for limit, norm in ((10.0, 5.0), (5.0, 5.0), (1.0, 1.0)):
        clipped = OPERATIONS["clip"].apply(space, tree, np.float32(limit))
        assert float(OPERATIONS["global_norm"].apply(space, clipped)) == pytest.approx(norm)


# Algebraic facts. In NumPy float64 on values where both sides are numbers, and on zeros and infinities.

SAMPLES = np.concatenate([np.random.default_rng(0).normal(size=40) * 1.5, [0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, 25.0]])
SAMPLE_SHAPES = ((20,), (3, 9))


def sampled(position: int, kind: Kind):
    values = np.random.default_rng(position).permutation(SAMPLES)
    leaves = (values[:20], values[20:].reshape(3, 9))
    return tuple(np.resize(leaf, shape_of(kind, shape)) for leaf, shape in zip(leaves, SAMPLE_SHAPES, strict=True))


def same(x, y) -> bool:
    pairs = zip(x, y, strict=True) if isinstance(x, tuple) else [(x, y)]
    return all(np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True) for a, b in pairs)


def minus(value):
    return tuple(-leaf for leaf in value) if isinstance(value, tuple) else -value


BY_CHANCE = {("orthonormal", "even")}
"""Facts that hold by the signs that LAPACK chooses, not by what the row says."""

BINARY = [name for name, row in OPERATIONS.items() if row.arity == 2]
UNARY = [name for name, row in OPERATIONS.items() if row.arity == 1]


def holds(fact: str, name: str) -> bool:
    """Whether it holds for tensors, or for squares where the row takes those alone."""
    row = OPERATIONS[name]
    kind = Kind.TENSOR if expected_kind(name, (Kind.TENSOR,) * row.arity) is not None else Kind.LEFT
    trees = [sampled(position, kind) for position in range(4)]
    # with infinities in the tree every sum is infinite: facts of rows over the tree need finite trees
    trees += [tuple(np.where(np.isfinite(leaf), leaf, 2.0) for leaf in tree) for tree in trees]
    if kind is Kind.LEFT:
        trees = [tuple(leaf + np.swapaxes(leaf, -2, -1) for leaf in tree) for tree in trees[4:]]

    def apply(*arguments):
        return row.apply(LeafSpace(np, SAMPLE_SHAPES), *arguments, kinds=(kind,) * row.arity)

    for x, y in itertools.pairwise(trees):
        if fact == "commutative" and not same(apply(x, y), apply(y, x)):
            return False
        if fact == "odd" and not same(apply(minus(x)), minus(apply(x))):
            return False
        if fact == "even" and not same(apply(minus(x)), apply(x)):
            return False
    return True


@pytest.mark.parametrize("name", BINARY)
def test_commutative_is_claimed_where_it_holds_and_nowhere_else(name):
    row = OPERATIONS[name]
    may_swap = all(expected_kind(name, (b, a)) is expected_kind(name, (a, b)) for a, b in fitting_kinds(name))
    assert row.commutative == (may_swap and set(row.accepts[0]) == set(row.accepts[1]) and holds("commutative", name))


@pytest.mark.parametrize("fact", ["odd", "even"])
@pytest.mark.parametrize("name", UNARY)
def test_odd_and_even_are_claimed_where_they_hold_and_nowhere_else(name, fact):
    assert getattr(OPERATIONS[name], fact) == (holds(fact, name) and (name, fact) not in BY_CHANCE)


@ALL
def test_facts_are_claimed_only_of_rows_with_the_right_number_of_arguments(name):
    row = OPERATIONS[name]
    assert row.arity == 2 or not row.commutative
    assert row.arity == 1 or not (row.odd or row.even)
