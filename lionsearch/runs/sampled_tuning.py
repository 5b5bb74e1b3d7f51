"""A program's learning rate and weight decay on a task, proposed by a sampler of Optuna instead of a grid.

Akiba et al. 2019, "Optuna", arXiv 1907.10902. The samplers: `tpe`, the tree-structured Parzen estimator of Bergstra et
al. 2011 ("Algorithms for hyper-parameter optimization", NeurIPS, section 4); `cmaes`, CMA-ES of Hansen and Ostermeier
2001; `random`, Bergstra and Bengio 2012 (JMLR 13). Importing this module imports Optuna.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import optuna

from lionsearch.errors import UnknownNameError
from lionsearch.evaluation.optimizer import Optimizer, weight_decay_of
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.runs.tune import GridPoint, TuneResult, tune_program

FACTORS = (2.0**-6, 2.0**6)
"""The least and the largest multiple of the program's own learning rate; log-uniform between."""

WEIGHT_DECAYS = (0.003, 10.0)
"""The least and the largest weight decay that is not 0; log-uniform between."""

WITHOUT_DECAY = 0.2
"""Share of the range that means a weight decay of 0."""

SAMPLERS: Mapping[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}


def tune_sampled(
    program: Optimizer,
    runner: TaskRunner,
    sampler: str,
    *,
    trials: int,
    seeds: int = 3,
    seed: int = 0,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> TuneResult:
    """Return the validation loss at every point that a sampler proposed, in the order it did.

    Args:
        program: as `tune_program` takes it.
        runner: the task.
        sampler: one of `SAMPLERS`.
        trials: how many points.
        seeds: trainings at each point; what the sampler is told is their mean.
        seed: of the sampler: the same proposals, given the same losses.
        listener: told how many of how many points are done.

    Raises:
        UnknownNameError: if there is no such sampler.
        TaskError: if the task cannot be used with the program.
    """
    if sampler not in SAMPLERS:
        raise UnknownNameError("sampler", sampler, SAMPLERS)
    has_decay = weight_decay_of(program) is not None
    points: list[GridPoint] = []

    def measure(trial: optuna.Trial) -> float:
        factor = trial.suggest_float("factor", *FACTORS, log=True)
        decay = decay_at(trial.suggest_float("decay", 0.0, 1.0)) if has_decay else 0.0
        [point] = tune_program(program, runner, seeds=seeds, factors=(factor,), decays=(decay,)).points
        points.append(point)
        listener(len(points), trials)
        return point.loss

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=SAMPLERS[sampler](seed), direction="minimize")
    study.optimize(measure, n_trials=trials)
    return TuneResult(runner.spec.name, tuple(points), seeds)


def decay_at(position: float) -> float:
    """Return the weight decay at a place from 0 to 1: none up to `WITHOUT_DECAY`, then evenly in the logarithm.

    One continuous range serves samplers that know no choices, such as CMA-ES.

    Examples:
        >>> [round(decay_at(position), 4) for position in (0.0, 0.2, 0.6, 1.0)]
        [0.0, 0.0, 0.1732, 10.0]
    """
    if position <= WITHOUT_DECAY:
        return 0.0
    least, largest = WEIGHT_DECAYS
    return least * (largest / least) ** ((position - WITHOUT_DECAY) / (1 - WITHOUT_DECAY))
