"""What a page says in numbers -> charts.

However large a run is, a chart has a few thousand marks at most: of more points, quantiles are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lionsearch.evaluation.estimate import Estimate
from lionsearch.reports.drawing import DASHES, INK, MARKERS, MUTED, SERIES, finish, legend, pad, start
from lionsearch.reports.history import Share
from lionsearch.reports.run_facts import Confirmed, RunFacts, Trained

MOST_POINTS = 1500
"""Points beyond which a chart shows quantiles instead."""

_BINS = 120


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of a page.

    Attributes:
        svg: the picture; its text is escaped.
        title: what it shows.
        text: the same in words: what one sees, for who does not.
        note: what is left out of it; "" for nothing.
    """

    svg: str
    title: str
    text: str
    note: str = ""


def chart_progress(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score against the programs generated, with what was confirmed on fresh seeds."""
    figure, axes = start("programs generated", "score; 0 is tuned AdamW")
    note = _cloud(axes, facts.trained)
    last = facts.counts["generated"]
    _steps(axes, [climb.candidate for climb in facts.climbs], [climb.score for climb in facts.climbs], last)
    _confirmed(axes, facts)
    _look(axes, facts)
    legend(axes)
    text = "No program has a score yet."
    if facts.climbs:
        best, times = facts.climbs[-1], len(facts.climbs) - 1
        text = (
            f"The search found a better program {times} time{'s' * (times != 1)}; the last, candidate {best.candidate},"
            f" scores {best.score:+.4f} on {best.seeds} seed{'s' * (best.seeds != 1)}."
        )
        if any(later.score < sooner.score for sooner, later in pairwise(facts.climbs)):
            text += " Where the line goes down, a score on more seeds, or a shorter program, took the place of another."
    return Chart(finish(figure, f"{prefix}progress"), "Best score against programs", text, note)


def chart_trainings(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score against the trainings that it took."""
    figure, axes = start("trainings", "best score in the search")
    scores = [climb.score for climb in facts.climbs]
    _steps(axes, [climb.trainings for climb in facts.climbs], scores, facts.trainings)
    _look(axes, facts)
    text = f"{facts.trainings:,} trainings were begun in the search."
    return Chart(finish(figure, f"{prefix}trainings"), "Best score against trainings", text)


def chart_times(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score against the time that it took."""
    unit, name = _unit_of_time(facts.seconds or 0.0)
    figure, axes = start(f"{name} of searching", "best score in the search")
    timed = [(climb.seconds / unit, climb.score) for climb in facts.climbs if climb.seconds is not None]
    _steps(axes, [time for time, _ in timed], [score for _, score in timed], (facts.seconds or 0.0) / unit)
    axes.set_xlim(left=0)
    _look(axes, facts)
    text = "It is not stored when programs were found."
    if timed and facts.seconds is not None:
        last, whole = timed[-1][0], facts.seconds / unit
        text = f"The search took {whole:.3g} {name}; it last found a better program after {last:.3g}."
    return Chart(finish(figure, f"{prefix}times"), "Best score against time", text)


def _unit_of_time(seconds: float) -> tuple[float, str]:
    """Return the unit in which a duration is read best, in seconds, and its name."""
    return next((row for row in ((3600.0, "hours"), (60.0, "minutes")) if seconds >= 2 * row[0]), (1.0, "seconds"))


def chart_seeds(facts: RunFacts, prefix: str) -> Chart:
    """Return the scores on the search's seeds against those on fresh seeds."""
    figure, axes = start("score in the search", "score on fresh seeds")
    pairs = [(each.search, each.fresh) for each in facts.confirmed if each.search is not None]
    if pairs:
        values = [value for search, fresh in pairs for value in (search, fresh.mean)]
        low, high = pad(min(values), max(values))
        axes.plot([low, high], [low, high], color=MUTED, linewidth=1, linestyle="--", label="as good on both")
        _errors(axes, [search for search, _ in pairs], [fresh for _, fresh in pairs], 1, "elites, 95 % interval")
        axes.set_xlim(low, high)
        legend(axes, below=False)
    return Chart(finish(figure, f"{prefix}seeds"), "Search seeds against fresh seeds", describe_overfitting(facts))


def chart_meta(facts: RunFacts, prefix: str) -> Chart:
    """Return what was the best as the search went on: on its own tasks, and on those that it does not see."""
    figure, axes = start("programs generated", "score; 0 is tuned AdamW")
    text = "The best of the search was not measured on other tasks."
    if facts.meta is not None:
        numbers = [point.candidate for point in facts.meta.points]
        axes.plot(
            numbers, [point.search for point in facts.meta.points], color=SERIES[0], marker=MARKERS[0], label="own"
        )
        measured = [point.meta for point in facts.meta.points]
        _errors(axes, numbers, measured, 1, f"{', '.join(facts.meta.tasks)}, 95 % interval")
        axes.plot(numbers, [each.mean for each in measured], color=SERIES[1], linestyle=DASHES[1])
        axes.axhline(0, color=MUTED, linewidth=1)
        legend(axes)
        text = f"{str(facts.meta)[0].upper()}{str(facts.meta)[1:]}."
    return Chart(finish(figure, f"{prefix}meta"), "The best on its own tasks and on others", text)


def describe_overfitting(facts: RunFacts) -> str:
    """Return a sentence on whether the best scores of the search hold on fresh seeds."""
    gaps = [each.fresh.mean - each.search for each in facts.confirmed if each.search is not None]
    if not gaps:
        return "No program was trained with on fresh seeds yet."
    mean = sum(gaps) / len(gaps)
    below = sum(gap < 0 for gap in gaps)
    said = "less" if mean < 0 else "more"
    elites, chosen = ("1 elite scores", "it") if len(gaps) == 1 else (f"{len(gaps)} elites score", "them")
    return (
        f"On fresh seeds {elites} {abs(mean):.4f} {said} in the mean than on the seeds by which the search chose"
        f" {chosen}; {below} of {len(gaps)} score{'s' * (below == 1)} less."
    )


def chart_shares(facts: RunFacts, prefix: str) -> Chart:
    """Return what the search wasted, as it went on."""
    figure, axes = start("programs generated", "share, %")
    shares = facts.shares
    rows: list[tuple[str, Callable[[Share], float]]] = [
        ("new programs that do not train", lambda share: share.failed),
        ("cache hits", lambda share: share.cached),
        ("dead statements", lambda share: share.dead),
    ]
    for number, (label, pick) in enumerate(rows):
        x, y = [share.candidate for share in shares], [100 * pick(share) for share in shares]
        axes.plot(x, y, color=SERIES[number], linestyle=DASHES[number], label=label)
    axes.set_ylim(-2, 102)
    legend(axes, columns=1)
    counts = facts.counts
    hits = counts["generated"] - counts["unique"]
    dead = counts["statements"] - counts["live_statements"]
    text = (
        f"{hits:,} of {counts['generated']:,} programs were known before, {dead:,} of {counts['statements']:,}"
        " statements were dead."
    )
    return Chart(finish(figure, f"{prefix}shares"), "Cache hits, dead statements and failures", text)


def chart_front(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score for each length; each point of the front is a link to its program."""
    figure, axes = start("live statements", "score; 0 is tuned AdamW")
    note = _lengths(axes, facts.trained)
    front = [(each, each.score) for each in facts.front if each.score is not None]
    links = {f"{prefix}program-{each.candidate}": _point(each.candidate, score) for each, score in front}
    if front:
        x, y = [each.statements for each, _ in front], [score for _, score in front]
        axes.plot(x, y, color=SERIES[0], drawstyle="steps-post", linewidth=1.2)
        points = axes.scatter(x, y, s=64, color=SERIES[0], zorder=4, label="best for its length")
        points.set_urls([f"#{name}" for name in links])
        legend(axes)
    _look(axes, facts)
    axes.xaxis.get_major_locator().set_params(integer=True)
    shown = "; ".join(f"{each.statements}: {score:+.4f}" for each, score in front)
    text = f"Best score by the number of statements: {shown}." if front else "No program has a score yet."
    return Chart(finish(figure, f"{prefix}front", links), "Score against live statements", text, note)


def chart_map(facts: RunFacts, prefix: str) -> Chart:
    """Return the elites by what they do, beside shipped programs; each point is a link to its program."""
    figure, axes = start("first direction in which updates differ", "second")
    text, titles = "Fewer than two programs can be compared.", {}
    if facts.map is not None:
        pairs = [(each, spot) for each, spot in zip(facts.elites, facts.map.spots, strict=True) if spot is not None]
        titles = {f"{prefix}program-{each.candidate}": _point(each.candidate, each.score) for each, _ in pairs}
        x, y = [spot.x for _, spot in pairs], [spot.y for _, spot in pairs]
        points = axes.scatter(x, y, s=42, color=SERIES[0], alpha=0.7, zorder=3, label="elites")
        points.set_urls([f"#{name}" for name in titles])
        if (first := facts.map.spots[0]) is not None:
            axes.scatter([first.x], [first.y], s=130, color=SERIES[1], marker="*", zorder=4, label="the best")
        marks = sorted(facts.map.landmarks.items(), key=lambda item: item[1].x)
        for number, (name, spot) in enumerate(marks):
            axes.scatter([spot.x], [spot.y], s=26, color=MUTED, marker="D", zorder=2)
            place = (5, 5 if number % 2 else -11)  # neighbours' names above and below
            axes.annotate(name, (spot.x, spot.y), place, textcoords="offset points", color=INK, fontsize=8)
        axes.margins(0.16)
        legend(axes)
        text = (
            "Programs near each other make updates of similar direction along the same made-up steps; the plane shows"
            f" {100 * facts.map.shown:.0f} % of the differences. Diamonds are known optimizers as shipped."
        )
    return Chart(finish(figure, f"{prefix}map", titles), "Elites by what they do", text)


def compare(runs: Sequence[RunFacts]) -> tuple[Chart, ...]:
    """Return the best scores of several runs against the trainings that they took; and against time, if all have it."""
    trainings = [([float(climb.trainings) for climb in each.climbs], float(each.trainings)) for each in runs]
    ends = "; ".join(f"{each.folder} {each.climbs[-1].score:+.4f}" for each in runs if each.climbs)
    found = [_compare(runs, trainings, "trainings", f"Best scores in the searches: {ends}.")]
    ran = [each.seconds for each in runs if each.seconds is not None]
    if len(ran) == len(runs):
        unit, name = _unit_of_time(max(ran))
        times = [
            ([(climb.seconds or 0.0) / unit for climb in each.climbs], seconds / unit)
            for each, seconds in zip(runs, ran, strict=True)
        ]
        took = "; ".join(f"{each.folder} {whole:.3g}" for each, (_, whole) in zip(runs, times, strict=True))
        found.append(_compare(runs, times, f"{name} of searching", f"How many {name} the searches took: {took}."))
    return tuple(found)


def _compare(runs: Sequence[RunFacts], costs: Sequence[tuple[list[float], float]], cost: str, text: str) -> Chart:
    """Return the best scores of runs against what they cost: of each, what each climb had cost, and what all did."""
    figure, axes = start(cost, "best score in the search", (7.2, 3.6))
    for number, (facts, (spent, whole)) in enumerate(zip(runs, costs, strict=True)):
        _steps(axes, spent, [climb.score for climb in facts.climbs], whole, number, facts.folder)
    axes.set_xlim(left=0)
    _look(axes, *runs)
    legend(axes, columns=1)
    kind = cost.split()[-1]
    return Chart(finish(figure, f"comparison-{kind}"), f"The runs side by side: best score against {cost}", text)


def chart_curves(task: str, curves: Mapping[str, Sequence[tuple[int, float]]], name: str, seeds: int) -> Chart:
    """Return learning curves on a task: for each program's name, steps and losses, the means over seeds."""
    figure, axes = start("training step", "validation loss")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    for number, (label, points) in enumerate(curves.items()):
        steps, losses = [step for step, _ in points], [loss for _, loss in points]
        style = {"color": SERIES[number % 6], "linestyle": DASHES[number % 6], "marker": MARKERS[number % 6]}
        axes.plot(steps, losses, **style, markersize=3.5, label=label)
    legend(axes)
    ends = "; ".join(f"{label} {points[-1][1]:.4f}" for label, points in curves.items() if points)
    return Chart(
        finish(figure, name), f"Learning curves on {task}", f"Losses at the end, the mean over {seeds} seeds: {ends}."
    )


def _steps(
    axes: Any,
    x: Sequence[float],
    y: Sequence[float],
    last: float,
    number: int | None = None,
    label: str = "best so far",
) -> None:
    """Draw a best score as it rises; of several runs, each by its number."""
    if x:
        color, dash = (SERIES[1], DASHES[0]) if number is None else (SERIES[number % 6], DASHES[number % 6])
        style = {"color": color, "linestyle": dash}
        axes.plot([*x, max(last, x[-1])], [*y, y[-1]], drawstyle="steps-post", label=label, **style)


def _confirmed(axes: Any, facts: RunFacts) -> None:
    shown = facts.confirmed[:40]
    if shown:
        _errors(axes, [each.candidate for each in shown], [each.fresh for each in shown], 2, "on fresh seeds, 95 %")


def _errors(axes: Any, x: Sequence[float], y: Sequence[Estimate], number: int, label: str) -> None:
    bars = [each.interval if math.isfinite(each.interval) else 0.0 for each in y]
    style = {"color": SERIES[number], "ecolor": SERIES[number], "elinewidth": 1, "capsize": 2}
    axes.errorbar(x, [each.mean for each in y], bars, fmt=MARKERS[number], markersize=4, label=label, **style)


def _cloud(axes: Any, trained: Sequence[Trained]) -> str:
    """Draw every program's score; of many, how they are spread. Return what is to be said of that."""
    x = np.array([each.candidate for each in trained])
    y = np.array([each.score for each in trained])
    if len(trained) <= MOST_POINTS:
        axes.scatter(x, y, s=5, color=SERIES[0], alpha=0.45, linewidths=0, label="a program")
        return ""
    edges = np.linspace(0, len(x), _BINS + 1).astype(int)
    parts = [slice(start, end) for start, end in pairwise(edges) if end > start]
    middle = [x[part][-1] for part in parts]
    low, half, high = (np.array([np.quantile(y[part], share) for part in parts]) for share in (0.1, 0.5, 0.9))
    axes.fill_between(middle, low, high, color=SERIES[0], alpha=0.25, linewidth=0, label="10 to 90 % of programs")
    axes.plot(middle, half, color=SERIES[0], linewidth=1, label="half of them")
    top = np.array([part.start + int(np.argmax(y[part])) for part in parts])
    axes.scatter(x[top], y[top], s=5, color=SERIES[0], linewidths=0)
    return (
        f"Of {len(trained):,} programs that train, 10, 50 and 90 % quantiles and the best of {len(parts)} parts are"
        " drawn."
    )


def _lengths(axes: Any, trained: Sequence[Trained]) -> str:
    """Draw every program's score against its length; of many, quantiles for each length."""
    x = np.array([each.statements for each in trained], float)
    y = np.array([each.score for each in trained])
    if len(trained) <= MOST_POINTS:
        spread = (np.arange(len(x)) * 0.618) % 1 - 0.5  # so that points of one length do not hide each other
        axes.scatter(x + 0.5 * spread, y, s=5, color=MUTED, alpha=0.5, linewidths=0, label="a program")
        return ""
    shares = np.linspace(0, 1, 21)
    for length in np.unique(x):
        found = np.quantile(y[x == length], shares)
        axes.scatter(np.full(len(found), length), found, s=5, color=MUTED, linewidths=0)
    return f"Of {len(trained):,} programs that train, every twentieth of each length is drawn, by quantiles."


def _look(axes: Any, *runs: RunFacts) -> None:
    """Draw the line of tuned AdamW, and show what is worth it: most programs are far below."""
    axes.axhline(0, color=MUTED, linewidth=1)
    best = [climb.score for facts in runs for climb in facts.climbs]
    best += [value for facts in runs for each in facts.confirmed[:40] for value in _ends(each)]
    if best:
        high = max(0.0, *best)
        low = min(0.0, *(score for score in best if score > -0.5 * max(high, 0.02)), -0.35 * max(high, 0.02))
        axes.set_ylim(*pad(low, high))


def _ends(each: Confirmed) -> tuple[float, float]:
    interval = each.fresh.interval if math.isfinite(each.fresh.interval) else 0.0
    return each.fresh.mean - interval, each.fresh.mean + interval


def _point(candidate: int, score: float | None) -> str:
    shown = "" if score is None else f", score {score:+.4f}"
    return f"candidate {candidate}{shown}: show the program"
