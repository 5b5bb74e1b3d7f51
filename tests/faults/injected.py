"""What was injected and what was lost, at the end of a run of the faults."""

from __future__ import annotations

from typing import Any

FAULTS = "faults"


def print_faults(terminalreporter: Any) -> None:
    """Print a line for each test that says what it injected."""
    reports = terminalreporter.stats.get("passed", ())
    lines = [text for report in reports for name, text in report.user_properties if name == FAULTS]
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)
