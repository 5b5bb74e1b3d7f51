"""Entries of contestants -> scores against AdamW, and places, which those share who cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lionsearch.comparison.contest import ADAMW, Entry
from lionsearch.evaluation.estimate import Estimate, estimate
from lionsearch.evaluation.trials import Training

_WORST = -1.0


@dataclass(frozen=True, slots=True)
class TaskStanding:
    """A contestant on a task.

    Attributes:
        entry: its settings and trainings.
        scores: one for each seed: by how much the loss is below that of AdamW, tuned alike, on the same seed, in units
            of what AdamW gains over an untrained network in the mean over the seeds. Below -1, and what fails, is -1.
        lead: their mean, with its interval.
        place: by the mean of the scores; those share one that fail equally often and of whom none is better, seed by
            seed, with an interval that leaves out 0.
        tied: whether another one has its place.
    """

    entry: Entry
    scores: tuple[float, ...]
    lead: Estimate
    place: int
    tied: bool

    @property
    def failed(self) -> int:
        """Trainings that failed."""
        return sum(training.failure is not None for training in self.entry.trainings)

    @property
    def is_untrained(self) -> bool:
        """Whether no training gets below an untrained network: what was tuned are networks that do not learn."""
        pairs = [(each.loss, each.chance) for each in self.entry.trainings]
        return all(loss is not None and chance is not None and loss >= chance for loss, chance in pairs)

    @property
    def loss(self) -> Estimate | None:
        """The mean loss with its interval; None if a training failed."""
        losses = [training.loss for training in self.entry.trainings if training.loss is not None]
        return estimate(losses) if len(losses) == len(self.entry.trainings) else None

    @property
    def metrics(self) -> dict[str, Estimate]:
        """The task's own measures; none if a training failed."""
        each = [dict(training.metrics) for training in self.entry.trainings]
        names = each[0] if not self.failed else {}
        return {name: estimate([values[name] for values in each]) for name in names}

    @property
    def seconds(self) -> float | None:
        """The processor's least seconds for a step, which leaves out compiling; None if all trainings failed."""
        each = [training.seconds for training in self.entry.trainings if training.failure is None]
        return min(each, default=None)

    @property
    def state(self) -> float | None:
        """Numbers of state for each parameter; None if it is not known."""
        return next((each.state for each in self.entry.trainings if each.state is not None), None)

    @property
    def costs(self) -> tuple[float, float, float] | None:
        """Gradients, losses and Hessian-vector products of a step on a batch, in the mean; None if not known."""
        each = [training.costs for training in self.entry.trainings if training.costs is not None]
        if not each:
            return None
        gradients, losses, products = (fmean(values) for values in zip(*each, strict=True))
        return gradients, losses, products


@dataclass(frozen=True, slots=True)
class Standing:
    """A contestant over all tasks.

    Attributes:
        contestant: its name.
        lead: the mean over the tasks, with its interval over the seeds.
        place: as for a task, of that mean.
        tied: whether another one has its place.
        tasks: by name.
    """

    contestant: str
    lead: Estimate
    place: int
    tied: bool
    tasks: dict[str, TaskStanding]

    @property
    def shown_place(self) -> str:
        """The place as a table shows it, `2=` for one that is shared."""
        return f"{self.place}{'=' if self.tied else ''}"


def rank(entries: Sequence[Entry]) -> list[Standing]:
    """Return the standings, the best mean first.

    Args:
        entries: of every contestant on every task, AdamW among them, all with the same seeds; AdamW trains on each.

    Examples:
        >>> from lionsearch.comparison.tuning import Tuned
        >>> def enter(name, *losses):
        ...     tuned, trainings = Tuned(1.0, None, 0.0, 1), tuple(Training(loss, 2.0) for loss in losses)
        ...     return Entry(name, "digits", tuned, 0.001, trainings)
        >>> table = rank([enter(ADAMW, 1.0, 1.1, 1.2), enter("a", 0.8, 0.9, 0.99), enter("b", 1.05, 1.05, 1.21)])
        >>> [(each.contestant, each.shown_place, str(each.lead)) for each in table]
        [('a', '1', '+0.2259 ±0.0159'), ('adamw_debiased', '2=', '+0.0000 ±0.0000'), ('b', '2=', '-0.0037 ±0.1389')]
    """
    tasks = list(dict.fromkeys(entry.task for entry in entries))
    names = list(dict.fromkeys(entry.contestant for entry in entries))
    by_name = {(entry.contestant, entry.task): entry for entry in entries}
    scores = {
        (name, task): _score(by_name[name, task].trainings, by_name[ADAMW, task].trainings)
        for name in names
        for task in tasks
    }
    failed = {key: sum(training.loss is None for training in entry.trainings) for key, entry in by_name.items()}
    places = {task: _place({name: (failed[name, task], scores[name, task]) for name in names}) for task in tasks}
    means = {name: tuple(map(fmean, zip(*(scores[name, task] for task in tasks), strict=True))) for name in names}
    overall = _place({name: (sum(failed[name, task] for task in tasks), means[name]) for name in names})
    return [
        Standing(
            name,
            estimate(means[name]),
            *overall[name],
            {
                task: TaskStanding(
                    by_name[name, task], scores[name, task], estimate(scores[name, task]), *places[task][name]
                )
                for task in tasks
            },
        )
        for name in overall
    ]


def leave_out(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries of the tasks on which AdamW trains, and a sentence for each of the others.

    On those nothing can be measured against it.
    """
    reasons: dict[str, str] = {}
    for entry in entries:
        for training in entry.trainings if entry.contestant == ADAMW else ():
            if training.loss is None or training.chance is None or training.loss >= training.chance:
                found = "fails" if training.loss is None else f"ends at a loss of {training.loss:.4g}"
                reasons[entry.task] = (
                    f"task {entry.task!r} is left out: AdamW, tuned, {found}, no better than an untrained network"
                )
    return [entry for entry in entries if entry.task not in reasons], list(reasons.values())


def _score(trainings: Sequence[Training], reference: Sequence[Training]) -> tuple[float, ...]:
    theirs = [each.loss for each in reference if each.loss is not None]
    gains = [each.chance - each.loss for each in reference if each.loss is not None and each.chance is not None]
    assert len(theirs) == len(gains) == len(trainings), "what all are measured against trains with every seed"
    gain = fmean(gains)
    return tuple(
        _WORST if ours.loss is None else max((loss - ours.loss) / gain, _WORST)
        for ours, loss in zip(trainings, theirs, strict=True)
    )


def _place(found: dict[str, tuple[int, tuple[float, ...]]]) -> dict[str, tuple[int, bool]]:
    """Return each contestant's place, and whether it shares it, from how often it fails and its scores.

    They go by the mean, in which a training that fails counts as nothing learned. A place is shared by those that fail
    equally often and of whom none is better than another.
    """
    places: dict[str, int] = {}
    sharing: list[str] = []
    for number, name in enumerate(sorted(found, key=lambda name: -fmean(found[name][1])), 1):
        if any(_is_apart(found[other], found[name]) for other in sharing):
            sharing = []
        places[name] = places[sharing[0]] if sharing else number
        sharing.append(name)
    shared = list(places.values())
    return {name: (place, shared.count(place) > 1) for name, place in places.items()}


def _is_apart(one: tuple[int, tuple[float, ...]], other: tuple[int, tuple[float, ...]]) -> bool:
    """Return whether one, of no worse mean, is better seed by seed with its whole interval, or they fail unequally."""
    if one[0] != other[0]:
        return True
    return estimate([ours - theirs for ours, theirs in zip(one[1], other[1], strict=True)]).is_positive
