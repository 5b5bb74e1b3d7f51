from xml.etree import ElementTree

import pytest

from lionsearch.archive.targets import load_target
from lionsearch.catalog import PROGRAMS
from lionsearch.reports.portrait import portray, write_mathml


def test_a_program_has_text_equations_a_graph_and_a_file():
    found = portray(*load_target("lion"), "x")
    assert found.text.startswith('"""Lion')
    ElementTree.fromstring(found.mathml)
    ElementTree.fromstring(found.graph)
    assert "with $" in found.latex
    assert not found.latex.startswith("%")
    assert "lionsearch export lion --to optax" in found.optax
    assert found.why == ()


def test_a_graph_takes_its_colours_from_the_page():
    graph = portray(*load_target("adam"), "x").graph
    assert not [color for color in ("#d9e8f6", "#fbe3c0", "#555555", "#888888", "#ffffff") if color in graph]
    assert "var(--state)" in graph


@pytest.mark.thorough
def test_the_equations_of_every_shipped_program_become_mathml():
    for name in PROGRAMS.names()[::5]:
        found = portray(*load_target(name), "x")
        assert found.mathml.startswith("<math ") or not found.latex, name


def test_what_is_no_equation_is_no_mathml():
    assert write_mathml("") == ""
    assert write_mathml(r"\begin{align*} \frac{ \end{align*}") == ""
