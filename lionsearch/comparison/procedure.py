"""What needs trainings, as a generator: it yields the trials it wants next and is sent what came of them.

A procedure is pure: what it wants follows from what it was sent. So it may be stopped anywhere and run again over what
is stored, and many of them may wait for trainings at once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from lionsearch.evaluation.trials import Training, Trial

R = TypeVar("R")
Procedure: TypeAlias = Generator[Sequence[Trial], list[Training], R]
