"""Callbacks that write what a search does to a CSV file, to TensorBoard, or to Weights & Biases.

A resumed run goes through what it has once more, so each log is written anew and whole.
"""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path
from typing import Any

from lionsearch.errors import SettingError
from lionsearch.lang import format_program
from lionsearch.runs.callbacks import Callback, CandidateEvent
from lionsearch.runs.config import RunConfig
from lionsearch.runs.result import Elite, Progress


class CSVLog(Callback):
    """Writes a line for each candidate.

    Args:
        path: of the file; what is there is replaced.

    Raises:
        SettingError: as the search begins, if it cannot be written.

    Examples:
        >>> log = CSVLog("search.csv")  # for lionsearch.search(..., callbacks=[log])
    """

    _COLUMNS = ("number", "parent", "change", "fingerprint", "statements", "score", "failure", "is_new", "best_confirm")

    def __init__(self, path: str | Path):
        self._path = Path(path)
        self._file: Any = None

    def on_start(self, folder: Path, config: RunConfig) -> None:
        """Open the file."""
        try:
            self._file = self._path.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise SettingError(f"{self._path}: cannot be written: {error.strerror}") from None
        self._writer = csv.writer(self._file)
        self._writer.writerow(self._COLUMNS)
        self._file.flush()

    def on_candidate(self, event: CandidateEvent, progress: Progress) -> None:
        """Write a line."""
        failure = event.evaluation.failure
        best = None if progress.best is None else progress.best.confirm.score
        statements = len(event.program.statements)
        kind = None if failure is None else failure.kind
        row = (event.number, event.parent, event.change, event.fingerprint, statements, event.score, kind)
        self._writer.writerow((*row, event.is_new, best))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class _Scalars(Callback):
    """What is logged as curves: of each candidate its score, now and then the rates, and the best."""

    def on_candidate(self, event: CandidateEvent, progress: Progress) -> None:
        """Log its score and length."""
        if event.score is not None and event.is_new:
            self._log({"candidate/score": event.score, "candidate/statements": len(event.program.statements)}, event)

    def on_improvement(self, elite: Elite, progress: Progress) -> None:
        """Log the best on fresh seeds."""
        if elite.confirm.score is not None:
            self._log_best(elite, progress.told)

    def _log(self, values: dict[str, float], event: CandidateEvent) -> None:
        raise NotImplementedError

    def _log_best(self, elite: Elite, step: int) -> None:
        raise NotImplementedError


class TensorBoardLog(_Scalars):
    """Writes curves for TensorBoard, with `tensorboardX` or `torch.utils.tensorboard`, whichever is installed.

    Args:
        folder: of the log.

    Raises:
        SettingError: if neither is installed.

    Examples:
        >>> from lionsearch.errors import SettingError
        >>> try:
        ...     log = TensorBoardLog("logs")  # for lionsearch.search(..., callbacks=[log])
        ... except SettingError as error:
        ...     assert "pip install tensorboardX" in str(error)
    """

    def __init__(self, folder: str | Path):
        self._folder = Path(folder)
        self._kind = _find_writer()
        self._writer: Any = None

    def on_start(self, folder: Path, config: RunConfig) -> None:
        """Open the log; curves of an earlier process of the run are replaced."""
        self._writer = self._kind(str(self._folder), purge_step=0)
        self._writer.add_text("experiment", config.name)

    def _log(self, values: dict[str, float], event: CandidateEvent) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, event.number)

    def _log_best(self, elite: Elite, step: int) -> None:
        self._writer.add_scalar("best/score", elite.confirm.score, step)
        self._writer.add_text("best/program", f"```python\n{format_program(elite.program)}\n```", step)

    def close(self) -> None:
        """Close the log."""
        if self._writer is not None:
            self._writer.close()


class WandbLog(_Scalars):
    """Logs to Weights & Biases, with the `wandb` that is installed.

    Args:
        options: of `wandb.init`, such as `project`, `name` or `mode`.

    Raises:
        SettingError: if it is not installed.

    Examples:
        >>> try:
        ...     log = WandbLog(project="optimizers")  # for lionsearch.search(..., callbacks=[log])
        ... except SettingError as error:
        ...     print(error)
        wandb is not installed: pip install wandb
    """

    def __init__(self, **options: Any):
        self._wandb = _load("wandb", "pip install wandb")
        self._options = options
        self._run: Any = None

    def on_start(self, folder: Path, config: RunConfig) -> None:
        """Begin a run there."""
        settings = {"config": config.experiment.model_dump(), **self._options}
        self._run = self._wandb.init(**settings)
        self._run.define_metric("*", step_metric="candidate")

    def _log(self, values: dict[str, float], event: CandidateEvent) -> None:
        self._run.log({**values, "candidate": event.number})

    def _log_best(self, elite: Elite, step: int) -> None:
        self._run.log({"best/score": elite.confirm.score, "candidate": step})
        self._run.summary["best/program"] = format_program(elite.program)

    def close(self) -> None:
        """End the run there."""
        if self._run is not None:
            self._run.finish()


def _find_writer() -> Any:
    try:
        return import_module("tensorboardX").SummaryWriter
    except ImportError:
        try:
            return import_module("torch.utils.tensorboard").SummaryWriter
        except ImportError:
            raise SettingError("TensorBoardLog needs a package that writes: pip install tensorboardX") from None


def _load(module: str, command: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise SettingError(f"{module} is not installed: {command}") from None
