import pytest

from lionsearch.lang import INPUTS, OPERATIONS, OPTIONAL_INPUTS, REQUIRED_INPUTS, Kind, parse


def test_inputs_are_the_required_ones_and_then_the_others():
    assert tuple(INPUTS) == (*REQUIRED_INPUTS, *OPTIONAL_INPUTS)
    assert tuple(OPTIONAL_INPUTS) == ("t", "loss", "h", "h_gnb", "g_ahead", "g_anchor", "g_full")
    assert all(OPTIONAL_INPUTS[name] == INPUTS[name].description for name in OPTIONAL_INPUTS)
    assert all(row.description and "\n" not in row.description for row in INPUTS.values())


def test_kinds_of_inputs():
    scalars = {name for name, row in INPUTS.items() if row.kind is Kind.SCALAR}
    assert scalars == {"lr", "t", "loss"}
    assert {row.kind for row in INPUTS.values()} == {Kind.SCALAR, Kind.TENSOR}


def test_settings_of_inputs():
    assert {name: row.setting for name, row in INPUTS.items() if row.setting} == {
        "h": ("hessian_every", 1.0),
        "h_gnb": ("hessian_every", 1.0),
        "g_ahead": ("rho", 0.05),
        "g_anchor": ("anchor_every", 30.0),
        "g_full": ("anchor_every", 30.0),
    }
    settings = {row.setting[0] for row in INPUTS.values() if row.setting is not None}
    assert settings == {"hessian_every", "rho", "anchor_every"}
    assert not settings & {*INPUTS, *OPERATIONS}  # they are hyperparameters


@pytest.mark.parametrize("name", OPTIONAL_INPUTS)
def test_every_optional_input_and_its_setting_is_in_the_language(name):
    setting = INPUTS[name].setting
    settings = "" if setting is None else f", *, {setting[0]}=7"
    program = parse(f"def train(w, g, lr, {name}{settings}): return g * {name}")
    assert program.optional_inputs == (name,)
    assert program.settings == ({} if setting is None else {setting[0]: 7.0})
