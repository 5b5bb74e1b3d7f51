"""Durations as people write them."""

from __future__ import annotations

import re

from lionsearch.errors import SettingError, quote

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+|\d+(?:\.\d+)?")


def parse_duration(text: str | float) -> float:
    """Return the seconds of a duration: a number of seconds, or text with units.

    Raises:
        SettingError: if it is none, or no longer than nothing.

    Examples:
        >>> parse_duration("90"), parse_duration("20m"), parse_duration("1h30m")
        (90.0, 1200.0, 5400.0)
    """
    if isinstance(text, str) and (len(text) > 40 or not _WHOLE.fullmatch(text)):
        raise SettingError(f"{quote(text)} is no duration; expected a number of seconds, or such as 90s, 20m, 1h30m")
    if isinstance(text, str):
        seconds = sum(float(number) * _UNITS[unit or "s"] for number, unit in _PART.findall(text))
    else:
        seconds = float(text)
    if not seconds > 0:
        raise SettingError(f"a duration of {text} is no time at all; expected such as 90s, 20m, 1h30m")
    return seconds
