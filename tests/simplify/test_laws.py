import numpy as np
import pytest

from lionsearch.evaluate.spaces import LeafSpace
from lionsearch.lang import OPERATIONS, Kind, shape_of
from lionsearch.simplify.laws import (
    DEFINITIONS,
    MONOTONE,
    NONNEGATIVE,
    POSITIVE,
    POWERS,
    SAME_TWICE,
    SCALINGS,
    SHAPE_ONLY,
)

SHAPES = ((3, 4), (5,), (2, 3, 2))
SPACE = LeafSpace(np, SHAPES)
NUMBERS = np.array([0.0, -0.0, 1.0, -1.0, 0.3, -0.7, 2.5, -40.0, 1e-9, 1e6])


def draw(kind: Kind, seed: int):
    rng = np.random.default_rng(seed)
    if kind is Kind.SCALAR:
        return rng.normal()
    leaves = tuple(rng.normal(size=shape_of(kind, shape)) for shape in SHAPES)
    if kind in (Kind.LEFT, Kind.RIGHT):
        return tuple(x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1]) for x in leaves)
    return leaves


def kinds_of(name: str) -> list[tuple[Kind, ...]]:
    row = OPERATIONS[name]
    if row.signatures is not None:
        return list(row.signatures)
    return [tuple(Kind.TENSOR if Kind.TENSOR in kinds else Kind.SCALAR for kinds in row.accepts)]


def apply(name: str, kinds, values):
    with np.errstate(all="ignore"):
        return as_leaves(OPERATIONS[name].apply(SPACE, *values, kinds=kinds))


def as_leaves(value):
    return value if isinstance(value, tuple) else (np.asarray(value),)


def times(value, factor: float):
    return tuple(factor * leaf for leaf in value) if isinstance(value, tuple) else factor * value


@pytest.mark.parametrize("name", POWERS)
def test_powers(name):
    odd, power = POWERS[name]
    size = np.where(NUMBERS == 0, 0.0, np.abs(np.where(NUMBERS == 0, 1.0, NUMBERS)) ** float(power))
    expected = np.sign(NUMBERS) * size if odd else size
    np.testing.assert_allclose(OPERATIONS[name].elementwise(np, NUMBERS), expected, rtol=1e-14)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_definitions(name):
    names, text = DEFINITIONS[name]
    grid = np.meshgrid(*[NUMBERS] * len(names.split()))
    table = {"reciprocal": lambda x: OPERATIONS["reciprocal"].elementwise(np, x)}
    ours = eval(text, table, dict(zip(names.split(), grid, strict=True)))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours, OPERATIONS[name].elementwise(np, *grid), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", SCALINGS)
@pytest.mark.parametrize("factor", [3.7, 0.02, -1.9])
def test_scalings(name, factor):
    for kinds in kinds_of(name):
        values = [draw(kind, 7 * i + 1) for i, kind in enumerate(kinds)]
        plain = apply(name, kinds, values)
        for scaling in SCALINGS[name]:
            if factor < 0 and not scaling.odd:
                continue
            scaled = [times(v, factor) if i in scaling.arguments else v for i, v in enumerate(values)]
            result = apply(name, kinds, scaled)
            expected = factor if scaling.degree else np.sign(factor)
            for one, other in zip(result, plain, strict=True):
                np.testing.assert_allclose(one, expected * other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SAME_TWICE)
def test_same_twice(name):
    kinds = kinds_of(name)[0]
    x = draw(Kind.TENSOR, 3)
    values = [x if i in SAME_TWICE[name] else draw(kind, 5) for i, kind in enumerate(kinds)]
    for one, other in zip(apply(name, kinds, values), x, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", sorted(SHAPE_ONLY))
def test_shape_only(name):
    one, other = (apply(name, (Kind.TENSOR,), [draw(Kind.TENSOR, seed)]) for seed in (1, 2))
    assert one == other


@pytest.mark.parametrize("name", sorted(POSITIVE | NONNEGATIVE))
def test_signs(name):
    kinds = kinds_of(name)[0]
    for seed in range(5):
        values = [draw(kind, seed + i) for i, kind in enumerate(kinds)]
        for leaf in apply(name, kinds, values):
            found = leaf[np.isfinite(leaf)] if np.ndim(leaf) else leaf
            assert np.all(found > 0) if name in POSITIVE else np.all(found >= 0)


@pytest.mark.parametrize("name", MONOTONE)
def test_monotone(name):
    for kinds in kinds_of(name):
        values = [draw(kind, i) for i, kind in enumerate(kinds)]
        for i in MONOTONE[name]:
            values[i] = tuple(np.abs(leaf) for leaf in as_leaves(values[i]))
        assert all(np.all(leaf >= 0) for leaf in apply(name, kinds, values))


@pytest.mark.parametrize(
    "name", ["less", "less_equal", "equal", "not_equal", "maximum", "where", "mod", "clamp", "norm"]
)
def test_scalings_with_ties_and_zeros(name):
    ties = (np.array([0.0, -0.0, 1.0, 2.0, -3.0]), np.array([0.0, 1.0, 1.0, -2.0, -3.0]), np.array([1.0, 0.0, 1, 0, 2]))
    space, [scaling] = LeafSpace(np, ((5,),)), SCALINGS[name]
    values = [(x,) for x in ties[: OPERATIONS[name].arity]]
    for factor in (2.0, 0.25):
        scaled = [times(v, factor) if i in scaling.arguments else v for i, v in enumerate(values)]
        one, other = (as_leaves(OPERATIONS[name].apply(space, *given)) for given in (scaled, values))
        np.testing.assert_allclose(one[0], (factor if scaling.degree else 1.0) * other[0])


@pytest.mark.parametrize("name", sorted(POSITIVE - SHAPE_ONLY))
def test_what_is_positive_is_so_in_single_precision(name):
    x = np.array([-3e38, -1e4, -100.0, 0.0, 100.0, 1e4], np.float32)
    with np.errstate(all="ignore"):
        assert np.all(OPERATIONS[name].elementwise(np, x) > 0)
