"""What a training is worth against tuned AdamW's on the same seed, and when it is hopeless.

A candidate leaves early when its loss on a part of the validation split is hopeless: it must keep a share of the
reference's progress that grows from 5 % to 50 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lionsearch.evaluation.plan import Seeds
from lionsearch.evaluation.references import Reference
from lionsearch.evaluation.training import Outcome
from lionsearch.records import Failure, FailureKind, TaskResult
from lionsearch.tasks.spec import TaskSpec

_FIRST_SHARE, _LAST_SHARE = 0.05, 0.5


def non_finite(outcome: Outcome, spec: TaskSpec) -> Failure:
    """Return the failure of a training whose loss was no number."""
    done = int(outcome.chunks) * spec.steps // spec.chunks
    return Failure(FailureKind.NON_FINITE, f"the loss was not finite after {done} of {spec.steps} steps")


class Judge:
    """Judges trainings on one task.

    Args:
        spec: the task.
        reference: `reference(seed, split)`, tuned AdamW's result.
    """

    def __init__(self, spec: TaskSpec, reference: Callable[[int, str], Reference]):
        self._spec, self._reference = spec, reference

    def limits(self, seed: int, seeds: Seeds) -> np.ndarray:
        """Return float32 (chunks,), the loss on the probe above which training ends after each chunk."""
        chunks = self._spec.chunks
        if not seeds.early_exit:
            return np.full(chunks, np.inf, np.float32)
        reference = self._reference(seed, seeds.split)
        share = np.linspace(_FIRST_SHARE, _LAST_SHARE, chunks)
        progress = reference.probe_chance - np.array(reference.curve)
        limits = np.where(progress > 0, reference.probe_chance - share * progress, np.inf)
        return limits.astype(np.float32)

    def failure(self, outcome: Outcome, seed: int, seeds: Seeds) -> Failure | None:
        """Return why a training has no score; None if it has one."""
        chunks, total = int(outcome.chunks), self._spec.chunks
        done = chunks * self._spec.steps // total
        last = float(outcome.curve[chunks - 1])
        chance = self._reference(seed, seeds.split).chance  # which is an error if the task has none
        if not np.isfinite(last):
            return non_finite(outcome, self._spec)
        limit = float(self.limits(seed, seeds)[chunks - 1])
        if last > limit:
            detail = f"after {done} of {self._spec.steps} steps the loss was {last:.4g}; at most {limit:.4g} goes on"
            return Failure(FailureKind.NO_PROGRESS, detail)
        if not np.isfinite(outcome.loss):
            return non_finite(outcome, self._spec)
        if outcome.loss >= chance:  # the probe can miss what explodes on a few examples
            detail = f"the final loss was {float(outcome.loss):.4g}; an untrained network's is {chance:.4g}"
            return Failure(FailureKind.NO_PROGRESS, detail)
        return None

    def summarize(self, outcomes: Sequence[Outcome], seeds: Seeds) -> TaskResult:
        """Return what trainings that did not fail amount to, one for each seed."""
        scores = [
            self._reference(seed, seeds.split).score(float(outcome.loss))
            for seed, outcome in zip(seeds.seeds, outcomes, strict=True)
        ]
        names = sorted(outcomes[0].metrics)
        metrics = tuple((name, float(np.mean([o.metrics[name] for o in outcomes]))) for name in names)
        loss = float(np.mean([float(outcome.loss) for outcome in outcomes]))
        return TaskResult(self._spec.name, loss, float(np.mean(scores)), metrics=metrics, scores=tuple(scores))
