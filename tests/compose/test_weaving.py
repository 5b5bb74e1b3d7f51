"""A composition keeps what each of its programs does, whatever their names."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import programs

from lionsearch.catalog import load_program
from lionsearch.compose import TRANSFORMS, weave
from lionsearch.errors import SettingError
from lionsearch.graph import check_program, infer_kinds
from lionsearch.lang import format_program, parse
from lionsearch.semantics.oracle import run_oracle

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


@settings(max_examples=25)
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


def test_settings_of_inputs_are_shared_and_other_names_are_not():
    decaying = check_program("def train(w, g, v, lr, *, rho=0.9):\n    v = interp(g, v, rho)\n    return v * lr, v")
    sam = TRANSFORMS["sam"].template
    woven = weave(sam, [("decaying", decaying)], "sam")
    assert woven.settings == {"rho": 0.05}
    assert dict(woven.hyperparameters) == {"decaying_rho": 0.9, "rho": 0.05}
    slot = check_program("def train(w, g, rho, lr):\n    rho = rho + g\n    return rho * lr, rho")
    mixed = weave(sam, [("slot", slot)], "sam")
    assert parse(format_program(mixed)) == mixed


def test_an_input_is_computed_in_one_way():
    for text in ("sam(sam_sgd, rho=0.2)", "matrices(sophia(hessian_every=10), sophia_g(hessian_every=3))"):
        with pytest.raises(SettingError, match="a composition computes them in one way"):
            load_program(text)
    assert load_program("matrices(radam, sam_alternating)").settings == {}


def test_decay_without_a_scale_of_its_own_is_in_the_units_of_adamw():
    plain = check_program("def train(w, g, lr):\n    return g * lr * 0.001")
    woven = weave(TRANSFORMS["decay"].template, [("plain", plain)], "decay")
    assert dict(woven.hyperparameters) == {"weight_decay": 0.01, "decay_lr_scale": 0.001}


@settings(max_examples=25)
@given(programs())
def test_overwritten_inputs_stay_inside(program):
    template = check_program("def train(w, g, lr):\n    inner = g\n    return g * lr + (inner - inner)")
    woven = weave(template, [("it", program)], "outer")
    infer_kinds(woven)
    frame = [s for s in woven.statements if s.target in ("w", "g", "lr", "t")]
    assert not frame, "no input is overwritten by what is inside"
