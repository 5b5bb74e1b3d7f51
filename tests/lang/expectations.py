"""What every row of the table gives, in plain Python; `test_operations` says how exactly."""

import math

import jax.numpy as jnp
import numpy as np

SHAPES = ((3, 2), (4,))
"""Of the leaves of every tree here; a tree is a list with a list of numbers for each."""

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


def modulo(x: float, y: float) -> float:
    if y == 0:
        return 0.0
    return math.nan if math.isinf(x) or math.isnan(x) else x % y


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
    "less": lambda x, y: 1.0 if x < y else 0.0,
    "less_equal": lambda x, y: 1.0 if x <= y else 0.0,
    "greater": lambda x, y: 1.0 if x > y else 0.0,
    "greater_equal": lambda x, y: 1.0 if x >= y else 0.0,
    "equal": lambda x, y: 1.0 if x == y else 0.0,
    "not_equal": lambda x, y: 0.0 if x == y else 1.0,
    "where": lambda condition, x, y: y if condition == 0 else x,
    "clamp": lambda x, low, high: extreme_of(min)(extreme_of(max)(x, low), high),
    "mod": modulo,
    "arctan2": math.atan2,
}

EXACT = {
    *("get_pi", "get_e", "get_eps", "abs", "square", "sqrt", "cube", "sign", "reciprocal", "invert", "negative"),
    *("interp", "add", "subtract", "multiply", "divide", "maximum", "minimum", "copy"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "where", "clamp", "mod"),
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


def total(numbers: list[float]) -> float:
    return inner(numbers, [1.0] * len(numbers))


def unit_norm(tree: list[list[float]]) -> list[list[float]]:
    found = []
    for leaf, shape in zip(tree, SHAPES, strict=True):
        units = [leaf[unit :: shape[-1]] for unit in range(shape[-1])] if len(shape) > 1 else [leaf]
        norms = [root(inner(unit, unit)) for unit in units]
        found.append([norms[index % len(norms)] for index in range(len(leaf))])
    return found


OVER_TREE = {
    "norm": lambda tree: [root(inner(leaf, leaf)) for leaf in tree],
    "global_norm": tree_norm,
    "dot": lambda x, y: inner(flat(x), flat(y)),
    "cosine_sim": lambda x, y: divide(inner(flat(x), flat(y)), single(tree_norm(x) * tree_norm(y))),
    "clip": clip,
    "sum": lambda tree: [total(leaf) for leaf in tree],
    "mean": lambda tree: [total(leaf) / len(leaf) for leaf in tree],
    "size": lambda tree: [6.0, 4.0],
    "rows": lambda tree: [3.0, 1.0],
    "columns": lambda tree: [2.0, 1.0],
    "dimensions": lambda tree: [2.0, 1.0],
    "unit_norm": unit_norm,
    "global_sum": lambda tree: total(flat(tree)),
}


def check(name: str, xp, actual, arguments: list[tuple[float, ...]], exact: bool | None = None) -> None:
    """Compare an array with the expectation for each tuple of arguments, as exactly as the row is."""
    exact = name in EXACT if exact is None else exact
    actual = np.asarray(actual)
    assert actual.dtype == np.float32 or not arguments[0]
    for value, given in zip(map(single, actual.ravel().tolist()), arguments, strict=True):
        assert any(agrees(name, xp, value, case, exact) for case in interpretations(xp, given)), (
            f"{name}{given} is {value}; expected {single(ELEMENTWISE[name](*given))}"
        )


def interpretations(xp, arguments: tuple[float, ...]):
    yield arguments
    if xp is jnp:
        yield tuple(math.copysign(0.0, x) if abs(x) < TINY else x for x in arguments)


def agrees(name: str, xp, value: float, arguments: tuple[float, ...], exact: bool) -> bool:
    expected = single(ELEMENTWISE[name](*arguments))
    denormal = [0 < abs(x) < TINY for x in arguments]
    if xp is jnp and ((name in ("cbrt", "power") and denormal[0]) or (name == "arctan2" and all(denormal))):
        return True
    if math.isnan(expected) or math.isinf(expected):
        return value == expected or (math.isnan(value) and math.isnan(expected))
    if exact:
        return abs(value - expected) <= (TINY if xp is jnp else 0.0)
    return math.isclose(value, expected, rel_tol=RELATIVE, abs_tol=TINY)


MATRIX_ROWS = (
    *("row_mean", "column_mean", "transpose", "matmul", "eye", "orthogonalize", "inverse_root"),
    *("eigenvectors", "orthonormal"),
)
"""Expected in `test_extended_operations`."""
