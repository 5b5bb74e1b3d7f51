import pickle
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from strategies import programs, run_updates, same_numbers

from lionsearch.errors import UnknownNameError
from lionsearch.lang import Program, Statement, parse

ADAMISH = parse("def train(w, g, m, lr, t, *, b1=0.9, decay=0.1):\n  m = interp(g, m, b1)\n  return m + w * decay, m")


def test_variables_before_the_first_statement():
    assert ADAMISH.inputs == ("w", "g", "lr", "t")
    assert ADAMISH.initial_variables == ("w", "g", "lr", "t", "m", "b1", "decay")


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


@given(programs())
def test_inlining_changes_no_number(program):
    inlined = program.inline_hyperparameters()
    assert inlined.hyperparameters == ()
    assert inlined.inline_hyperparameters() is inlined
    for (one, _), (two, _) in zip(run_updates(program), run_updates(inlined), strict=True):
        assert same_numbers(one, two)
