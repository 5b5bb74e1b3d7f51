"""A composition keeps what each of its programs does, whatever their names."""

import numpy as np
from hypothesis import given

from lionsearch.analysis import check_program, infer_kinds
from lionsearch.compose import weave
from lionsearch.evaluate.oracle import run_oracle
from strategies import programs

NOTHING = check_program("def train(w, g, lr):\n    inner = g\n    return inner")
SUM = check_program("def train(w, g, lr):\n    inner = g\n    other = g\n    return inner + other")
CLASHING = check_program(
    "def train(w, g, m, lr, t, *, b1=0.5):\n    g = g * b1\n    lr = lr * 2\n    m = m + g * lr\n    update = m\n"
    "    return update * t, m"
)


def steps(program):
    rng = np.random.default_rng(0)
    weights = (rng.normal(size=(3, 2)), rng.normal(size=4))
    gradients = [tuple(rng.normal(size=w.shape) for w in weights) for _ in range(5)]
    return run_oracle(program, weights, gradients, [0.1, 0.2, 0.3, 0.2, 0.1])


@given(programs())
def test_an_empty_template_changes_nothing(program):
    woven = weave(NOTHING, [("it", program)], "nothing")
    infer_kinds(woven)
    for a, b in zip(steps(program), steps(woven), strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)


def test_two_programs_of_the_same_names_keep_their_own_state():
    woven = weave(SUM, [("one", CLASHING), ("two", CLASHING)], "sum")
    infer_kinds(woven)
    assert len(set(woven.slots)) == 2
    assert len(woven.hyperparameters) == 2
    doubled = check_program(
        "def train(w, g, m, lr, t, *, b1=0.5):\n    g = g * b1\n    lr = lr * 2\n    m = m + g * lr\n"
        "    return m * t + m * t, m"
    )
    for a, b in zip(steps(woven), steps(doubled), strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12)


@given(programs())
def test_overwritten_inputs_stay_inside(program):
    template = check_program("def train(w, g, lr):\n    inner = g\n    return g * lr + (inner - inner)")
    woven = weave(template, [("it", program)], "outer")
    infer_kinds(woven)
    frame = [s for s in woven.statements if s.target in ("w", "g", "lr", "t")]
    assert not frame, "no input is overwritten by what is inside"
