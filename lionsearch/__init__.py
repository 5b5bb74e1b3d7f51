"""lionsearch: finding optimizers by program search.

The command line's work as functions that return values. Importing this loads neither JAX nor Ray; each name is loaded
when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lionsearch.api.comparison_api import Comparison as Comparison
    from lionsearch.api.comparison_api import compare as compare
    from lionsearch.api.funnel_api import Funnel as Funnel
    from lionsearch.api.funnel_api import funnel as funnel
    from lionsearch.api.program_api import Checked as Checked
    from lionsearch.api.program_api import Shown as Shown
    from lionsearch.api.program_api import check as check
    from lionsearch.api.program_api import export as export
    from lionsearch.api.program_api import identify as identify
    from lionsearch.api.program_api import load as load
    from lionsearch.api.program_api import nearest as nearest
    from lionsearch.api.program_api import parse as parse
    from lionsearch.api.program_api import show as show
    from lionsearch.api.program_api import simplify as simplify
    from lionsearch.api.report_api import report as report
    from lionsearch.api.scoring_api import Scores as Scores
    from lionsearch.api.scoring_api import evaluate as evaluate
    from lionsearch.api.scoring_api import tune as tune
    from lionsearch.api.scoring_api import tuned as tuned
    from lionsearch.api.search_api import open_run as open_run
    from lionsearch.api.search_api import resume as resume
    from lionsearch.api.search_api import search as search
    from lionsearch.errors import LionSearchError as LionSearchError
    from lionsearch.exports.loading import optax_factory as optax_factory
    from lionsearch.exports.loading import to_optax as to_optax
    from lionsearch.exports.loading import to_torch as to_torch
    from lionsearch.lang.program import Program as Program
    from lionsearch.runs.callbacks import Callback as Callback
    from lionsearch.runs.callbacks import StopSearch as StopSearch
    from lionsearch.runs.config import Experiment as Experiment
    from lionsearch.runs.config import TaskEntry as TaskEntry
    from lionsearch.runs.logs import CSVLog as CSVLog
    from lionsearch.runs.logs import TensorBoardLog as TensorBoardLog
    from lionsearch.runs.logs import WandbLog as WandbLog
    from lionsearch.runs.view import Run as Run
    from lionsearch.tasks.adapters import equinox_problem as equinox_problem
    from lionsearch.tasks.adapters import flax_problem as flax_problem
    from lionsearch.tasks.given import Task as Task
    from lionsearch.tasks.problem import Problem as Problem

    __version__: str

_HOMES = {
    "lionsearch.api.program_api": (
        "Checked",
        "Shown",
        "check",
        "export",
        "identify",
        "load",
        "nearest",
        "parse",
        "show",
        "simplify",
    ),
    "lionsearch.api.comparison_api": ("Comparison", "compare"),
    "lionsearch.api.funnel_api": ("Funnel", "funnel"),
    "lionsearch.api.search_api": ("open_run", "resume", "search"),
    "lionsearch.api.report_api": ("report",),
    "lionsearch.api.scoring_api": ("Scores", "evaluate", "tune", "tuned"),
    "lionsearch.errors": ("LionSearchError",),
    "lionsearch.exports.loading": ("optax_factory", "to_optax", "to_torch"),
    "lionsearch.lang.program": ("Program",),
    "lionsearch.runs.callbacks": ("Callback", "StopSearch"),
    "lionsearch.runs.config": ("Experiment", "TaskEntry"),
    "lionsearch.runs.logs": ("CSVLog", "TensorBoardLog", "WandbLog"),
    "lionsearch.runs.view": ("Run",),
    "lionsearch.tasks.adapters": ("equinox_problem", "flax_problem"),
    "lionsearch.tasks.problem": ("Problem",),
    "lionsearch.tasks.given": ("Task",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "CSVLog",
    "Callback",
    "Checked",
    "Comparison",
    "Experiment",
    "Funnel",
    "LionSearchError",
    "Problem",
    "Program",
    "Run",
    "Scores",
    "Shown",
    "StopSearch",
    "Task",
    "TaskEntry",
    "TensorBoardLog",
    "WandbLog",
    "check",
    "compare",
    "equinox_problem",
    "evaluate",
    "export",
    "flax_problem",
    "funnel",
    "identify",
    "load",
    "nearest",
    "open_run",
    "optax_factory",
    "parse",
    "report",
    "resume",
    "search",
    "show",
    "simplify",
    "to_optax",
    "to_torch",
    "tune",
    "tuned",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("lionsearch")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'lionsearch' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
