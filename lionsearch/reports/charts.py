"""What a page says in numbers -> charts: SVG to stand in HTML, whose colours are the page's, light or dark.

Colours are those of Okabe & Ito, which the colour-blind can tell apart, and every series has a marker or a dash of its
own. However large a run is, a chart has a few thousand marks at most: of more points, quantiles are drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from lionsearch.evaluation.estimate import Estimate
from lionsearch.reports.history import Share
from lionsearch.reports.run_facts import Confirmed, RunFacts, Trained

MOST_POINTS = 1500
"""Points beyond which a chart shows quantiles instead."""

_BINS = 120
_SIZE = (4.7, 3.1)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.6,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}
_INK, _GRID, _MUTED = "#010203", "#010204", "#010205"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Blue, vermilion, green, purple, orange, sky blue."""
_MARKERS, _DASHES = "osD^vP", ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3)))
_VARIABLES = {_INK: "currentColor", _GRID: "var(--grid)", _MUTED: "var(--muted)"} | {
    color: f"var(--series-{number})" for number, color in enumerate(SERIES, start=1)
}
_COLOR = re.compile("|".join(_VARIABLES))
_LEFT_OUT = re.compile(
    r'<metadata>.*?</metadata>\s*|<defs>\s*<style.*?</style>\s*</defs>\s*| target="_blank"', re.DOTALL
)
_IDENTIFIER = re.compile(r' id="([^"]*)"')


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
    figure, axes = _start("programs generated", "score; 0 is tuned AdamW")
    note = _cloud(axes, facts.trained)
    last = facts.counts["generated"]
    _steps(axes, [climb.candidate for climb in facts.climbs], [climb.score for climb in facts.climbs], last)
    _confirmed(axes, facts)
    _look(axes, facts)
    _legend(axes)
    text = "No program has a score yet."
    if facts.climbs:
        best, times = facts.climbs[-1], len(facts.climbs) - 1
        text = (
            f"The search found a better program {times} time{'s' * (times != 1)}; the last, candidate {best.candidate},"
            f" scores {best.score:+.4f} on {best.seeds} seed{'s' * (best.seeds != 1)}."
        )
        if any(later.score < sooner.score for sooner, later in pairwise(facts.climbs)):
            text += " Where the line goes down, a score on more seeds, or a shorter program, took the place of another."
    return Chart(_finish(figure, f"{prefix}progress"), "Best score against programs", text, note)


def chart_trainings(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score against the trainings that it took."""
    figure, axes = _start("trainings", "best score in the search")
    scores = [climb.score for climb in facts.climbs]
    _steps(axes, [climb.trainings for climb in facts.climbs], scores, facts.trainings)
    _look(axes, facts)
    text = f"{facts.trainings:,} trainings were begun in the search."
    return Chart(_finish(figure, f"{prefix}trainings"), "Best score against trainings", text)


def chart_seeds(facts: RunFacts, prefix: str) -> Chart:
    """Return the scores on the search's seeds against those on fresh seeds."""
    figure, axes = _start("score in the search", "score on fresh seeds")
    pairs = [(each.search, each.fresh) for each in facts.confirmed if each.search is not None]
    if pairs:
        values = [value for search, fresh in pairs for value in (search, fresh.mean)]
        low, high = _pad(min(values), max(values))
        axes.plot([low, high], [low, high], color=_MUTED, linewidth=1, linestyle="--", label="as good on both")
        _errors(axes, [search for search, _ in pairs], [fresh for _, fresh in pairs], 1, "elites, 95 % interval")
        axes.set_xlim(low, high)
        _legend(axes, below=False)
    return Chart(_finish(figure, f"{prefix}seeds"), "Search seeds against fresh seeds", describe_overfitting(facts))


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
    figure, axes = _start("programs generated", "share, %")
    shares = facts.shares
    rows: list[tuple[str, Callable[[Share], float]]] = [
        ("new programs that do not train", lambda share: share.failed),
        ("cache hits", lambda share: share.cached),
        ("dead statements", lambda share: share.dead),
    ]
    for number, (label, pick) in enumerate(rows):
        x, y = [share.candidate for share in shares], [100 * pick(share) for share in shares]
        axes.plot(x, y, color=SERIES[number], linestyle=_DASHES[number], label=label)
    axes.set_ylim(-2, 102)
    _legend(axes, columns=1)
    counts = facts.counts
    hits = counts["generated"] - counts["unique"]
    dead = counts["statements"] - counts["live_statements"]
    text = (
        f"{hits:,} of {counts['generated']:,} programs were known before, {dead:,} of {counts['statements']:,}"
        " statements were dead."
    )
    return Chart(_finish(figure, f"{prefix}shares"), "Cache hits, dead statements and failures", text)


def chart_front(facts: RunFacts, prefix: str) -> Chart:
    """Return the best score for each length; each point of the front is a link to its program."""
    figure, axes = _start("live statements", "score; 0 is tuned AdamW")
    note = _lengths(axes, facts.trained)
    front = [(each, each.score) for each in facts.front if each.score is not None]
    links = {f"{prefix}program-{each.candidate}": _point(each.candidate, score) for each, score in front}
    if front:
        x, y = [each.statements for each, _ in front], [score for _, score in front]
        axes.plot(x, y, color=SERIES[0], drawstyle="steps-post", linewidth=1.2)
        points = axes.scatter(x, y, s=64, color=SERIES[0], zorder=4, label="best for its length")
        points.set_urls([f"#{name}" for name in links])
        _legend(axes)
    _look(axes, facts)
    axes.xaxis.get_major_locator().set_params(integer=True)
    shown = "; ".join(f"{each.statements}: {score:+.4f}" for each, score in front)
    text = f"Best score by the number of statements: {shown}." if front else "No program has a score yet."
    return Chart(_finish(figure, f"{prefix}front", links), "Score against live statements", text, note)


def chart_map(facts: RunFacts, prefix: str) -> Chart:
    """Return the elites by what they do, beside shipped programs; each point is a link to its program."""
    figure, axes = _start("first direction in which updates differ", "second")
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
            axes.scatter([spot.x], [spot.y], s=26, color=_MUTED, marker="D", zorder=2)
            place = (5, 5 if number % 2 else -11)  # neighbours' names above and below
            axes.annotate(name, (spot.x, spot.y), place, textcoords="offset points", color=_INK, fontsize=8)
        axes.margins(0.16)
        _legend(axes)
        text = (
            "Programs near each other make updates of similar direction along the same made-up steps; the plane shows"
            f" {100 * facts.map.shown:.0f} % of the differences. Diamonds are known optimizers as shipped."
        )
    return Chart(_finish(figure, f"{prefix}map", titles), "Elites by what they do", text)


def chart_comparison(runs: Sequence[RunFacts]) -> Chart:
    """Return the best scores of several runs against the trainings that they took."""
    figure, axes = _start("trainings", "best score in the search", (7.2, 3.6))
    for number, facts in enumerate(runs):
        scores = [climb.score for climb in facts.climbs]
        _steps(axes, [climb.trainings for climb in facts.climbs], scores, facts.trainings, number, facts.folder)
    _look(axes, *runs)
    _legend(axes, columns=1)
    ends = "; ".join(f"{each.folder} {each.climbs[-1].score:+.4f}" for each in runs if each.climbs)
    return Chart(_finish(figure, "comparison"), "The runs side by side", f"Best scores in the searches: {ends}.")


def chart_curves(task: str, curves: Mapping[str, Sequence[tuple[int, float]]], name: str, seeds: int) -> Chart:
    """Return learning curves on a task: for each program's name, steps and losses, the means over seeds."""
    figure, axes = _start("training step", "validation loss")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    for number, (label, points) in enumerate(curves.items()):
        steps, losses = [step for step, _ in points], [loss for _, loss in points]
        style = {"color": SERIES[number % 6], "linestyle": _DASHES[number % 6], "marker": _MARKERS[number % 6]}
        axes.plot(steps, losses, **style, markersize=3.5, label=label)
    _legend(axes)
    ends = "; ".join(f"{label} {points[-1][1]:.4f}" for label, points in curves.items() if points)
    return Chart(
        _finish(figure, name), f"Learning curves on {task}", f"Losses at the end, the mean over {seeds} seeds: {ends}."
    )


def draw_svg(figure: Figure, name: str, titles: Mapping[str, str] | None = None) -> str:
    """Return a figure as SVG for HTML: no identifiers but of its own, colours the page's, links with what they say.

    Args:
        figure: drawn with the colours of this module.
        name: no other picture on the page has.
        titles: of its links, by the place in the page that each leads to.
    """
    FigureCanvasSVG(figure)
    buffer = StringIO()
    with rc_context({**_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = _LEFT_OUT.sub("", text)
    used = {*re.findall(r"url\(#([^)]+)\)", text), *re.findall(r'href="#([^"]+)"', text)}
    own = used - set(titles or ())
    text = _IDENTIFIER.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in own else "", text)
    text = re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{name}-{found[1]})", text)
    text = re.sub(r'xlink:href="#([^"]+)"', lambda found: f'href="#{_target(found[1], own, name)}"', text)
    for place, title in (titles or {}).items():
        label = escape(title, quote=True)
        text = text.replace(f'<a href="#{place}"', f'<a href="#{place}" class="point" aria-label="{label}"')
        text = text.replace(f'aria-label="{label}">', f'aria-label="{label}"><title>{label}</title>')
    text = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", text.replace("\n", " ", 1), count=1)
    text = _COLOR.sub(lambda found: _VARIABLES[found[0]], text)
    return re.sub(r"\n\s*", "\n", text).replace("<svg ", '<svg aria-hidden="true" ' if not titles else "<svg ", 1)


def _target(identifier: str, own: set[str], name: str) -> str:
    return f"{name}-{identifier}" if identifier in own else identifier


def _start(x: str, y: str, size: tuple[float, float] = _SIZE) -> tuple[Figure, Any]:
    with rc_context(_STYLE):
        figure = Figure(figsize=size)
        axes = figure.add_subplot()
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)
    axes.tick_params(colors=_INK, length=3)
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(_MUTED)
    return figure, axes


def _legend(axes: Any, columns: int = 2, below: bool = True) -> None:
    place: dict[str, Any] = {"loc": "upper left"}
    if below:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": columns}
    axes.legend(**place, frameon=False, fontsize=8.5, labelcolor=_INK)


def _finish(figure: Figure, name: str, titles: Mapping[str, str] | None = None) -> str:
    with rc_context(_STYLE):
        figure.tight_layout()
    return draw_svg(figure, name, titles)


def _steps(
    axes: Any, x: list[int], y: list[float], last: int, number: int | None = None, label: str = "best so far"
) -> None:
    """Draw a best score as it rises; of several runs, each by its number."""
    if x:
        color, dash = (SERIES[1], _DASHES[0]) if number is None else (SERIES[number % 6], _DASHES[number % 6])
        style = {"color": color, "linestyle": dash}
        axes.plot([*x, max(last, x[-1])], [*y, y[-1]], drawstyle="steps-post", label=label, **style)


def _confirmed(axes: Any, facts: RunFacts) -> None:
    shown = facts.confirmed[:40]
    if shown:
        _errors(axes, [each.candidate for each in shown], [each.fresh for each in shown], 2, "on fresh seeds, 95 %")


def _errors(axes: Any, x: Sequence[float], y: Sequence[Estimate], number: int, label: str) -> None:
    bars = [each.interval if math.isfinite(each.interval) else 0.0 for each in y]
    style = {"color": SERIES[number], "ecolor": SERIES[number], "elinewidth": 1, "capsize": 2}
    axes.errorbar(x, [each.mean for each in y], bars, fmt=_MARKERS[number], markersize=4, label=label, **style)


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
        axes.scatter(x + 0.5 * spread, y, s=5, color=_MUTED, alpha=0.5, linewidths=0, label="a program")
        return ""
    shares = np.linspace(0, 1, 21)
    for length in np.unique(x):
        found = np.quantile(y[x == length], shares)
        axes.scatter(np.full(len(found), length), found, s=5, color=_MUTED, linewidths=0)
    return f"Of {len(trained):,} programs that train, every twentieth of each length is drawn, by quantiles."


def _look(axes: Any, *runs: RunFacts) -> None:
    """Draw the line of tuned AdamW, and show what is worth it: most programs are far below."""
    axes.axhline(0, color=_MUTED, linewidth=1)
    best = [climb.score for facts in runs for climb in facts.climbs]
    best += [value for facts in runs for each in facts.confirmed[:40] for value in _ends(each)]
    if best:
        high = max(0.0, *best)
        low = min(0.0, *(score for score in best if score > -0.5 * max(high, 0.02)), -0.35 * max(high, 0.02))
        axes.set_ylim(*_pad(low, high))


def _ends(each: Confirmed) -> tuple[float, float]:
    interval = each.fresh.interval if math.isfinite(each.fresh.interval) else 0.0
    return each.fresh.mean - interval, each.fresh.mean + interval


def _pad(low: float, high: float) -> tuple[float, float]:
    room = 0.06 * max(high - low, 0.01)
    return low - room, high + room


def _point(candidate: int, score: float | None) -> str:
    shown = "" if score is None else f", score {score:+.4f}"
    return f"candidate {candidate}{shown}: show the program"
