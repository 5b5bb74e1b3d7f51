"""Runs -> one page of HTML that stands alone: no network, and no script but for copying and opening.

Everything from a program, a name or an error is escaped by the template; only what this package draws is not. Besides,
the page has a policy by which a browser runs no script but the page's own.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lionsearch.archive.folder import COMPARISON, SHORT
from lionsearch.archive.targets import load_target
from lionsearch.errors import counted
from lionsearch.evaluation.estimate import Estimate, estimate
from lionsearch.records import Evaluation
from lionsearch.reports import charts
from lionsearch.reports.charts import Chart
from lionsearch.reports.portrait import Portrait, portray
from lionsearch.reports.run_facts import FAILURES, RunFacts, State

_FOLDER = Path(__file__).parent
_MOST_CHAPTERS = 60


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of a run.

    Attributes:
        name: that no other section's identifiers begin with.
        facts: of the run.
        status: where the run stands, in a sentence.
        charts: by name.
        best: the best program; None if there is none.
        short: the best without what changes its scores little; None if there is none.
        commands: to go on with, each with what it does.
        curves: learning curves, if they were asked for.
    """

    name: str
    facts: RunFacts
    status: str
    charts: Mapping[str, Chart]
    best: Portrait | None
    short: Portrait | None
    commands: tuple[tuple[str, str], ...]
    curves: tuple[Chart, ...] = ()


def write_page(runs: Sequence[RunFacts], curves: Sequence[Sequence[Chart]] = (), *, live: str = "") -> str:
    """Return the page on some runs.

    Args:
        runs: what it says, one section each.
        curves: learning curves of each run; () for none.
        live: of a page that is served, the name of this state; it loads itself again when there is another.
    """
    sections = [_section(f"run{number}-", facts, curves[number] if curves else ()) for number, facts in enumerate(runs)]
    script = (_FOLDER / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(score=show_score, share=_show_share, words=_failure_in_words, counted=counted)
    return environment.get_template("page.html").render(
        sections=sections,
        comparisons=charts.compare(runs) if len(runs) > 1 else (),
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        policy=_policy(script, live),
        live=live,
        version=version("lionsearch"),
        most_chapters=_MOST_CHAPTERS,
        estimate=_estimates,
    )


def show_score(score: float | None) -> str:
    """Return a score with its sign, or a dash."""
    return "-" if score is None else f"{score:+.4f}"


def _show_share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _failure_in_words(kind: Any) -> str:
    return FAILURES[kind]


def _estimates(evaluation: Evaluation) -> dict[str, Estimate]:
    return {each.task: estimate(each.scores) for each in evaluation.results if each.scores}


def _policy(script: str, live: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    loads = "; connect-src 'self'" if live else ""
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'{loads}"


def _section(name: str, facts: RunFacts, curves: Sequence[Chart]) -> Section:
    made: dict[str, Callable[[RunFacts, str], Chart]] = {
        "progress": charts.chart_progress,
        "trainings": charts.chart_trainings,
        "times": charts.chart_times,
        "seeds": charts.chart_seeds,
        "meta": charts.chart_meta,
        "shares": charts.chart_shares,
        "front": charts.chart_front,
        "map": charts.chart_map,
    }
    shown = {} if not facts.trained else {key: draw(facts, name) for key, draw in made.items()}
    for key, known in (("times", facts.seconds), ("meta", facts.meta)):
        if known is None:
            shown.pop(key, None)
    best = short = None
    if facts.best is not None:
        best = portray(*load_target(f"{facts.folder}:{facts.best.candidate}"), f"{name}graph")
    if facts.short is not None:
        short = portray(*load_target(_short_file(facts)), f"{name}short-graph")
    return Section(name, facts, _status(facts), shown, best, short, tuple(_commands(facts)), tuple(curves))


def _short_file(facts: RunFacts) -> str:
    return str(Path(facts.folder) / SHORT)


def _status(facts: RunFacts) -> str:
    told, total = facts.counts["generated"], facts.config.experiment.programs
    done = f"{told:,} of {total:,} programs"
    match facts.state:
        case State.FINISHED:
            early = f", which ended early after {done}" if told < total else f" of {done}"
            return f"a finished search{early}"
        case State.GOING:
            return f"a search that is going on: {done} so far"
        case State.STOPPED:
            return f"a search that was interrupted, or crashed, after {done}"


def _commands(facts: RunFacts) -> list[tuple[str, str]]:
    """Return commands to go on with, each with what it does."""
    folder = facts.folder
    found: list[tuple[str, str]] = []
    if facts.state is State.STOPPED:
        found.append((_command("resume", folder), "go on with the search; its result is what it would have been"))
    if facts.best is not None:
        program = _short_file(facts) if facts.short is not None else f"{folder}:{facts.best.candidate}"
        for target, words in (("optax", "for optax"), ("torch", "for PyTorch"), ("latex", "as equations")):
            found.append((_command("export", program, "--to", target), f"the program {words}"))
        tasks = [word for entry in facts.config.experiment.tasks for word in ("--task", entry.task)]
        found.append((_command("evaluate", program, "adamw", *tasks), "train with it again"))
        others = _command("compare", program, "lion", *tasks, "--output", str(Path(folder) / COMPARISON))
        found.append((others, "compare it with others, the rate of each tuned"))
        found.append((_command("funnel", folder), "see whether its best are better on dearer tasks too"))
        found.append((_command("identify", program), "what it is, and which known programs it is near"))
    found.append((_command("inspect", folder), "the same in a terminal"))
    return found


def _command(*words: str) -> str:
    return shlex.join(["lionsearch", *words])
