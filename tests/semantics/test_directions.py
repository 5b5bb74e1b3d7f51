import numpy as np
import pytest

from lionsearch.catalog import load_program
from lionsearch.lang import parse
from lionsearch.semantics.directions import course, direction


@pytest.mark.parametrize("name", ["adamw", "lion", "sgd", "muon"])
def test_a_programs_direction_has_length_one_and_knows_no_learning_rate(name):
    program = load_program(name)
    scale = dict(program.hyperparameters).get("lr_scale", 1.0)
    other = program.with_hyperparameters({"lr_scale": 7 * scale} if "lr_scale" in dict(program.hyperparameters) else {})
    found = direction(program)
    assert found @ found == pytest.approx(1.0)
    assert found @ direction(other) == pytest.approx(1.0)


def test_what_does_otherwise_points_elsewhere():
    lion, sgd, adamw = (direction(load_program(name)) for name in ("lion", "sgd", "adamw"))
    assert max(lion @ sgd, lion @ adamw, sgd @ adamw) < 0.99


def test_what_cannot_be_computed_has_none():
    assert direction(parse("def train(w, g, lr, h_gnb): return g / h_gnb * lr")) is None
    assert direction(parse("def train(w, g, lr): return cosh(cosh(g * 1000.0)) * lr")) is None
    assert np.isfinite(direction(parse("def train(w, g, lr): return g * lr"))).all()


@pytest.mark.parametrize("other", ["g * lr * lr", "g * lr / t", "clip(g, 0.3) * lr"])
def test_a_course_has_a_schedule_and_sizes_and_a_direction_has_none(other):
    plain, scheduled = (parse(f"def train(w, g, lr, t): return {update}") for update in ("g * lr", other))
    assert direction(plain) @ direction(scheduled) == pytest.approx(1.0)
    assert course(plain) @ course(scheduled) < 0.999
    assert course(plain) @ course(parse("def train(w, g, lr): return g * lr * 3.0")) == pytest.approx(1.0)
