"""A program that is compared, and the trials that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lionsearch.evaluation.trials import Trial
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Kind, Program


@dataclass(frozen=True)
class Contestant:
    """A program and what to call it.

    Attributes:
        name: unique among those that are compared.
        program: any valid one.
    """

    name: str
    program: Program

    @cached_property
    def live(self) -> Program:
        """The program without dead code."""
        return remove_dead_code(self.program)

    @property
    def weight_decay(self) -> float | None:
        """Its own weight decay; None for a program without one."""
        return dict(self.live.hyperparameters).get("weight_decay")

    @property
    def rate(self) -> float:
        """Its learning rate by itself, in units of the task's."""
        return dict(self.live.hyperparameters).get("lr_scale", 0.001) / 0.001

    @property
    def slots(self) -> int:
        """State slots of the size of the weights."""
        return sum(kind is Kind.TENSOR for _, kind in self.live.state)

    def trial(self, task: str, factor: float, weight_decay: float | None, seed: int, split: str) -> Trial:
        """Return one training with it.

        Args:
            task: the task's name.
            factor: of the task's learning rate.
            weight_decay: None for a program without one.
            seed: of initial weights and batches.
            split: `validation` or `test`.
        """
        program = self.live
        if weight_decay is not None:
            program = program.with_hyperparameters({"weight_decay": weight_decay})
        return Trial(task, fingerprint(program), program, factor, seed, split)
