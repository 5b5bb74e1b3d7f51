"""A contract for every subject, and what is not possible with its reason, which is tried too: it has to fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from contracts.subjects import SUBJECTS
from sampling import every

CONTRACT, REASON = "contract", "not possible"
"""The properties of a test that the summary counts by."""


@dataclass(frozen=True)
class Contract:
    """What is asked.

    Attributes:
        check: raises where a subject does not keep it; its name says what is kept.
        step: one subject in so many is asked by default; none if 0.
        subjects: of whom it is asked.
    """

    check: Callable[[str], None]
    step: int
    subjects: Sequence[str] = SUBJECTS

    @property
    def name(self) -> str:
        """What is kept, in words."""
        return self.check.__name__.replace("_", " ")


@dataclass(frozen=True)
class NotPossible:
    """Whom a contract cannot be asked.

    Attributes:
        contracts: the functions that check them; all if empty.
        subjects: who.
        reason: why.
        fails: a pattern in what is raised.
    """

    contracts: Collection[Callable[[str], None]]
    subjects: Collection[str]
    reason: str
    fails: str

    def holds(self, contract: Contract, subject: str) -> bool:
        """Whether it is about a contract and a subject."""
        return (not self.contracts or contract.check in self.contracts) and subject in self.subjects


def cases(contracts: Sequence[Contract], turn: int = 0) -> list[Any]:
    """Return each contract with each subject.

    Args:
        contracts: all that are asked.
        turn: by how many subjects each contract starts after the one before it, so that others are asked by default.
    """
    found = []
    for number, contract in enumerate(contracts):
        shift = turn * number % len(contract.subjects)
        asked = [(contract, subject) for subject in (*contract.subjects[shift:], *contract.subjects[:shift])]
        found += (
            every(contract.step, asked)
            if contract.step
            else [pytest.param(*case, marks=pytest.mark.slow) for case in asked]
        )
    return found


def keep(contract: Contract, subject: str, table: Sequence[NotPossible], record: Callable[[str, str], None]) -> None:
    """Fail unless the subject keeps the contract, or is in the table and does not."""
    record(CONTRACT, contract.name)
    row = next((row for row in table if row.holds(contract, subject)), None)
    if row is None:
        contract.check(subject)
        return
    record(REASON, row.reason)
    try:
        contract.check(subject)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        assert re.search(row.fails, found), found
        return
    pytest.fail(f"{subject} keeps it, and stands in the table as one that cannot: {row.reason}")


def label(value: Any) -> str:
    """Return how a test is named by a contract or a subject."""
    return value.name if isinstance(value, Contract) else value
