"""Every public name is there, is documented, and has an example; the doctests of its module run it."""

import subprocess
import sys
from pathlib import Path

import pytest

import lionsearch

SLOW = ["nearest"]
"""Whose example takes too long for a doctest; `tests/api/test_program_api.py` runs the same."""


def test_the_names_are_those_that_type_checkers_see():
    assert lionsearch.__all__ == sorted(lionsearch._HOME_OF)
    assert set(lionsearch.__all__) < set(dir(lionsearch))
    source = Path(lionsearch.__file__).read_text()
    for name, home in lionsearch._HOME_OF.items():
        assert f"    from {home} import {name} as {name}\n" in source


@pytest.mark.parametrize("name", lionsearch.__all__)
def test_a_public_name_is_documented_with_an_example(name):
    text = getattr(lionsearch, name).__doc__
    assert "Examples:\n" in text
    assert ">>> " in text
    assert ("+SKIP" in text) == (name in SLOW)


def test_importing_takes_no_time_and_loads_nothing_heavy():
    code = (
        "import sys, time; start = time.perf_counter(); import lionsearch; len(lionsearch.__all__);"
        " took = time.perf_counter() - start;"
        " print(took < 0.3, [name for name in ('jax', 'ray', 'numpy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True []\n"
