import json
from pathlib import Path

import pytest

from lionsearch.identification import forms
from lionsearch.identification.forms import find_forms, name_form
from lionsearch.identification.matching import load_known, shipped_names
from lionsearch.lang import parse


@pytest.mark.thorough
def test_the_forms_that_are_kept_are_those_of_the_programs():
    kept = json.loads(Path(forms.__file__).with_name("forms.json").read_text())
    assert kept == find_forms(), "write them anew: python -m lionsearch.identification.forms"


def test_every_known_program_has_its_own_form():
    for name in shipped_names():
        assert name in name_form(load_known(name)).split(", ")


def test_constants_and_names_are_no_matter_of_form():
    text = "def train(w, g, a, b, lr):\n  b = b * 0.7 + g * g * 0.3\n  a = interp(g, a, 0.5)\n"
    assert name_form(parse(text + "  return a / sqrt(b) * lr * 7, a, b")) == "adamw, adamw_nobias"
    assert name_form(parse(text + "  return a / log(b) * lr, a, b")) == ""
