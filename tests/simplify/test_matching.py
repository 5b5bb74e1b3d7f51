import random

import pytest
from simplify.disguise import perturb

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.lang import parse
from lionsearch.simplify.matching import match_known, shipped_names


@pytest.mark.parametrize("name", ["lion", "adamw_debiased", "momentum", "adopt"])
def test_hyperparameters_come_back(name):
    program = perturb(load_program(name), random.Random(2))
    found = match_known(program, [name])
    assert [match.name for match in found] == [name]
    for key, value in program.hyperparameters:
        assert dict(found[0].hyperparameters)[key] == pytest.approx(value, rel=1e-4)


def test_the_special_method_comes_before_the_general_one():
    signum = load_program("signum")
    found = match_known(signum, ["lion", "signum"])
    assert [match.name for match in found] == ["signum", "lion"]
    lion = dict(found[1].hyperparameters)
    assert lion["b1"] == pytest.approx(lion["b2"])


def test_what_is_off_by_default_can_be_on_and_the_other_way_round():
    momentum = load_program("momentum").with_hyperparameters({"weight_decay": 0.3})
    assert dict(match_known(momentum, ["momentum"])[0].hyperparameters)["weight_decay"] == pytest.approx(0.3)
    lion = load_program("lion").with_hyperparameters({"weight_decay": 0.0})
    assert dict(match_known(lion, ["lion"])[0].hyperparameters)["weight_decay"] == 0


def test_close_is_not_equal():
    text = "def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return tanh(m) * lr, m"
    assert match_known(parse(text)) == []


def test_shipped_names_are_the_files():
    assert list(shipped_names()) == sorted(path.stem for path in PROGRAMS.shipped.glob("*.py"))
