"""An optimizer that is compared, a program or a rival, and the trials that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lionsearch.evaluation.optimizer import Optimizer, learning_rate, rate_of, weight_decay_of, with_weight_decay
from lionsearch.evaluation.trials import Trial
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.spec import TaskSpec


@dataclass(frozen=True)
class Contestant:
    """An optimizer and what to call it.

    Attributes:
        name: unique among those that are compared.
        optimizer: any valid program, or a rival whose name was resolved.
        share: of a task's steps that it trains for.
    """

    name: str
    optimizer: Optimizer
    share: float = 1.0

    @cached_property
    def live(self) -> Optimizer:
        """The program without dead code; a rival as it is."""
        return self.optimizer if isinstance(self.optimizer, RivalSpec) else remove_dead_code(self.optimizer)

    @property
    def weight_decay(self) -> float | None:
        """Its own weight decay; None for one without."""
        return weight_decay_of(self.live)

    @property
    def takes_rate(self) -> bool:
        """Whether it has a learning rate; a rival with a line search has none."""
        return rate_of(self.live) is not None

    @property
    def statements(self) -> int | None:
        """Live statements of a program; None for a rival."""
        return None if isinstance(self.live, RivalSpec) else len(self.live.statements)

    def learning_rate(self, task: TaskSpec, factor: float) -> float | None:
        """Return the peak of its learning rate on a task at a factor of its own; None if it has none."""
        return learning_rate(self.live, task, factor)

    def trial(self, task: str, factor: float, weight_decay: float | None, seed: int, split: str) -> Trial:
        """Return one training with it.

        Args:
            task: the task's name.
            factor: of the task's learning rate.
            weight_decay: None for an optimizer without one.
            seed: of initial weights and batches.
            split: `validation` or `test`.
        """
        given = with_weight_decay(self.live, weight_decay)
        digest = given.fingerprint if isinstance(given, RivalSpec) else fingerprint(given)
        return Trial(task, digest, given, factor, seed, split, self.share)
