import numpy as np
import pytest

from lionsearch.lang import parse
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace

SPACE = LeafSpace(np, ((2,), (1, 2)))
W = (np.array([1.0, -2.0]), np.array([[0.5, 3.0]]))
G = (np.array([0.1, 0.2]), np.array([[-0.3, 0.4]]))
ZERO = tuple(np.zeros_like(leaf) for leaf in W)


def test_lion_by_hand():
    text = """
def train(w, g, m, lr, *, b1=0.9, b2=0.99):
    update = sign(interp(g, m, b1)) * lr
    m = interp(g, m, b2)
    return update, m
"""
    update, (m,) = run_statements(parse(text), SPACE, {"w": W, "g": G, "m": ZERO, "lr": 0.5})
    for u, kept, g in zip(update, m, G, strict=True):
        np.testing.assert_array_equal(u, 0.5 * np.sign(g))
        np.testing.assert_allclose(kept, 0.01 * g)


def test_what_is_given_comes_before_a_default():
    program = parse("def train(w, g, lr, *, b=0.5): return g * b")
    for given, factor in (({}, 0.5), ({"b": 2.0}, 2.0)):
        update, _ = run_statements(program, SPACE, {"w": W, "g": G, "lr": 1.0, **given})
        np.testing.assert_allclose(update[0], factor * G[0])


def test_operations_on_matrices_know_the_kinds_of_what_they_get():
    text = "def train(w, g, q: right, lr):\n  q = matmul(transpose(g), g)\n  return matmul(g, q), q\n"
    update, (q,) = run_statements(parse(text), SPACE, {"w": W, "g": G, "q": ZERO, "lr": 1.0})
    np.testing.assert_allclose(q[1], G[1].T @ G[1])
    np.testing.assert_allclose(update[1], G[1] @ G[1].T @ G[1])
    np.testing.assert_allclose(update[0], G[0] ** 3)  # a vector is diagonal


def test_a_program_of_wrong_kinds_is_no_program():
    with pytest.raises(AssertionError, match="matmul"):
        run_statements(parse("def train(w, g, lr): return matmul(g, g)"), SPACE, {"w": W, "g": G, "lr": 1.0})
