"""Every row of the table against Python's `math`, in NumPy and in jax.numpy.

Expectations are Python floats: IEEE arithmetic rounded to float32 after each step where a row is made of such steps,
and `math` where it is a function. What may differ:

- A sum, product, quotient or root is correctly rounded everywhere: no tolerance (`EXACT`).
- A function of `math` is good to a few units in the last place of float32: `RELATIVE`.
- XLA flushes denormal numbers to zero, arguments and results: with jax.numpy a value within `TINY` of the expectation
  is right, and so is the expectation for arguments whose denormals (the grid has 1e-38) are zero.
- XLA's cbrt and power of a denormal number are arbitrary (cbrt(1e-38) = -6e-16): not compared.
- Sums over a tree may go in any order: 1e-5 of the sum.
"""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.evaluate.spaces import LeafSpace
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS, Kind

PAPER_NAMES = """
    get_pi get_e get_eps abs cos sin tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 exp10
    expm1 log log10 log2 log1p square sqrt cube cbrt sign reciprocal norm invert negative global_norm interp dot
    cosine_sim clip power add subtract multiply divide maximum minimum
""".split()  # noqa: SIM905 - a list of 45 lines reads worse

TINY = float(np.finfo(np.float32).tiny)
RELATIVE = 2e-6
EXTREMES = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e38, -1e38, 1e-38, -1e-38)
ORDINARY = (1.0, -1.0, 0.5, -0.3, 2.0, -3.0, 10.0, 0.9, 0.001, 30.0, -20.0)
GRID = tuple(float(np.float32(x)) for x in EXTREMES + ORDINARY)


def single(x: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def guarded(function, at_pole=math.nan, at_overflow=math.inf):
    """A function of `math` that returns where Python raises."""

    def call(*arguments):
        if any(map(math.isnan, arguments)):
            return math.nan
        try:
            return function(*arguments)
        except OverflowError:
            return at_overflow
        except ValueError:
            return at_pole

    return call


def logarithm(function):
    return lambda x: -math.inf if x == 0 else math.nan if math.isnan(x) else function(abs(x))


def odd_overflow(function):
    return lambda x: math.copysign(1.0, x) * guarded(function)(abs(x))


def divide(x: float, y: float) -> float:
    if y == 0:
        return 0.0
    if math.isinf(x) and math.isinf(y):
        return math.nan
    return single(x / y)


def power(x: float, y: float) -> float:
    if y == 0 or x == 1:
        return 1.0
    if math.isnan(x) or math.isnan(y):
        return math.nan
    if x == 0 and y < 0:
        is_odd = math.isfinite(y) and y == int(y) and int(y) % 2
        return math.copysign(math.inf, x) if is_odd else math.inf
    is_odd = math.isfinite(y) and y == int(y) and int(y) % 2 and x < 0
    return guarded(math.pow, at_overflow=-math.inf if is_odd else math.inf)(x, y)


def sign(x: float) -> float:
    return math.nan if math.isnan(x) else float((x > 0) - (x < 0))


def extreme_of(choose):
    return lambda x, y: math.nan if math.isnan(x) or math.isnan(y) else choose(x, y)


def interpolate(x: float, y: float, a: float) -> float:
    return single(single(single(1.0 - a) * x) + single(a * y))


def root(x: float) -> float:
    return single(math.sqrt(abs(x)))


ELEMENTWISE = {
    "get_pi": lambda: 3.141592653589793,
    "get_e": lambda: 2.718281828459045,
    "get_eps": lambda: 0.00000001,
    "abs": lambda x: math.copysign(x, 1.0),
    "cos": guarded(math.cos),
    "sin": guarded(math.sin),
    "tan": guarded(math.tan),
    "arcsin": guarded(math.asin),
    "arccos": guarded(math.acos),
    "arctan": guarded(math.atan),
    "sinh": odd_overflow(math.sinh),
    "cosh": guarded(math.cosh),
    "tanh": guarded(math.tanh),
    "arcsinh": guarded(math.asinh),
    "arccosh": guarded(math.acosh),
    "arctanh": lambda x: math.copysign(math.inf, x) if abs(x) == 1 else guarded(math.atanh)(x),
    "exp": guarded(math.exp),
    "exp2": guarded(lambda x: math.pow(2.0, x)),
    "exp10": guarded(lambda x: math.pow(10.0, x)),
    "expm1": guarded(math.expm1),
    "log": logarithm(math.log),
    "log10": logarithm(math.log10),
    "log2": logarithm(math.log2),
    "log1p": lambda x: math.log1p(x) if x > -1 else logarithm(math.log)(1.0 + x),
    "square": lambda x: x * x,
    "sqrt": root,
    "cube": lambda x: single(x * x) * x,
    "cbrt": guarded(math.cbrt),
    "sign": sign,
    "reciprocal": lambda x: divide(1.0, x),
    "invert": lambda x: -x - 1.0,
    "negative": lambda x: -1.0 * x,
    "interp": interpolate,
    "power": power,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": divide,
    "maximum": extreme_of(max),
    "minimum": extreme_of(min),
    "copy": lambda x: x,
}

EXACT = {
    *("get_pi", "get_e", "get_eps", "abs", "square", "sqrt", "cube", "sign", "reciprocal", "invert", "negative"),
    *("interp", "add", "subtract", "multiply", "divide", "maximum", "minimum", "copy"),
}


def inner(x: list[float], y: list[float]) -> float:
    total = 0.0
    for a, b in zip(x, y, strict=True):
        total = single(total + single(a * b))
    return total


def flat(tree: list[list[float]]) -> list[float]:
    return [element for leaf in tree for element in leaf]


def tree_norm(tree: list[list[float]]) -> float:
    return root(inner(flat(tree), flat(tree)))


def clip(tree: list[list[float]], limit: float) -> list[list[float]]:
    norm = tree_norm(tree)
    factor = 1.0 if norm <= limit else divide(limit, norm)
    return [[single(factor * element) for element in leaf] for leaf in tree]


OVER_TREE = {
    "norm": lambda tree: [root(inner(leaf, leaf)) for leaf in tree],
    "global_norm": tree_norm,
    "dot": lambda x, y: inner(flat(x), flat(y)),
    "cosine_sim": lambda x, y: divide(inner(flat(x), flat(y)), single(tree_norm(x) * tree_norm(y))),
    "clip": clip,
}


def check(name: str, xp, actual, arguments: list[tuple[float, ...]]) -> None:
    """Compare an array with the expectation for each tuple of arguments."""
    actual = np.asarray(actual)
    assert actual.dtype == np.float32 or not arguments[0]
    for value, given in zip(map(single, actual.ravel().tolist()), arguments, strict=True):
        assert any(agrees(name, xp, value, case) for case in interpretations(xp, given)), (
            f"{name}{given} is {value}; expected {single(ELEMENTWISE[name](*given))}"
        )


def interpretations(xp, arguments: tuple[float, ...]):
    yield arguments
    if xp is jnp:
        yield tuple(math.copysign(0.0, x) if abs(x) < TINY else x for x in arguments)


def agrees(name: str, xp, value: float, arguments: tuple[float, ...]) -> bool:
    expected = single(ELEMENTWISE[name](*arguments))
    if xp is jnp and name in ("cbrt", "power") and 0 < abs(arguments[0]) < TINY:
        return True
    if math.isnan(expected) or math.isinf(expected):
        return value == expected or (math.isnan(value) and math.isnan(expected))
    if name in EXACT:
        return abs(value - expected) <= (TINY if xp is jnp else 0.0)
    return math.isclose(value, expected, rel_tol=RELATIVE, abs_tol=TINY)


ALL = pytest.mark.parametrize("name", OPERATIONS)
BOTH = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])


@pytest.fixture(autouse=True)
def _ignore_numpy_warnings():
    with np.errstate(all="ignore"):
        yield


def test_paper_group_is_the_45_functions_of_the_paper():
    assert len(PAPER_NAMES) == 45
    assert sorted(PAPER_OPERATIONS) == sorted(PAPER_NAMES)
    assert {row.group for row in OPERATIONS.values()} <= {"paper", "extended"}


def test_every_row_has_one_expectation():
    assert sorted([*ELEMENTWISE, *OVER_TREE]) == sorted(OPERATIONS)
    for name, row in OPERATIONS.items():
        assert (row.elementwise is None) == (name in OVER_TREE)
        assert (row.over_tree is None) == (name in ELEMENTWISE)


def test_names_aliases_and_symbols_are_unique():
    names = [*OPERATIONS, *(alias for row in OPERATIONS.values() for alias in row.aliases)]
    assert len(names) == len(set(names))
    assert [row.symbol for row in OPERATIONS.values() if row.symbol] == ["**", "+", "-", "*", "/"]
    assert all(name == row.name and name.isidentifier() and row.description for name, row in OPERATIONS.items())


@BOTH
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_rows_agree_with_math_on_ordinary_and_extreme_values(name, xp):
    arity = OPERATIONS[name].arity
    cases = list(itertools.product(GRID, repeat=arity))
    columns = [(xp.asarray(np.float32(column)),) for column in zip(*cases, strict=True)]
    result = OPERATIONS[name].apply(LeafSpace(xp), *columns)
    check(name, xp, result[0] if arity else result, cases)


SHAPES = ((3, 2), (4,))
TREES = (
    (0.3, -0.7, 1.5, 0.0, -0.0, 1e-38, 2.0, -3.0, 1e38, math.nan),
    (1.1, 0.2, -2.0, 0.0, 3.0, 1.0, math.inf, 0.5, -1e38, 1.0),
    (0.9, 0.5, 0.1, -1.0, 2.0, 0.0, 0.25, 1.0, 0.999, 0.4),
)
PER_TENSOR = ((0.4, -1e38), (-0.6, 1.7), (0.0, 0.9))
SCALARS = (-0.8, 0.6, 0.95)
KIND_CASES = [
    (name, kinds)
    for name, row in OPERATIONS.items()
    for kinds in itertools.product(Kind, repeat=row.arity)
    if all(low <= kind <= high for (low, high), kind in zip(row.accepts, kinds, strict=True))
]


def split(row):
    return [list(row[:6]), list(row[6:])]


def stored(xp, position: int, kind: Kind):
    if kind is Kind.SCALAR:
        return xp.float32(SCALARS[position])
    if kind is Kind.PER_TENSOR:
        return tuple(xp.float32(x) for x in PER_TENSOR[position])
    leaves = split(TREES[position])
    return tuple(xp.asarray(np.float32(leaf).reshape(shape)) for leaf, shape in zip(leaves, SHAPES, strict=True))


def plain(position: int, kind: Kind, leaf: int, size: int) -> list[float]:
    values = {
        Kind.SCALAR: [SCALARS[position]] * size,
        Kind.PER_TENSOR: [PER_TENSOR[position][leaf]] * size,
        Kind.TENSOR: split(TREES[position])[leaf],
    }
    return [single(x) for x in values[kind]]


def assert_stored_as(kind: Kind, value) -> None:
    if kind is Kind.SCALAR:
        assert not isinstance(value, tuple)
        assert np.shape(value) == ()
    else:
        assert tuple(np.shape(leaf) for leaf in value) == (((), ()) if kind is Kind.PER_TENSOR else SHAPES)


@BOTH
@pytest.mark.parametrize(
    ("name", "kinds"), KIND_CASES, ids=[f"{n}-{'-'.join(k.name for k in ks)}" for n, ks in KIND_CASES]
)
def test_every_combination_of_kinds(name, kinds, xp):
    row = OPERATIONS[name]
    result = row.apply(LeafSpace(xp), *(stored(xp, position, kind) for position, kind in enumerate(kinds)))
    kind = row.result_kind(*kinds)
    assert kind is (row.result if row.result is not None else max(kinds))
    assert_stored_as(kind, result)
    if name in OVER_TREE:
        return
    for leaf, value in enumerate(result if isinstance(result, tuple) else (result,)):
        columns = [plain(position, kind, leaf, np.size(value)) for position, kind in enumerate(kinds)]
        check(name, xp, value, list(zip(*columns, strict=True)) or [()])


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
        result = operation.apply(LeafSpace(xp), *arguments)
        actual = flat([np.ravel(leaf).tolist() for leaf in result]) if isinstance(result, tuple) else [float(result)]
        wanted = flat(expected) if name == "clip" else expected if isinstance(expected, list) else [expected]
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
    value = OPERATIONS[name].apply(LeafSpace(xp), *(xp.float32(argument) for argument in arguments))
    assert float(value) == pytest.approx(expected, abs=1e-6)


@BOTH
@pytest.mark.parametrize("x", [1e-6, -1e-6, 3e-8, -3e-8])
def test_log1p_is_accurate_near_zero(x, xp):
    """Where 1 + x, rounded, is 1 or several percent off."""
    value = OPERATIONS["log1p"].apply(LeafSpace(xp), xp.float32(x))
    assert value.dtype == np.float32
    assert float(value) == pytest.approx(math.log1p(float(np.float32(x))), rel=RELATIVE)


def test_clip_leaves_a_short_tree_alone_and_scales_a_long_one_to_the_limit():
    tree = (np.float32([3.0, 0.0]), np.float32([[4.0]]))
    space = LeafSpace(np)
    for limit, norm in ((10.0, 5.0), (5.0, 5.0), (1.0, 1.0)):
        clipped = OPERATIONS["clip"].apply(space, tree, np.float32(limit))
        assert float(OPERATIONS["global_norm"].apply(space, clipped)) == pytest.approx(norm)


# Algebraic facts. In NumPy float64 on values where both sides are numbers, and on zeros and infinities.

SAMPLES = np.concatenate([np.random.default_rng(0).normal(size=40) * 1.5, [0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, 25.0]])


def sampled(position: int):
    values = np.random.default_rng(position).permutation(SAMPLES)
    return (values[:20], values[20:].reshape(3, 9))


def same(x, y) -> bool:
    pairs = zip(x, y, strict=True) if isinstance(x, tuple) else [(x, y)]
    return all(np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True) for a, b in pairs)


def minus(value):
    return tuple(-leaf for leaf in value) if isinstance(value, tuple) else -value


def apply(name, *arguments):
    return OPERATIONS[name].apply(LeafSpace(np), *arguments)


BINARY = [name for name, row in OPERATIONS.items() if row.arity == 2]
UNARY = [name for name, row in OPERATIONS.items() if row.arity == 1]


def holds(fact: str, name: str) -> bool:
    trees = [sampled(position) for position in range(4)]
    # with infinities in the tree every sum is infinite: facts of rows over the tree need finite trees
    trees += [tuple(np.where(np.isfinite(leaf), leaf, 2.0) for leaf in tree) for tree in trees]
    for x, y in itertools.pairwise(trees):
        if fact == "commutative" and not same(apply(name, x, y), apply(name, y, x)):
            return False
        if fact == "odd" and not same(apply(name, minus(x)), minus(apply(name, x))):
            return False
        if fact == "even" and not same(apply(name, minus(x)), apply(name, x)):
            return False
        if fact == "idempotent" and not same(apply(name, apply(name, x)), apply(name, x)):
            return False
    return True


@pytest.mark.parametrize("name", BINARY)
def test_commutative_is_claimed_where_it_holds_and_nowhere_else(name):
    row = OPERATIONS[name]
    may_swap = row.accepts[0] == row.accepts[1]
    assert row.commutative == (may_swap and holds("commutative", name))


@pytest.mark.parametrize("fact", ["odd", "even"])
@pytest.mark.parametrize("name", UNARY)
def test_odd_and_even_are_claimed_where_they_hold_and_nowhere_else(name, fact):
    assert getattr(OPERATIONS[name], fact) == holds(fact, name)


@pytest.mark.parametrize("name", UNARY)
def test_idempotent_is_claimed_where_it_holds_and_nowhere_else(name):
    row = OPERATIONS[name]
    assert row.idempotent == (row.result is None and holds("idempotent", name))


@ALL
def test_facts_are_claimed_only_of_rows_with_the_right_number_of_arguments(name):
    row = OPERATIONS[name]
    assert row.arity == 2 or not row.commutative
    assert row.arity == 1 or not (row.odd or row.even or row.idempotent)
