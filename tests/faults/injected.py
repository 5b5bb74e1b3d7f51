"""What was injected and what was lost, at the end of a run of the faults."""

from __future__ import annotations

from typing import Any

FAULTS = "faults"


def print_faults(terminalreporter: Any) -> None:
    """Print a line for each test that says what it injected, and how many others injected one fault each."""
    done = [each for each in terminalreporter.stats.get("passed", ()) if FAULTS in each.keywords]
    lines = [text for report in done for name, text in report.user_properties if name == FAULTS]
    others = len(done) - len(lines)
    failed = len(terminalreporter.stats.get("failed", ()))
    if lines:
        lines.append(f"{others} other faults (hangs, closed pipes, full disks, damage, dead Rays); failed: {failed}")
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)
