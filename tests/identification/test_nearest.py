import pytest
from identification.test_recording import SPEC

from lionsearch.catalog import load_program
from lionsearch.identification.nearest import find_nearest, find_traits
from lionsearch.identification.recording import record_trajectory
from lionsearch.lang import parse

NAMES = ("sgd", "signum", "lion", "adamw", "momentum", "shampoo")


@pytest.fixture(scope="module")
def trajectory():
    return record_trajectory(SPEC, ("t",), steps=30)


def test_a_known_program_is_nearest_to_itself(trajectory):
    lion = load_program("lion").with_hyperparameters({"b2": 0.95, "lr_scale": 0.01})
    found = find_nearest(lion, trajectory, NAMES, 3)
    assert [neighbour.similarity for neighbour in found] == sorted((n.similarity for n in found), reverse=True)
    best = found[0]
    assert best.name == "lion"
    assert best.similarity > 0.999
    assert best.scale == pytest.approx(0.01 / 0.0003, rel=0.05)
    assert dict(best.hyperparameters)["b2"] == pytest.approx(0.95, abs=0.01)
    assert best.differs == ()


def test_neighbours_say_what_differs(trajectory):
    program = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return sign(m) * lr, m")
    [sgd] = find_nearest(program, trajectory, ["normalized_sgd"], 1)
    text = "; ".join(sgd.differs)
    assert "signs only, not sizes" in text
    assert "momentum of" in text
    [adaptive] = find_nearest(parse("def train(w, g, lr): return g * lr"), trajectory, ["sign_sgd"], 1)
    assert "grows with the gradient to the power 1, not 0" in "; ".join(adaptive.differs)


def test_traits(trajectory):
    sgd = find_traits(parse("def train(w, g, lr): return g * lr"), trajectory)
    assert (sgd.power, sgd.memory, sgd.decay) == (pytest.approx(1.0), 0.0, 0.0)
    sign = find_traits(load_program("sign_sgd"), trajectory)
    assert sign.spread < 0.01
    assert sign.power == pytest.approx(0.0)
    text = "def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return m * lr, m"
    assert find_traits(parse(text), trajectory).memory == pytest.approx(1.0, abs=0.05)  # b / (1 - b)
    decay = find_traits(load_program("signum").with_hyperparameters({"weight_decay": 1.0}), trajectory)
    assert 0.05 < decay.decay < 1.0
