"""Every law that a row of the table states, tried on numbers."""

import numpy as np
import pytest

from lionsearch.lang import OPERATIONS, Kind, Sign, shape_of
from lionsearch.semantics.leaf_space import LeafSpace

SHAPES = ((3, 4), (5,), (2, 3, 2))
SPACE = LeafSpace(np, SHAPES)
NUMBERS = np.array([0.0, -0.0, 1.0, -1.0, 0.3, -0.7, 2.5, -40.0, 1e-9, 1e6])


def having(fact: str) -> list[str]:
    """The operations whose row states a fact."""
    found = [name for name, row in OPERATIONS.items() if getattr(row, fact)]
    assert found
    return found


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


@pytest.mark.parametrize("name", having("power"))
def test_powers(name):
    odd, power = OPERATIONS[name].power
    size = np.where(NUMBERS == 0, 0.0, np.abs(np.where(NUMBERS == 0, 1.0, NUMBERS)) ** float(power))
    expected = np.sign(NUMBERS) * size if odd else size
    np.testing.assert_allclose(OPERATIONS[name].elementwise(np, NUMBERS), expected, rtol=1e-14)


@pytest.mark.parametrize("name", having("formula"))
def test_formulas(name):
    names, text = OPERATIONS[name].formula
    grid = np.meshgrid(*[NUMBERS] * len(names.split()))
    table = {"reciprocal": lambda x: OPERATIONS["reciprocal"].elementwise(np, x)}
    ours = eval(text, table, dict(zip(names.split(), grid, strict=True)))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours, OPERATIONS[name].elementwise(np, *grid), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", having("scalings"))
@pytest.mark.parametrize("factor", [3.7, 0.02, -1.9])
def test_scalings(name, factor):
    for kinds in kinds_of(name):
        values = [draw(kind, 7 * i + 1) for i, kind in enumerate(kinds)]
        plain = apply(name, kinds, values)
        for scaling in OPERATIONS[name].scalings:
            if factor < 0 and not scaling.odd:
                continue
            scaled = [times(v, factor) if i in scaling.arguments else v for i, v in enumerate(values)]
            result = apply(name, kinds, scaled)
            expected = factor if scaling.degree else np.sign(factor)
            for one, other in zip(result, plain, strict=True):
                np.testing.assert_allclose(one, expected * other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", having("selects"))
def test_what_is_selected_is_one_of_the_arguments(name):
    kinds, row = kinds_of(name)[0], OPERATIONS[name]
    values = [draw(kind, 3 * i) for i, kind in enumerate(kinds)]
    found = apply(name, kinds, values)
    for position, leaf in enumerate(found):
        chosen = [values[i][position] for i in row.selects]
        assert np.all(np.any([leaf == value for value in chosen], axis=0))


@pytest.mark.parametrize("name", having("shape_only"))
def test_shape_only(name):
    one, other = (apply(name, (Kind.TENSOR,), [draw(Kind.TENSOR, seed)]) for seed in (1, 2))
    assert one == other


@pytest.mark.parametrize("name", having("averages"))
def test_an_average_of_equal_numbers_is_that_number(name):
    for kinds in kinds_of(name):
        equal = tuple(np.full_like(leaf, 0.7) for leaf in draw(kinds[0], 1))
        for leaf in apply(name, kinds, [equal]):
            np.testing.assert_allclose(leaf, 0.7)


@pytest.mark.parametrize("name", having("range"))
def test_ranges(name):
    kinds = kinds_of(name)[0]
    for seed in range(5):
        values = [draw(kind, seed + i) for i, kind in enumerate(kinds)]
        for leaf in apply(name, kinds, values):
            found = leaf[np.isfinite(leaf)] if np.ndim(leaf) else leaf
            assert np.all(found > 0) if OPERATIONS[name].range is Sign.POSITIVE else np.all(found >= 0)


@pytest.mark.parametrize("name", having("keeps_sign"))
def test_signs_that_are_kept(name):
    for kinds in kinds_of(name):
        for positions in OPERATIONS[name].keeps_sign:
            values = [draw(kind, i) for i, kind in enumerate(kinds)]
            for i in positions:
                values[i] = tuple(np.abs(leaf) for leaf in as_leaves(values[i]))
            assert all(np.all(leaf >= 0) for leaf in apply(name, kinds, values))


@pytest.mark.parametrize("name", having("expansion"))
def test_an_expansion_is_the_operation(name):
    row = OPERATIONS[name]
    kinds = tuple(accepted[0] for accepted in row.accepts)
    values = [draw(kind, i + 1) for i, kind in enumerate(kinds)]
    known = dict(zip("xyz", values, strict=False))
    for end, operation, arguments in row.expansion:
        given = [known[a] if isinstance(a, str) else a for a in arguments]
        known[end] = OPERATIONS[operation].apply(SPACE, *given)
    for one, other in zip(as_leaves(known[""]), apply(name, kinds, values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["less", "less_equal", "equal", "not_equal", "maximum", "where", "mod", "clamp", "norm"]
)
def test_scalings_with_ties_and_zeros(name):
    ties = (np.array([0.0, -0.0, 1.0, 2.0, -3.0]), np.array([0.0, 1.0, 1.0, -2.0, -3.0]), np.array([1.0, 0.0, 1, 0, 2]))
    space, [scaling] = LeafSpace(np, ((5,),)), OPERATIONS[name].scalings
    values = [(x,) for x in ties[: OPERATIONS[name].arity]]
    for factor in (2.0, 0.25):
        scaled = [times(v, factor) if i in scaling.arguments else v for i, v in enumerate(values)]
        one, other = (as_leaves(OPERATIONS[name].apply(space, *given)) for given in (scaled, values))
        np.testing.assert_allclose(one[0], (factor if scaling.degree else 1.0) * other[0])


@pytest.mark.parametrize(
    "name",
    [name for name in having("range") if OPERATIONS[name].range is Sign.POSITIVE and OPERATIONS[name].elementwise],
)
def test_what_is_positive_is_so_in_single_precision(name):
    x = np.array([-3e38, -1e4, -100.0, 0.0, 100.0, 1e4], np.float32)
    with np.errstate(all="ignore"):
        assert np.all(OPERATIONS[name].elementwise(np, x) > 0)
