"""A part of a test's cases by default, the others under the slow marker."""

from collections.abc import Iterable
from typing import Any

import pytest


def every(step: int, cases: Iterable[Any]) -> list[Any]:
    """Return the cases, all but every so-manieth marked as slow; a case of several arguments is a tuple."""
    return [
        case
        if index % step == 0
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
        for index, case in enumerate(cases)
    ]
