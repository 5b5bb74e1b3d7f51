import pytest

from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.runs.selection import parse_condition, sort_rows

COLUMNS = ("score", "statements")
ROWS = [{"score": 0.1, "statements": 5}, {"score": None, "statements": 3}, {"score": -0.2, "statements": 9}]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("score > 0.05", [0]),
        ("score > -0.5 and statements < 8", [0]),
        ("score > 0.05 or statements == 3", [0, 1]),
        ("not score > 0.05", [1, 2]),
        ("0 < statements <= 5", [0, 1]),
        (" (statements != 5) ", [1, 2]),
        ("1 > 2", []),
        ("score < statements", [0, 2]),
    ],
)
def test_conditions(text, fits):
    condition = parse_condition(text, COLUMNS)
    assert [number for number, row in enumerate(ROWS) if condition(row)] == fits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "score >",
        "score",
        "0.1",
        "score + 1 > 2",
        "score > 'a'",
        "score > True",
        "score is None",
        "score in (1, 2)",
        "f(score) > 1",
        "score.real > 1",
        "(lambda: 1)() > 0",
        "[x for x in score] > 0",
        "score := 3",
        "import os",
        "\0",
        "(" * 500 + "score > 1" + ")" * 500,
    ],
)
def test_all_else_is_refused(text):
    with pytest.raises(SettingError, match="expected comparisons of columns and numbers"):
        parse_condition(text, COLUMNS)


def test_a_deep_condition_does_not_end_python():
    try:
        condition = parse_condition("not " * 400 + "score > 1", COLUMNS)
    except SettingError:
        return  # where Python's parser goes less deep
    assert not condition(ROWS[0])


def test_a_long_condition_is_refused():
    with pytest.raises(SettingError, match="at most 2000 are read"):
        parse_condition("score > 1 and " * 200 + "score > 1", COLUMNS)


def test_an_unknown_column_has_its_nearest():
    with pytest.raises(UnknownNameError, match="unknown column 'statement'; did you mean 'statements'"):
        parse_condition("statement < 3", COLUMNS)
    with pytest.raises(UnknownNameError, match="unknown column 'scores'"):
        sort_rows(ROWS, "scores", COLUMNS, ())


def test_rows_are_sorted_and_those_without_a_value_come_last():
    assert [row["score"] for row in sort_rows(ROWS, "score", COLUMNS, ())] == [0.1, -0.2, None]
    assert [row["statements"] for row in sort_rows(ROWS, "statements", COLUMNS, ("statements",))] == [3, 5, 9]
