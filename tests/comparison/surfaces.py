"""Trainings that a formula makes: the loss is a bowl over learning rate and weight decay, and a little of the seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.procedure import Procedure
from lionsearch.evaluation.trials import Training, Trial
from lionsearch.graph import check_program
from lionsearch.records import Failure, FailureKind

PLAIN = Contestant("plain", check_program("def train(w, g, lr, *, lr_scale=0.01): return g * lr * lr_scale"))
DECAYED = Contestant(
    "decayed",
    check_program(
        "def train(w, g, lr, *, lr_scale=0.01, weight_decay=0.1): return (g + w * weight_decay) * lr * lr_scale"
    ),
)
FAILS = Training(None, failure=Failure(FailureKind.NON_FINITE, "it exploded"))


def decay_of(trial: Trial) -> float | None:
    return dict(trial.program.hyperparameters).get("weight_decay")


def bowl(best: float, best_decay: float = 0.0, steep: float = 1.0, explodes: float = math.inf):
    """Return the loss of a trial: least at a factor of the rate and a decay; none above a factor."""

    def loss(trial: Trial) -> float | None:
        if trial.factor > explodes:
            return None
        decay = decay_of(trial) or 0.0
        return 1 + steep * math.log2(trial.factor / best) ** 2 + abs(math.log10((decay + 0.003) / (best_decay + 0.003)))

    return loss


def answer(trial: Trial, loss: Callable[[Trial], float | None]) -> Training:
    found = loss(trial)
    noise = 1e-6 * random.Random(f"{trial.seed} {trial.split}").random()
    return FAILS if found is None else Training(found + noise, chance=10.0, metrics=(("accuracy", 1 / found),))


def follow(procedure: Procedure, loss: Callable[[Trial], float | None]) -> tuple[object, list[Trial]]:
    """Run a procedure to its end; return its result and all trials that it asked for."""
    asked: list[Trial] = []
    found: list[Training] | None = None
    while True:
        try:
            wanted: Sequence[Trial] = next(procedure) if found is None else procedure.send(found)
        except StopIteration as end:
            return end.value, asked
        asked += wanted
        found = [answer(trial, loss) for trial in wanted]


class Bowls:
    """A pool that answers by formulas, in an order that is shuffled, a few at a time."""

    def __init__(
        self, losses: dict[str, Callable[[Trial], float | None]], order: int = 0, dies_after: int | None = None
    ):
        self._losses, self._random, self._left = losses, random.Random(order), dies_after
        self.asked: list[Trial] = []
        self._queue: list[Trial] = []

    def submit(self, request: Trial) -> None:
        self.asked.append(request)
        self._queue.append(request)

    def collect(self) -> list[tuple[Trial, Training]]:
        self._random.shuffle(self._queue)
        taken = [self._queue.pop() for _ in range(self._random.randint(1, len(self._queue)))]
        if self._left is not None:
            self._left -= len(taken)
            if self._left < 0:
                raise KeyboardInterrupt
        return [(trial, answer(trial, self._losses[trial.task])) for trial in taken]

    def forget(self, unwanted: Callable[[Trial], bool]) -> None:
        self._queue = [trial for trial in self._queue if not unwanted(trial)]

    def fingerprint_tasks(self) -> dict[str, str]:
        return {task: f"code of {task}" for task in self._losses}

    def close(self) -> None:
        self._queue.clear()
