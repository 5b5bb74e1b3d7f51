"""Trainings that were done, a line of a file for each: a comparison stops anywhere and goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout

from lionsearch.caching import read_whole_lines
from lionsearch.errors import SettingError
from lionsearch.evaluation.trials import Training, Trial
from lionsearch.records import Failure, FailureKind
from lionsearch.tasks.spec import TaskSpec, digest_code, digest_settings

TRIALS = "trials.jsonl"

_KEPT = {"learning_rate": float, "weight_decay": float, "seeds": int, "description": str, "tuned_by": str}
"""Settings that may change with nothing trained anew."""

_Key = tuple[str, str, float, int, str, float]


class Ledger:
    """The trainings of a folder.

    Trials count learning rates in units of the task's; a task whose rate was tuned anew since is taken with the old
    one, and one that is described anew with the old words, so that what was trained stays good.

    Args:
        folder: holds the file; made if it is not there.
        tasks: that are trained on.

    Attributes:
        path: of the file.
        tasks: the same, with the learning rates and weight decays of the trainings that there are.
        suspects: those whose code may be another one now: the file of their factory is.

    Raises:
        SettingError: if the folder cannot be used, another process is writing it, the file is not one, or it is of
            other settings of a task.
    """

    def __init__(self, folder: Path, tasks: Sequence[TaskSpec]):
        self.path = folder / TRIALS
        self.tasks = tuple(tasks)
        self.suspects: tuple[str, ...] = ()
        self._settings = {spec.name: digest_settings(spec) for spec in tasks}
        self._fingerprints: dict[str, str] = {}
        self._known: dict[_Key, Training] = {}
        self._lock = _take_lock(folder)
        try:
            whole = read_whole_lines(self.path)
            self._read(whole)
            self._file = self._open(len(whole))
        except OSError as error:
            self._lock.release()
            raise SettingError(f"{self.path}: cannot be read: {error.strerror}") from None
        except BaseException:
            self._lock.release()
            raise

    def find(self, trial: Trial) -> Training | None:
        """Return what came of a trial, None if it was not done yet."""
        return self._known.get(_key(trial))

    def add(self, trial: Trial, training: Training) -> None:
        """Keep what came of a trial.

        Raises:
            SettingError: if it cannot be written.
        """
        task, program, factor, seed, split, share = key = _key(trial)
        self._known[key] = training
        where = {"task": task, "program": program, "factor": factor, "seed": seed, "split": split, "share": share}
        self._write({**where, **asdict(training)})

    def check_tasks(self, fingerprints: Mapping[str, str]) -> None:
        """Note what the tasks are.

        Args:
            fingerprints: of the tasks by name: their data and code.

        Raises:
            SettingError: if what is kept is of other data or code.
        """
        for task, found in fingerprints.items():
            if self._fingerprints.get(task, found) != found:
                raise SettingError(
                    f"{self.path}: task {task!r} had other data or code when its trainings were made; move the file"
                    " away to begin anew"
                )
            if task not in self._fingerprints:
                self._fingerprints[task] = found
            elif task not in self.suspects:
                continue
            [spec] = [spec for spec in self.tasks if spec.name == task]
            kept = {name: getattr(spec, name) for name in _KEPT}
            self._write(
                {
                    "task": task,
                    "settings": self._settings[task],
                    "fingerprint": found,
                    "code": digest_code(spec),
                    **kept,
                }
            )
        self.suspects = ()

    def close(self) -> None:
        """Free the folder."""
        self._file.close()
        self._lock.release()

    def _write(self, content: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(content) + "\n")
            self._file.flush()
        except OSError as error:
            raise SettingError(f"{self.path}: cannot be written: {error.strerror}") from None

    def _open(self, size: int) -> TextIO:
        """Return the file, open for appending, without a last line that was cut off while it was written."""
        try:
            file = self.path.open("a", encoding="utf-8")
            file.truncate(size)
        except OSError as error:
            raise SettingError(f"{self.path}: cannot be written: {error.strerror}") from None
        return file

    def _read(self, whole: bytes) -> None:
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                content = dict(json.loads(line))
                if "fingerprint" in content:
                    self._take_in_task(content)
                else:
                    trial, training = _open_line(content)
                    self._known[trial] = training
            except SettingError:
                raise
            except (ArithmeticError, ValueError, TypeError, KeyError, RecursionError):
                raise SettingError(
                    f"{self.path}: line {number} is no training; move the file away to begin anew"
                ) from None

    def _take_in_task(self, content: dict[str, Any]) -> None:
        task, settings = str(content["task"]), str(content["settings"])
        if self._settings.get(task, settings) != settings:
            raise SettingError(
                f"{self.path}: task {task!r} had other settings when its trainings were made; move the file away to"
                " begin anew"
            )
        self._fingerprints[task] = str(content["fingerprint"])
        kept = {name: kind(content[name]) for name, kind in _KEPT.items()}
        self.tasks = tuple(spec.model_copy(update=kept) if spec.name == task else spec for spec in self.tasks)
        changed = [spec.name for spec in self.tasks if spec.name == task and digest_code(spec) != content["code"]]
        self.suspects = (*(name for name in self.suspects if name != task), *changed)


def _key(trial: Trial) -> _Key:
    return trial.task, trial.fingerprint, trial.factor, trial.seed, trial.split, trial.share


def _open_line(content: dict[str, Any]) -> tuple[_Key, Training]:
    failure = content.pop("failure")
    key = (
        str(content.pop("task")),
        str(content.pop("program")),
        float(content.pop("factor")),
        int(content.pop("seed")),
        str(content.pop("split")),
        float(content.pop("share", 1.0)),
    )
    numbers = [None if content[name] is None else float(content.pop(name)) for name in ("loss", "chance")]
    metrics = tuple((str(name), float(value)) for name, value in content["metrics"])
    lost = None if failure is None else Failure(FailureKind(failure["kind"]), str(failure["detail"]))
    state, costs = content.get("state"), content.get("costs")
    gradients, losses, products = (0.0, 0.0, 0.0) if costs is None else map(float, costs)
    return key, Training(
        numbers[0],
        numbers[1],
        metrics,
        float(content["seconds"]),
        lost,
        None if state is None else float(state),
        None if costs is None else (gradients, losses, products),
    )


def _take_lock(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{TRIALS}.lock", blocking=False)
        lock.acquire()
    except Timeout:
        raise SettingError(f"{folder}: another process is adding trainings there") from None
    except OSError as error:
        raise SettingError(f"{folder}: cannot hold a comparison: {error.strerror}") from None
    return lock


@contextmanager
def open_ledger(folder: Path, tasks: Sequence[TaskSpec]) -> Iterator[Ledger]:
    """Open the trainings of a folder, and free it in the end.

    Raises:
        SettingError: as `Ledger`.
    """
    ledger = Ledger(folder, tasks)
    try:
        yield ledger
    finally:
        ledger.close()
