import math

import pytest

from lionsearch.errors import SettingError
from lionsearch.runs.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("2d", 172800),
        (3, 3),
        (0.5, 0.5),
        (math.inf, math.inf),
    ],
)
def test_durations_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5x", "m5", "-5m", "1h 30m", "0", "0m", 0, -1, math.nan, "9" * 50])
def test_what_is_no_duration(text):
    with pytest.raises(SettingError, match="90s, 20m, 1h30m"):
        parse_duration(text)
