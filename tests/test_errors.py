import inspect
import pickle

import pytest

from lionsearch import errors
from lionsearch.errors import LionSearchError, Location, ProgramError, UnknownNameError, nearest_hint, one_line, quote

CLASSES = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, Exception)]


def test_every_error_stands_in_the_tree_at_the_top():
    for error in CLASSES:
        assert issubclass(error, LionSearchError)
        assert error.__name__ in errors.__doc__
    for line in errors.__doc__.splitlines():
        if "──" in line:
            name = line.split("── ")[1].split()[0]
            error = getattr(errors, name)
            for builtin in ("SyntaxError", "LookupError", "ValueError", "FileNotFoundError"):
                assert (f"(also a {builtin})" in line) == issubclass(error, __builtins__[builtin])


def test_program_error_quotes_the_place():
    error = ProgramError("wrong", Location(2, 3), "a\nbcd\n", "mine.py")
    assert str(error) == "mine.py:2:3: wrong\n  bcd\n    ^"


@pytest.mark.parametrize("location", [None, Location(9, 1), Location(1, 1)])
def test_program_error_without_a_line_to_quote(location):
    error = ProgramError("wrong", location)
    assert str(error) == ("<program>: wrong" if location is None else f"<program>:{location.line}:1: wrong")


@pytest.mark.parametrize(
    "error",
    [
        ProgramError("wrong", Location(2, 3), "a\nbcd\n", "mine.py"),
        ProgramError("wrong"),
        UnknownNameError("task", "mnist", ["digits", "mnist5"], "mine.toml"),
        UnknownNameError("task", "x", []),
        *(error("a sentence") for error in CLASSES if error not in (ProgramError, UnknownNameError)),
    ],
)
def test_errors_survive_a_process_boundary(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_unknown_name_error_says_where_what_and_the_nearest():
    error = UnknownNameError("task", "mnist", ["digits", "mnist5"], "mine.toml")
    assert str(error) == "mine.toml: unknown task 'mnist'; did you mean 'mnist5'?"
    assert str(UnknownNameError("task", "mnist", [])) == "unknown task 'mnist'; there is none"


def test_nearest_hint_lists_what_there_is():
    assert nearest_hint("q", ["b", "a"]) == "expected one of: a, b"
    names = [f"n{i:02}" for i in range(20)]
    assert nearest_hint("xx", names).startswith("there are 20; the nearest: n")
    assert nearest_hint("m09", names) == "did you mean 'n09'?"


@pytest.mark.parametrize("mark", ["\x0c", "\x1c", "\x1d", "\x85", "\u2028"])
def test_a_quoted_line_stays_one_line_and_its_caret_in_place(mark):
    text = str(ProgramError("wrong", Location(1, 5), f"ab{mark}cd", "mine.py"))
    assert text.splitlines() == ["mine.py:1:5: wrong", "  ab\ufffdcd", "      ^"]


@pytest.mark.parametrize("column", [1, 5_000, 10_000, 20_000])
def test_of_a_long_line_the_part_around_the_place_is_quoted(column):
    _, quoted, caret = str(ProgramError("wrong", Location(1, column), "a" * 9_999 + "b", "mine.py")).splitlines()
    assert len(quoted) < 250
    assert caret.strip() == "^"
    assert len(caret) <= len(quoted) + 1
    if column == 10_000:
        assert quoted[len(caret) - 1] == "b"


def test_a_value_is_quoted_in_a_hundred_characters_or_so():
    for value in ("x" * 10**6, 10**5_000, [10**5_000], list(range(10**5)), {"a": "x" * 10**6}):
        assert len(quote(value)) < 120
    assert quote("x\ny") == r"'x\ny'"
    assert one_line(" a\n  b ") == "a b"
