import random
from dataclasses import replace

import pytest
from simplification.disguise import perturb

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.identification.matching import load_known, match_known, shipped_names
from lionsearch.lang import parse


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


def test_decays_near_1_are_read_to_the_digits_of_their_distance():
    adam = load_program("adam").with_hyperparameters({"b2": 0.9999996})
    found = dict(match_known(adam, ["adam"])[0].hyperparameters)
    assert found["b2"] == pytest.approx(0.9999996, abs=1e-11)
    assert found["lr_scale"] == pytest.approx(0.001, rel=1e-3)


def test_eps_can_be_off():
    found = match_known(load_program("adam").with_hyperparameters({"eps": 0.0}), ["adam"])
    assert dict(found[0].hyperparameters)["eps"] == 0


def test_the_order_of_inputs_is_no_difference():
    svrg = load_program("svrg")
    turned = replace(svrg, optional_inputs=svrg.optional_inputs[::-1])
    assert [match.name for match in match_known(turned, ["svrg"])] == ["svrg"]


def test_a_program_of_the_same_name_in_the_working_folder_is_not_meant(tmp_path, monkeypatch):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "lion.py").write_text("def train(w, g, lr): return g * lr")
    monkeypatch.chdir(tmp_path)
    assert load_known("lion").slots == ("m",)
    assert load_known("clip_norm(lion)").slots == ("m",)
