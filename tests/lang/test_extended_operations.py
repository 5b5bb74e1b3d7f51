"""The rows beyond the paper's: what is special about each, and matrices against plain sums, SciPy and definitions."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from expectations import GRID, MATRIX_ROWS, TINY, divide, root, single
from sampling import every
from strategies import STACKED_SHAPES

from lionsearch.lang import OPERATIONS, Kind, matrix_shape, parse, shape_of
from lionsearch.lang.extended_operations import NEWTON_SCHULZ
from lionsearch.semantics.leaf_space import LeafSpace

_, _, TENSOR, ROW, COLUMN, LEFT, RIGHT, TRANSPOSED = Kind
BOTH = pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
SIDES = pytest.mark.parametrize("side", [LEFT, RIGHT], ids=["left", "right"])
SHAPES = (*STACKED_SHAPES, (4, 4), (7, 3), (2, 2, 3, 4))


@pytest.fixture(autouse=True)
def _ignore_numpy_warnings():
    with np.errstate(all="ignore"):
        yield


def apply(name: str, xp, kinds: tuple[Kind, ...], *values, shapes=SHAPES):
    """The leaves of the result, as NumPy arrays."""
    values = [tuple(map(xp.asarray, value)) if isinstance(value, tuple) else value for value in values]
    return tuple(np.asarray(leaf) for leaf in OPERATIONS[name].apply(LeafSpace(xp, shapes), *values, kinds=kinds))


def random_leaves(seed: int, kind: Kind, symmetric: bool = False, dtype=np.float32) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    leaves = [rng.standard_normal(shape_of(kind, shape)) for shape in SHAPES]
    if symmetric:
        leaves = [leaf + np.swapaxes(leaf, -2, -1) for leaf in leaves]
    return tuple(leaf.astype(dtype) for leaf in leaves)


def positive(seed: int, side: Kind) -> tuple[np.ndarray, ...]:
    """Symmetric squares with eigenvalues of 0.5 and more."""
    leaves = random_leaves(seed, side, dtype=np.float64)
    squares = [leaf @ np.swapaxes(leaf, -2, -1) + 0.5 * np.eye(leaf.shape[-1]) for leaf in leaves]
    return tuple(square.astype(np.float32) for square in squares)


def matrices(kind: Kind, leaf: np.ndarray, shape: tuple[int, ...]) -> list[list[list[float]]]:
    """The matrices of a leaf as lists of rows: of a vector or a number, each element is one."""
    full = leaf.reshape(matrix_shape(kind, shape))
    return full.reshape(-1, *full.shape[-2:]).astype(float).tolist()


def assert_matrices(kind: Kind, result, expected, tolerance: float = 1e-5) -> None:
    """Compare each leaf with the matrices expected in it."""
    for leaf, wanted, shape in zip(result, expected, SHAPES, strict=True):
        assert leaf.dtype == np.float32
        assert leaf.shape == shape_of(kind, shape)
        assert not np.isnan(leaf).any()
        np.testing.assert_allclose(matrices(kind, leaf, shape), wanted, tolerance, tolerance)


def test_every_matrix_operation_is_here():
    assert [name for name, row in OPERATIONS.items() if row.group == "matrix"] == [*MATRIX_ROWS]


# Choice


def test_what_where_does_not_choose_may_be_anything():
    space = LeafSpace(np, ((4,),))
    condition, x, y = (np.float32(values) for values in ([0, -0.0, 2, np.nan], [1, np.inf, 3, 4], [5, 6, np.nan, 7]))
    assert OPERATIONS["where"].apply(space, (condition,), (x,), (y,))[0].tolist() == [5, 6, 3, 4]


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
@BOTH
def test_comparisons_of_plain_numbers_are_floats(name, xp):
    for x, y in itertools.product((1.0, 2.0), repeat=2):
        value = OPERATIONS[name].apply(LeafSpace(xp, ()), x, y)
        assert np.asarray(value).dtype == (np.float32 if xp is jnp else np.float64)
        assert float(value) == eval(f"{x} {OPERATIONS[name].symbol} {y}")


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_take_plain_numbers_where_they_take_scalars(name):
    """Constants reach them so: nothing raises, whatever the numbers; 0 is the worst."""
    row = OPERATIONS[name]
    if not all(takes[Kind.SCALAR] for takes in row.takes):
        return
    for values in itertools.product((0.0, -1.0, 1e300, math.nan), repeat=row.arity):
        for xp in (np, jnp):
            assert np.shape(row.apply(LeafSpace(xp, ()), *values, kinds=(Kind.SCALAR,) * row.arity)) == ()


# Reductions


@BOTH
def test_sizes_are_those_of_the_last_two_axes(xp):
    shapes = ((3, 2), (5,), (), (2, 3, 4), (6, 7, 3, 4), (1, 1))
    leaves = tuple(np.ones(shape, np.float32) for shape in shapes)
    expected = {
        "size": (6, 5, 1, 24, 504, 1),
        "rows": (3, 1, 1, 3, 3, 1),
        "columns": (2, 1, 1, 4, 4, 1),
        "dimensions": (2, 1, 0, 3, 4, 2),
    }
    for name, numbers in expected.items():
        result = apply(name, xp, (TENSOR,), leaves, shapes=shapes)
        assert tuple(leaf.tolist() for leaf in result) == numbers
        assert {leaf.dtype for leaf in result} == {np.dtype(np.float32)}


@BOTH
def test_unit_norm_is_over_all_axes_but_the_last(xp):
    result = apply("unit_norm", xp, (TENSOR,), random_leaves(0, TENSOR))
    for leaf, x in zip(result, random_leaves(0, TENSOR), strict=True):
        assert leaf.shape == x.shape
        for place in np.ndindex(x.shape):
            unit = [float(x[other]) for other in np.ndindex(x.shape) if x.ndim < 2 or other[-1] == place[-1]]
            assert leaf[place] == pytest.approx(math.hypot(*unit), rel=1e-5)


@BOTH
def test_means_of_rows_and_columns(xp):
    rows = lambda m: [[math.fsum(row) / len(row)] for row in m]  # noqa: E731
    columns = lambda m: [[math.fsum(column) / len(column) for column in zip(*m, strict=True)]]  # noqa: E731
    for name, function, result in (("row_mean", rows, COLUMN), ("column_mean", columns, ROW)):
        leaves = random_leaves(1, TENSOR)
        expected = [[*map(function, matrices(TENSOR, x, shape))] for x, shape in zip(leaves, SHAPES, strict=True)]
        assert_matrices(result, apply(name, xp, (TENSOR,), leaves), expected)


@BOTH
def test_the_mean_of_a_row_stands_in_every_row(xp):
    for name, kind, result, axis in (("row_mean", ROW, COLUMN, -1), ("column_mean", COLUMN, ROW, -2)):
        leaves = random_leaves(2, kind)
        means = apply(name, xp, (kind,), leaves)
        for mean, x, shape in zip(means, leaves, SHAPES, strict=True):
            assert mean.shape == shape_of(result, shape)
            expected = x if len(shape) < 2 else np.broadcast_to(x.mean(axis, keepdims=True), mean.shape)
            np.testing.assert_allclose(mean, expected, 1e-5)


# Products


def product(x, y):
    columns = [*zip(*y, strict=True)]
    return [[math.fsum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in x]


@BOTH
@pytest.mark.parametrize("kinds", OPERATIONS["matmul"].signatures, ids=lambda kinds: f"{kinds[0].name}-{kinds[1].name}")
def test_products_are_sums_of_products(kinds, xp):
    x, y = (random_leaves(seed, kind) for seed, kind in enumerate(kinds))
    expected = [
        [product(*pair) for pair in zip(matrices(kinds[0], a, shape), matrices(kinds[1], b, shape), strict=True)]
        for a, b, shape in zip(x, y, SHAPES, strict=True)
    ]
    assert_matrices(OPERATIONS["matmul"].signatures[kinds], apply("matmul", xp, kinds, x, y), expected)


@BOTH
@pytest.mark.parametrize("kind", [TENSOR, TRANSPOSED, LEFT, RIGHT])
def test_transposing_exchanges_rows_and_columns(kind, xp):
    leaves, other = random_leaves(3, kind), {TENSOR: TRANSPOSED, TRANSPOSED: TENSOR}.get(kind, kind)
    transposed = apply("transpose", xp, (kind,), leaves)
    expected = [
        [[list(row) for row in zip(*m, strict=True)] for m in matrices(kind, x, shape)]
        for x, shape in zip(leaves, SHAPES, strict=True)
    ]
    assert_matrices(other, transposed, expected, tolerance=0.0)
    again = apply("transpose", xp, (other,), transposed)
    assert all(np.array_equal(*pair) for pair in zip(again, leaves, strict=True))


@BOTH
@SIDES
def test_eye_is_the_identity_whatever_stands_in_its_argument(side, xp):
    junk = tuple(np.full(shape_of(side, shape), value, np.float32) for shape, value in zip(SHAPES, GRID, strict=False))
    expected = [
        [[[float(i == j) for j in range(len(m))] for i in range(len(m))] for m in matrices(side, x, shape)]
        for x, shape in zip(junk, SHAPES, strict=True)
    ]
    assert_matrices(side, apply("eye", xp, (side,), junk), expected, tolerance=0.0)


# Newton-Schulz


def polynomial(s: float) -> float:
    """What five steps make of a singular value."""
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    return s


def test_the_coefficients_are_muons():
    assert NEWTON_SCHULZ == (3.4445, -4.7750, 2.0315)
    assert all(0.65 < polynomial(s) < 1.25 for s in np.linspace(0.05, 1, 500))


def by_singular_values(m: np.ndarray) -> np.ndarray:
    """The same without Newton and Schulz: the polynomial of each singular value of m / ||m||."""
    u, s, v = np.linalg.svd(m, full_matrices=False)
    length = math.sqrt(float((s**2).sum()))
    return u @ np.diag([polynomial(value / length) if length else 0.0 for value in s]) @ v


def muon(m: np.ndarray) -> np.ndarray:
    """As Jordan et al. write it: a tall matrix is turned round, then X <- a X + (b A + c A A) X with A = X X^T."""
    a, b, c = NEWTON_SCHULZ
    x = m.T if m.shape[0] > m.shape[1] else m
    x = x / np.linalg.norm(x)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if m.shape[0] > m.shape[1] else x


@BOTH
@pytest.mark.parametrize("scale", every(2, [1e-12, 1.0, 1e12]))
def test_orthogonalize_is_muons_iteration_on_every_matrix(scale, xp):
    leaves = tuple(np.float32(scale) * leaf for leaf in random_leaves(4, TENSOR))
    for reference in (muon, by_singular_values):
        expected = [
            [reference(np.array(m)) for m in matrices(TENSOR, leaf, shape)]
            for leaf, shape in zip(leaves, SHAPES, strict=True)
        ]
        assert_matrices(TENSOR, apply("orthogonalize", xp, (TENSOR,), leaves), expected, tolerance=1e-3)


def test_orthogonalize_is_exact_in_double_precision():
    leaves = random_leaves(5, TENSOR, dtype=np.float64)
    for leaf, result, shape in zip(leaves, apply("orthogonalize", np, (TENSOR,), leaves), SHAPES, strict=True):
        expected = [by_singular_values(np.array(m)) for m in matrices(TENSOR, leaf, shape)]
        np.testing.assert_allclose(matrices(TENSOR, result, shape), expected, 1e-9, 1e-9)


@BOTH
def test_orthogonalize_of_vectors_and_numbers_is_near_their_sign(xp):
    """Also at the extremes: what has no length in float32 gives 0, as x / 0 does."""
    result = apply("orthogonalize", xp, (TENSOR,), (np.float32(GRID),), shapes=((len(GRID),),))[0]
    for x, value in zip(GRID, result.tolist(), strict=True):
        expected = polynomial(divide(x, root(single(x * x))))
        assert value == pytest.approx(expected, rel=1e-4, nan_ok=True), x


@BOTH
def test_orthogonalize_of_nothing_and_of_what_is_no_number(xp):
    zero, one_nan = np.zeros((3, 2), np.float32), np.float32([[1, 2], [3, math.nan], [5, 6]])
    assert apply("orthogonalize", xp, (TENSOR,), (zero,), shapes=((3, 2),))[0].tolist() == zero.tolist()
    assert np.isnan(apply("orthogonalize", xp, (TENSOR,), (one_nan,), shapes=((3, 2),))[0]).all()
    stack = np.stack([one_nan, np.ones((3, 2), np.float32)])
    first, second = apply("orthogonalize", xp, (TENSOR,), (stack,), shapes=((2, 3, 2),))[0]
    assert np.isnan(first).all()
    assert np.isfinite(second).all()


# Eigenvalues


@BOTH
@SIDES
@pytest.mark.parametrize("p", every(2, [1.0, 2.0, 4.0, 3.0]))
def test_inverse_roots_agree_with_scipy(p, side, xp):
    leaves = positive(6, side)
    expected = [
        [scipy.linalg.fractional_matrix_power(np.array(m), -1 / p) for m in matrices(side, leaf, shape)]
        for leaf, shape in zip(leaves, SHAPES, strict=True)
    ]
    assert_matrices(side, apply("inverse_root", xp, (side, Kind.SCALAR), leaves, np.float32(p)), expected, 1e-3)


@BOTH
@SIDES
def test_the_power_of_an_inverse_root_is_the_inverse(side, xp):
    leaves = positive(7, side)
    roots = apply("inverse_root", xp, (side, Kind.SCALAR), leaves, np.float32(4))
    for leaf, found in zip(leaves, roots, strict=True):
        identity = np.linalg.matrix_power(found.astype(float), 4) @ leaf
        np.testing.assert_allclose(identity, np.broadcast_to(np.eye(leaf.shape[-1]), leaf.shape), atol=1e-3)


@BOTH
def test_inverse_roots_of_what_has_no_inverse(xp):
    def inverse_root(x, p):
        return apply("inverse_root", xp, (LEFT, Kind.SCALAR), (np.float32(x),), p, shapes=(np.shape(x),))[0]

    assert np.array_equal(inverse_root(np.zeros((3, 3)), np.float32(2)), np.zeros((3, 3)))
    np.testing.assert_allclose(inverse_root(np.diag([4.0, 0.0, 9.0]), np.float32(2)), np.diag([1 / 2, 0, 1 / 3]), 1e-5)
    np.testing.assert_allclose(inverse_root(np.diag([4.0, -1.0]), np.float32(2)), np.diag([1 / 2, 0]), 1e-5)
    for p in (0.0, np.float32(0)):  # 1 / 0 = 0, and x^0 = 1
        np.testing.assert_allclose(inverse_root(np.diag([4.0, 0.0]), p), np.diag([1.0, 0.0]), atol=1e-6)


@BOTH
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("size", every(3, [1, 2, 3, 5]))
def test_what_is_no_number_has_no_eigenvalues(size, bad, xp):
    """No error, and no number that looks like one: divergence must be seen."""
    x = np.eye(size, dtype=np.float32)
    x[-1, 0] = x[0, -1] = bad
    stack, shapes = np.stack([x, np.eye(size, dtype=np.float32)]), ((2, size, size),)
    for name, kinds, rest in (("inverse_root", (LEFT, Kind.SCALAR), (np.float32(2),)), ("eigenvectors", (LEFT,), ())):
        wrong, right = apply(name, xp, kinds, (stack,), *rest, shapes=shapes)[0]
        assert np.isnan(wrong).all()
        assert np.array_equal(right, np.eye(size))


@BOTH
def test_inverse_roots_of_vectors_are_powers_of_their_elements(xp):
    numbers = [x for x in GRID if math.isfinite(x) and not 0 < abs(x) < 1e-30]
    x = np.float32(numbers).reshape(-1, 1, 1)
    for p in (1.0, 2.0, 4.0):
        result = apply("inverse_root", xp, (LEFT, Kind.SCALAR), (x,), np.float32(p), shapes=((len(numbers),),))[0]
        assert result.shape == x.shape
        expected = [number ** (-1 / p) if number > 0 else 0.0 for number in numbers]
        np.testing.assert_allclose(result.ravel(), expected, 1e-5, TINY)


@BOTH
@SIDES
def test_eigenvectors_are_what_their_name_says(side, xp):
    leaves = random_leaves(8, side, symmetric=True)
    for leaf, vectors in zip(leaves, apply("eigenvectors", xp, (side,), leaves), strict=True):
        assert vectors.shape == leaf.shape
        assert vectors.dtype == np.float32
        flipped, size = np.swapaxes(vectors, -2, -1), leaf.shape[-1]
        np.testing.assert_allclose(flipped @ vectors, np.broadcast_to(np.eye(size), leaf.shape), atol=1e-5)
        values = flipped @ leaf @ vectors
        scale = np.abs(leaf).max()
        np.testing.assert_allclose(values * (1 - np.eye(size)), 0 * values, atol=1e-5 * scale)
        rising = np.diagonal(values, axis1=-2, axis2=-1)
        np.testing.assert_allclose(rising, np.linalg.eigvalsh(leaf.astype(float)), atol=1e-5 * scale)


@SIDES
def test_both_libraries_take_the_symmetric_part_of_what_is_not_symmetric(side):
    leaves = random_leaves(9, side)
    symmetric = tuple((leaf + np.swapaxes(leaf, -2, -1)) / 2 for leaf in leaves)
    for xp in (np, jnp):
        for name, kinds, rest in (("inverse_root", (side, Kind.SCALAR), (2.0,)), ("eigenvectors", (side,), ())):
            pairs = zip(apply(name, xp, kinds, leaves, *rest), apply(name, xp, kinds, symmetric, *rest), strict=True)
            for one, two in pairs:
                np.testing.assert_allclose(one, two, 1e-4, 1e-4)


@BOTH
@SIDES
def test_orthonormal_is_the_q_of_a_decomposition(side, xp):
    leaves = random_leaves(10, side)
    for leaf, q in zip(leaves, apply("orthonormal", xp, (side,), leaves), strict=True):
        assert q.shape == leaf.shape
        flipped, size = np.swapaxes(q, -2, -1), leaf.shape[-1]
        np.testing.assert_allclose(flipped @ q, np.broadcast_to(np.eye(size), leaf.shape), atol=1e-5)
        np.testing.assert_allclose(np.tril(flipped @ leaf, -1), 0 * leaf, atol=1e-5)


@BOTH
def test_orthonormal_of_extremes(xp):
    zeros, nan = np.zeros((2, 2), np.float32), np.full((2, 2), math.nan, np.float32)
    result = apply("orthonormal", xp, (LEFT,), (zeros, nan), shapes=((2, 3), (2, 3)))
    np.testing.assert_allclose(np.abs(result[0]), np.eye(2))
    assert np.isnan(result[1]).all()


def test_the_comparisons_of_python_are_operations():
    text = "def train(w, g, lr): return (g < 1) + (g <= 1) + (g > 1) + (g >= 1) + (g == 1) + (g != 1) + g % 2"
    used = [statement.operation for statement in parse(text).statements if statement.operation != "add"]
    assert used == ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "mod"]
