import ast

import pytest

from lionsearch.errors import Location, ProgramError
from lionsearch.lang.source import Source, construct, number


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2.0), ("-2.5", -2.5), ("1e400", float("inf")), ("x", None), ("True", None), ("--2", None), ("'2'", None)],
)
def test_a_number_is_a_literal_with_at_most_one_sign(text, value):
    assert number(ast.parse(text, mode="eval").body) == value


def test_a_whole_number_beyond_floats_is_infinite():
    assert number(ast.parse(str(10**400), mode="eval").body) == float("inf")


def test_places_are_in_characters():
    source = Source("def train(w, g, lr):\n  return 'ä' + x\n", "mine.py")
    function, _ = source.function()
    assert source.place(function.body[0].value.right) == Location(2, 16)


def test_errors_name_file_and_place():
    source = Source("def train(w, g, lr):\n  return g\n", "mine.py")
    function, description = source.function()
    assert description == ""
    assert str(source.error(function.body[0], "no")).startswith("mine.py:2:3: no")


@pytest.mark.parametrize("name", ["sin", "max", "größe"])
def test_names_that_a_variable_cannot_have(name):
    with pytest.raises(ProgramError, match=name):
        Source("", "mine.py").check_name(ast.Name(name), name)


def test_pieces_of_syntax_have_names():
    kinds = [construct(node) for node in ast.parse("import os\nfor x in y: pass\nlambda: 1\na: int\nnonlocal z").body]
    assert kinds == ["'import'", "'for'", "an expression without a name", "an annotation", "'Nonlocal'"]


def test_python_itself_prints_nothing_about_a_text(recwarn):
    for text in ("def train(w, g, lr): return 9if g else 1", 'def train(w, g, lr): return "\\z"'):
        Source(text, "mine.py").function()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("text", "message"),
    [("x" * 200_001, "the text has 200001 characters"), ("\n" + "x" * 4_001, ":2:1: a line of 4001 characters")],
)
def test_what_is_too_long_is_refused_before_it_is_parsed(text, message):
    with pytest.raises(ProgramError, match=message):
        Source(text, "mine.py")
