"""What the contracts came to, at the end of a run: taken from the reports, which the workers of xdist send too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from contracts.keeping import CONTRACT, REASON


def print_contracts(terminalreporter: Any) -> None:
    """Print a line for each contract that was asked for."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    lines = summarize(reports)
    if lines:
        terminalreporter.section("contracts")
        for line in lines:
            terminalreporter.line(line)


def summarize(reports: Iterable[Any]) -> list[str]:
    """Return a line for each contract: how often it ran, was kept, and was not possible and why."""
    ran: dict[str, Counter[str]] = {}
    why: dict[str, Counter[str]] = {}
    for report in reports:
        noted = dict(report.user_properties)
        if CONTRACT not in noted or getattr(report, "when", "call") != "call":
            continue
        library = report.nodeid.rpartition("/")[2].partition(".")[0].removeprefix("test_")
        name = f"{library}: {noted[CONTRACT]}"
        outcome = "not possible" if REASON in noted and report.passed else report.outcome
        ran.setdefault(name, Counter())[outcome] += 1
        if outcome == "not possible":
            why.setdefault(name, Counter())[noted[REASON]] += 1
    return [_line(name, counts, why.get(name, Counter())) for name, counts in sorted(ran.items())]


def _line(name: str, counts: Counter[str], why: Counter[str]) -> str:
    reasons = "; ".join(f"{count} {reason}" for reason, count in why.most_common())
    line = f"{name}: {counts.total()} run, {counts['passed']} kept"
    line += f", {counts['failed']} broken" if counts["failed"] else ""
    return line + (f", {counts['not possible']} not possible ({reasons})" if reasons else "")
