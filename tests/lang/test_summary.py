from datetime import date

import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.lang import parse
from lionsearch.lang.summary import summarize

GROUPS = {
    "gradient",
    "momentum",
    "adaptive",
    "sign",
    "layerwise",
    "matrix",
    "second-order",
    "variance-reduction",
    "parameter-free",
    "averaging",
    "clipping",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in PROGRAMS.shipped.glob("*.py")))
def test_every_shipped_program_says_what_it_is(name):
    summary = summarize(load_program(str(PROGRAMS.shipped / f"{name}.py")))
    assert summary.title.endswith(".")
    assert len(summary.title) <= 92
    assert summary.equations
    assert any("w <- " in line for line in summary.equations)
    assert summary.year is not None
    assert 1940 <= summary.year <= date.today().year
    assert summary.group in GROUPS


def test_a_program_without_a_docstring_has_empty_fields():
    summary = summarize(parse("def train(w, g, lr): return g * lr"))
    assert (summary.title, summary.equations, summary.notes, summary.source, summary.year) == ("", (), "", "", None)
    assert (summary.group, summary.state, summary.needs) == ("", "0", ())


def test_the_parts_of_a_docstring():
    equations, notes = "    w <- w - g\n    m <- 2 m\n", "A note,\nof two lines.\n"
    text = f'"""One.\n\n{equations}\n{notes}\nSource: Who 1999, where 2003.\nGroup: sign\n"""\n'
    summary = summarize(parse(text + "def train(w, g, lr): return g * lr"))
    assert summary.title == "One."
    assert summary.equations == ("w <- w - g", "m <- 2 m")
    assert summary.notes == "A note,\nof two lines."
    assert (summary.source, summary.year, summary.group) == ("Who 1999, where 2003.", 1999, "sign")


def test_state_and_needs():
    text = (
        "def train(w, g, m, v, a: scalar, b: scalar, r: row, l: left, lr, t, h):\n"
        "    l = matmul(l, l)\n    return g * h * t * r * a * b, m, v, a, b, r, l"
    )
    summary = summarize(parse(text))
    assert summary.state == "2, 2 x scalar, row, left square"
    assert summary.needs == ("t", "h", "matrices")
