"""A raw program -> the shortest that does the same, and, where tasks are given, scores as well: stage after stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lionsearch.errors import SettingError
from lionsearch.evaluation.plan import limits_for
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.simplification.constants import merge_decays, name_constants, round_constants
from lionsearch.simplification.exact import simplify_exactly
from lionsearch.simplification.paired import Difference, PairedStage, Scorer
from lionsearch.simplification.removal import remove_little
from lionsearch.simplification.steps import Step, make_step
from lionsearch.simplification.tolerance import DEFAULT_TOLERANCE
from lionsearch.tasks.spec import TaskSpec

Listener = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Simplified:
    """What came of a simplification.

    Attributes:
        program: the result.
        steps: in order.
        unseen: the difference of its score from the given program's on seeds and examples that nothing was chosen by,
            neither a step nor taking one back; None without tasks.
        finished: False after an interrupt, before the result was checked on unseen seeds.
    """

    program: Program
    steps: tuple[Step, ...]
    unseen: Difference | None = None
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Judges:
    """What measures scores.

    Attributes:
        choosing: by which statements and digits are dropped.
        checking: on seeds that the first does not see; by it steps are taken back.
        reporting: on seeds and examples that neither sees.
        tolerance: what the result may lose, in units of the score: 1 is what tuned AdamW gains over no training.
    """

    choosing: Scorer
    checking: Scorer
    reporting: Scorer
    tolerance: float


def make_judges(
    program: Program, name: str, specs: Sequence[TaskSpec], seeds: int = 8, tolerance: float = DEFAULT_TOLERANCE
) -> Judges:
    """Return what judges simplifications of a program.

    Args:
        program: that will be simplified.
        name: what messages call it.
        specs: the tasks.
        seeds: paired trainings on each.
        tolerance: what a score may change by.

    Raises:
        SettingError: if the program does not train on one of the tasks.
    """
    limits = limits_for([program])
    runners = [TaskRunner(spec, limits) for spec in specs]
    choosing = Scorer(runners, seeds)
    failure = choosing.failure(program)
    if failure is not None:
        raise SettingError(f"{name} cannot be simplified on {failure}; give tasks on which it trains")
    check, report = (Scorer(runners, seeds, stage) for stage in (PairedStage.CHECK, PairedStage.REPORT))
    return Judges(choosing, check, report, tolerance)


def simplify(program: Program, judges: Judges | None = None, listener: Listener = lambda step: None) -> Simplified:
    """Return the shortest program found.

    Without judges only what changes nothing but rounding is done. With them, statements and digits that change
    the score by less than the tolerance go too, again and again from what was reached, as long as the whole loses less
    than that on unseen seeds. An interrupt from the keyboard ends that, with what was reached.

    Args:
        program: any valid program.
        judges: the tasks.
        listener: called with each step as it is made.
    """
    steps: list[Step] = []

    def record(step: Step) -> None:
        steps.append(step)
        listener(step)

    named = _name_and_shorten(program, record)
    if judges is None:
        return Simplified(named, tuple(steps))
    return _reduce(program, named, steps, judges, listener)


def _name_and_shorten(program: Program, record: Listener) -> Program:
    """Return the program exactly simplified, constants named; again, since a name can be taken out of a sum."""
    while True:
        exact, found = simplify_exactly(program)
        for step in found:
            record(step)
        named = name_constants(exact)
        if named == program:
            return named
        added = named.hyperparameters[len(exact.hyperparameters) :]
        if added:
            record(make_step("named", ", ".join(f"{value!r}  ->  {name}" for name, value in added), named))
        program = named


def _reduce(given: Program, exact: Program, steps: list[Step], judges: Judges, listener: Listener) -> Simplified:
    """Repeat the stages that change scores, each time from what was reached, until nothing more is in question."""
    history: list[tuple[Program, int]] = [(exact, len(steps))]
    try:
        return _reduce_and_check(given, steps, history, judges, listener)
    except KeyboardInterrupt:
        reached, kept = history[-1]
        return Simplified(reached, tuple(steps[:kept]), finished=False)


def _reduce_and_check(
    given: Program, steps: list[Step], history: list[tuple[Program, int]], judges: Judges, listener: Listener
) -> Simplified:
    def record(step: Step, reached: Program) -> None:
        steps.append(step)
        history.append((reached, len(steps)))
        listener(step)

    current = history[0][0]
    while True:
        base, tolerance, scorer = current, judges.tolerance, judges.choosing
        current = remove_little(current, base, scorer, tolerance, record)
        current = _name_and_shorten(current, lambda step, reached=current: record(step, reached))
        history.append((current, len(steps)))
        current = merge_decays(current, base, scorer, tolerance, record)
        current = round_constants(current, base, scorer, tolerance, record)
        history.append((current, len(steps)))
        if current == base:
            break
        if _loss(judges, current, given) > tolerance:
            break
    while len(history) > 1 and _loss(judges, history[-1][0], given) > judges.tolerance:
        history.pop()
    reached, kept = history[-1]
    back = [step.change for step in steps[kept:]]
    if back:
        del steps[kept:]
        steps.append(make_step("taken back", f"too much on fresh seeds: {'; '.join(back)}", reached))
        listener(steps[-1])
    return Simplified(reached, tuple(steps), judges.reporting.compare(reached, given))


def _loss(judges: Judges, program: Program, given: Program) -> float:
    """Return how much lower than the given one a program scores on fresh seeds of the task where it loses most."""
    difference = judges.checking.compare(program, given)
    return math.inf if difference is None else -min(difference.means)
