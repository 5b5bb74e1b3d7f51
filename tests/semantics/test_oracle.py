import numpy as np
import pytest

from lionsearch.lang import parse
from lionsearch.semantics.oracle import run_oracle

W = (np.array([1.0, -1.0]),)
G = [(np.array([0.5, 0.25]),), (np.array([-1.0, 2.0]),), (np.array([0.0, 1.0]),)]


def test_momentum_by_hand():
    program = parse("def train(w, g, m, lr):\n  m = m * 0.5 + g\n  return m * lr, m\n")
    (w,), (m,) = W, (np.zeros(2),)
    for found, (g,), rate in zip(run_oracle(program, W, G, [0.1, 0.2, 0.3]), G, (0.1, 0.2, 0.3), strict=True):
        m = m * 0.5 + g
        w = w - m * rate
        np.testing.assert_allclose(found[0], w)


def test_steps_count_from_1_and_other_inputs_are_taken():
    program = parse("def train(w, g, lr, t, loss): return w * 0 + t + loss")
    found = run_oracle(program, (np.zeros(1),), [(np.zeros(1),)] * 3, [1.0] * 3, [{"loss": 10.0 * n} for n in range(3)])
    assert [float(leaf[0]) for (leaf,) in found] == [-1.0, -13.0, -36.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_is_computed_in_the_weights_dtype(dtype):
    program = parse("def train(w, g, lr, *, b=0.1):\n  c = b * 3\n  return w * 0 + c - 0.3\n")
    [(found,)] = run_oracle(program, (np.zeros(1, dtype),), [(np.zeros(1, dtype),)], [1.0])
    assert found.dtype == dtype
    assert float(found[0]) == float(-(dtype(0.1) * dtype(3) - dtype(0.3)))


def test_what_diverges_is_no_warning():
    program = parse("def train(w, g, lr): return exp(w * 1000)")
    found = run_oracle(program, (np.ones(1),), [(np.ones(1),)] * 2, [1.0, 1.0])
    assert np.isinf(found[0][0]).all()
