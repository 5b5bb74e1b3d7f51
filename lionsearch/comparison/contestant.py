"""An optimizer that is compared, a program or a rival, and the trials that it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lionsearch.evaluation.trials import Trial
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Program
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
    optimizer: Program | RivalSpec
    share: float = 1.0

    @cached_property
    def live(self) -> Program | RivalSpec:
        """The program without dead code; a rival as it is."""
        return self.optimizer if isinstance(self.optimizer, RivalSpec) else remove_dead_code(self.optimizer)

    @property
    def weight_decay(self) -> float | None:
        """Its own weight decay; None for one without."""
        live = self.live
        return live.weight_decay if isinstance(live, RivalSpec) else dict(live.hyperparameters).get("weight_decay")

    @property
    def takes_rate(self) -> bool:
        """Whether it has a learning rate; a rival with a line search has none."""
        return not isinstance(self.live, RivalSpec) or self.live.takes_rate

    @property
    def statements(self) -> int | None:
        """Live statements of a program; None for a rival."""
        return None if isinstance(self.live, RivalSpec) else len(self.live.statements)

    def learning_rate(self, task: TaskSpec, factor: float) -> float | None:
        """Return the peak of its learning rate on a task at a factor of its own; None if it has none."""
        live = self.live
        if isinstance(live, Program):
            scale = dict(live.hyperparameters).get("lr_scale", 0.001)
        elif live.takes_rate and live.lr_scale is not None:
            scale = live.lr_scale
        else:
            return None
        is_absolute = isinstance(live, RivalSpec) and live.is_absolute
        return factor * scale * (1.0 if is_absolute else task.learning_rate / 0.001)

    def trial(self, task: str, factor: float, weight_decay: float | None, seed: int, split: str) -> Trial:
        """Return one training with it.

        Args:
            task: the task's name.
            factor: of the task's learning rate.
            weight_decay: None for an optimizer without one.
            seed: of initial weights and batches.
            split: `validation` or `test`.
        """
        live = self.live
        if isinstance(live, RivalSpec):
            rival = live if weight_decay is None else live.with_weight_decay(weight_decay)
            return Trial(task, rival.fingerprint, rival, factor, seed, split, self.share)
        program = live if weight_decay is None else live.with_hyperparameters({"weight_decay": weight_decay})
        return Trial(task, fingerprint(program), program, factor, seed, split, self.share)
