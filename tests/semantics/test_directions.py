import numpy as np
import pytest

from lionsearch.catalog import load_program
from lionsearch.lang import parse
from lionsearch.semantics.directions import direction


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
