import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from strategies import programs, run_updates, same_numbers

from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.lang import Kind, Program, Statement, parse

ADAMISH = parse("def train(w, g, m, lr, t, *, b1=0.9, decay=0.1):\n  m = interp(g, m, b1)\n  return m + w * decay, m")


def test_variables_before_the_first_statement():
    assert ADAMISH.inputs == ("w", "g", "lr", "t")
    assert ADAMISH.initial_variables == ("w", "g", "lr", "t", "m", "b1", "decay")


def test_state_is_every_slot_with_its_kind():
    program = parse("def train(w, g, m, r: row, lr): return g, m, r")
    assert program.state == (("m", Kind.TENSOR), ("r", Kind.ROW))
    assert program.initial_variables == ("w", "g", "lr", "m", "r")
    assert ADAMISH.state == (("m", Kind.TENSOR),)
    assert Program((), "g").state == ()


def test_slots_that_are_all_tensors_have_one_form():
    plain = Program((), "g", ("m", "v"))
    explicit = Program((), "g", ("m", "v"), (Kind.TENSOR, Kind.TENSOR))
    assert explicit == plain
    assert hash(explicit) == hash(plain)
    assert replace(plain, slot_kinds=(Kind.TENSOR, Kind.TENSOR)).slot_kinds == ()
    assert Program((), "g", ("m", "v"), (Kind.TENSOR, Kind.ROW)).slot_kinds == (Kind.TENSOR, Kind.ROW)
    assert Program((), "g", ("m", "v"), (Kind.TENSOR, Kind.ROW)) != plain


def test_a_kind_for_each_slot_or_none():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        _ = Program((), "g", ("m", "v"), (Kind.ROW,)).state


def test_settings_say_how_the_inputs_asked_for_are_computed():
    text = "def train(w, g, lr, h, g_ahead, t, *, b1=0.9, rho=0.2, anchor_every=5): return g * h * b1 * t + g_ahead"
    program = parse(text)
    assert program.settings == {"hessian_every": 1.0, "rho": 0.2}
    assert program.with_hyperparameters({"rho": 0.3}).settings == {"hessian_every": 1.0, "rho": 0.3}
    assert parse("def train(w, g, lr, g_anchor, g_full): return g - g_anchor + g_full").settings == {
        "anchor_every": 30.0
    }
    assert ADAMISH.settings == {}


def test_programs_are_frozen_values():
    with pytest.raises(FrozenInstanceError):
        ADAMISH.update = "g"
    with pytest.raises(FrozenInstanceError):
        ADAMISH.statements[0].target = "g"
    again = pickle.loads(pickle.dumps(ADAMISH))
    assert again == ADAMISH
    assert hash(again) == hash(ADAMISH)


def test_with_hyperparameters_replaces_some_defaults():
    changed = ADAMISH.with_hyperparameters({"decay": 1})
    assert changed.hyperparameters == (("b1", 0.9), ("decay", 1.0))
    assert ADAMISH.hyperparameters == (("b1", 0.9), ("decay", 0.1))
    assert changed.with_hyperparameters({"decay": 0.1}) == ADAMISH


def test_with_hyperparameters_names_what_there_is():
    with pytest.raises(UnknownNameError, match="unknown hyperparameter 'b2'; expected one of: b1, decay"):
        ADAMISH.with_hyperparameters({"b2": 0.5})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_with_hyperparameters_takes_finite_numbers(value):
    with pytest.raises(SettingError, match=r"hyperparameter 'decay' is (nan|inf); expected a finite number"):
        ADAMISH.with_hyperparameters({"decay": value})


@pytest.mark.parametrize("value", [0.5, 0, -1, 2.5])
def test_a_period_is_a_whole_number_of_steps(value):
    program = parse("def train(w, g, lr, h, *, hessian_every=10): return g / h * lr")
    assert program.with_hyperparameters({"hessian_every": 3}).settings == {"hessian_every": 3.0}
    with pytest.raises(SettingError, match=r"'hessian_every' is .*; expected a whole number of steps, 1 or more"):
        program.with_hyperparameters({"hessian_every": value})


def test_inlining_keeps_what_says_how_an_input_is_computed():
    program = parse(
        "def train(w, g, r: row, lr, h, g_ahead, *, b1=0.5, hessian_every=10, rho=0.2, b2=2):\n"
        "  x = h * b1 + g_ahead * rho\n  return x * b2, r"
    )
    inlined = program.inline_hyperparameters()
    assert inlined.hyperparameters == (("hessian_every", 10.0), ("rho", 0.2))
    assert inlined.statements == (
        Statement("v1", "multiply", ("h", 0.5)),
        Statement("v2", "multiply", ("g_ahead", "rho")),
        Statement("x", "add", ("v1", "v2")),
        Statement("v3", "multiply", ("x", 2.0)),
    )
    assert inlined.settings == program.settings == {"hessian_every": 10.0, "rho": 0.2}
    assert inlined.state == program.state == (("r", Kind.ROW),)
    assert inlined.inline_hyperparameters() == inlined


def test_inlining_stops_where_the_name_is_written():
    program = parse(
        "def train(w, g, lr, *, b1=0.5, b2=2):\n  x = g * b1\n  b1 = b1 + b2\n  y = x * b1\n  return y * b2"
    ).inline_hyperparameters()
    assert program.hyperparameters == ()
    assert program.statements[:3] == (
        Statement("x", "multiply", ("g", 0.5)),
        Statement("b1", "add", (0.5, 2.0)),
        Statement("y", "multiply", ("x", "b1")),
    )


def test_inlining_a_hyperparameter_that_is_the_update():
    program = Program((), "b1", hyperparameters=(("b1", 0.5),))
    assert program.inline_hyperparameters() == Program((Statement("b1", "copy", (0.5,)),), "b1")


@given(programs() | programs(everything=True))
def test_inlining_changes_no_number(program):
    inlined = program.inline_hyperparameters()
    assert inlined.hyperparameters == ()
    assert inlined.inline_hyperparameters() is inlined
    assert inlined.state == program.state
    for (one, _), (two, _) in zip(run_updates(program), run_updates(inlined), strict=True):
        assert same_numbers(one, two)
