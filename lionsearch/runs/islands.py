"""A search on several islands: a run and a process for each, and what they found together.

Every island is a run like any other, in a folder within the search's; `migration` says what they exchange, through
their stores alone. The process that starts them shows their progress and stops them: one that loses it stops.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from lionsearch.archive.folder import ENDING, ISLAND, is_written, make_run_folder
from lionsearch.errors import FolderTakenError, LionSearchError, RunError
from lionsearch.evolution.randomness import derive_seed
from lionsearch.records import choice_key
from lionsearch.runs.config import RunConfig
from lionsearch.runs.listener import Listener, Silence
from lionsearch.runs.opening import discard, resume_run, start_run
from lionsearch.runs.result import Elite, Progress, RunResult
from lionsearch.runs.saving import save_best
from lionsearch.runs.session import Display, Session
from lionsearch.workers import Placement

_STOP = signal.SIGUSR1
"""What interrupts an island; Ctrl-C goes to all processes of a terminal, and is for the one that started them."""


@dataclass(frozen=True)
class Order:
    """What an island's process is to do.

    Attributes:
        folder: of the island.
        placement: where its evaluations run.
        seconds: after which its search ends.
        force: whether to go on though a task or an operation has changed.
        trust: whether its tasks may be any code.
        settings: where it ends from now on.
        advice: how to go on after an error, the end of its message.
    """

    folder: Path
    placement: Placement
    seconds: float
    force: bool
    trust: bool
    settings: dict[str, Any]
    advice: str


def start_islands(folder: Path, config: RunConfig) -> list[Path]:
    """Make the run folders of a search on islands; each has a seed that follows from the search's and its number.

    Raises:
        RunError: if there is something at the folder's place.
    """
    make_run_folder(folder)
    folders = []
    for number in range(config.experiment.islands.count):
        seed = derive_seed(config.experiment.seed, "island", number) >> 1  # a seed has a sign
        experiment = config.experiment.model_copy(update={"seed": seed})
        folders.append(folder / ISLAND.format(number))
        start_run(folders[-1], config.model_copy(update={"experiment": experiment, "island": number})).close()
    return folders


def discard_islands(folders: Sequence[Path]) -> None:
    """Remove the islands that have told no candidate, and the search's folder if nothing else is in it."""
    for folder in folders:
        discard(folder)
    with contextlib.suppress(OSError):
        folders[0].parent.rmdir()


def drive_islands(
    orders: Sequence[Order], parsimony: float, display: Display, notify: Callable[[str], None]
) -> RunResult:
    """Have every island search in a process of its own; return what they found together.

    Args:
        orders: one for each.
        parsimony: what a statement costs where bests are compared.
        display: shows the progress of all.
        notify: called with a sentence to show.

    Raises:
        LionSearchError: if one of them cannot go on; then all are stopped, and what they have is stored.
    """
    for order in orders:
        if is_written(order.folder):
            raise FolderTakenError(f"{order.folder}: another process is writing this run")
    for order in orders:
        (order.folder / ENDING).unlink(missing_ok=True)  # those that wait for it would take it for ended
    processes = {}
    with _interrupts_ignored():  # which the islands inherit
        for order in orders:
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=_drive, args=(order, theirs))
            process.start()
            theirs.close()
            processes[ours] = (order, process)
    try:
        with display as listener:
            listener.step(orders[0].placement.describe())
            results = _follow(processes, parsimony, listener, notify)
    finally:
        for pipe, (_, process) in processes.items():
            pipe.close()  # which stops one that still runs
            process.join()
    return _join(results, parsimony)


class _Teller(Silence):
    """Sends the progress of an island to the process that started it."""

    def __init__(self, pipe: Connection):
        self._pipe = pipe

    def __call__(self, progress: Progress) -> None:
        """Send it."""
        self._pipe.send(progress)


def _drive(order: Order, pipe: Connection) -> None:
    """Search on one island; tell the process that started it of the progress, and in the end the result or an error."""
    signal.signal(_STOP, signal.default_int_handler)
    threading.Thread(target=_stop_on_message, args=(pipe,), daemon=True).start()
    sys.stdout = sys.stderr
    name = order.folder.name
    try:
        store, config = resume_run(order.folder, order.trust, force=order.force, **order.settings)
        session = Session(
            store,
            config,
            order.placement,
            _Teller(pipe),
            None,
            order.seconds,
            lambda text: pipe.send(f"{name}: {text}"),
            order.advice,
        )
        result = session.drive(order.force)
        for fault in save_best(order.folder, result):
            pipe.send(f"error: {fault}")
        pipe.send(result)
    except LionSearchError as error:
        pipe.send(RunError(f"{name}: {error}"))
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    finally:
        signal.signal(_STOP, signal.SIG_IGN)


def _stop_on_message(pipe: Connection) -> None:
    """Interrupt this process on a message, or when the one that started it is gone."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    os.kill(os.getpid(), _STOP)


def _follow(
    processes: dict[Connection, tuple[Order, BaseProcess]],
    parsimony: float,
    listener: Listener,
    notify: Callable[[str], None],
) -> dict[str, RunResult]:
    """Show what the islands say until all have ended; return their results by name.

    Raises:
        LionSearchError: of the first island that cannot go on.
        KeyboardInterrupt: if they are interrupted before all have a result.
    """
    progress: dict[str, Progress] = {}
    results: dict[str, RunResult] = {}
    running, error, interrupted = dict(processes), None, False
    while running:
        try:
            for pipe in wait(list(running)):
                assert isinstance(pipe, Connection)
                order, process = running[pipe]
                try:
                    message = pipe.recv()
                except (EOFError, OSError):
                    del running[pipe]
                    process.join()
                    if order.folder.name not in results and not interrupted and error is None:
                        error = RunError(
                            f"{order.folder.name}: its process died, with code {process.exitcode}; {order.advice}"
                        )
                        _stop(running)
                    continue
                match message:
                    case Progress():
                        progress[order.folder.name] = message
                        listener(_add(list(progress.values()), len(processes), parsimony))
                    case RunResult():
                        results[order.folder.name] = message
                    case RunError() if error is None:
                        error = message
                        _stop(running)
                    case str():
                        notify(message)
        except KeyboardInterrupt:
            interrupted = True
            _stop(running)
    if error is not None:
        raise error
    if len(results) < len(processes):
        raise KeyboardInterrupt
    return results


def _stop(running: dict[Connection, Any]) -> None:
    for pipe in running:
        with contextlib.suppress(OSError):
            pipe.send("stop")


def _add(parts: Sequence[Progress], count: int, parsimony: float) -> Progress:
    """Return the progress of so many islands, of those that are known."""
    sums = {
        name: sum(getattr(part, name) for part in parts)
        for name in ("told", "evaluated", "cached", "statements", "live_statements", "replayed")
    }
    bests = [part.best for part in parts if part.best is not None]
    seconds = max(part.seconds for part in parts)
    best = max(bests, key=lambda best: _key(best, parsimony), default=None)
    since = min(part.told - part.improved for part in parts)
    return Progress(
        total=parts[0].total * count,
        seconds=seconds,
        best=best,
        improved=sums["told"] - since,
        improved_at=max(part.improved_at for part in parts),
        limit=parts[0].limit,
        **sums,
    )


def _join(results: dict[str, RunResult], parsimony: float) -> RunResult:
    """Return the result of the island with the best on fresh seeds, the first of equals, and the progress of all."""
    names = sorted(results, key=lambda name: int(name.rpartition("_")[2]))
    bests = {name: best for name in names if (best := results[name].best) is not None}
    chosen = max(bests, key=lambda name: _key(bests[name], parsimony), default=names[0])
    each = [results[name] for name in names]
    lost: Counter[Any] = Counter()
    for result in each:
        for stage, kind, count in result.lost:
            lost[stage, kind] += count
    stopped = [f"{name}: {results[name].stopped}" for name in names if results[name].stopped]
    return replace(
        results[chosen],
        progress=_add([result.progress for result in each], len(each), parsimony),
        finished=all(result.finished for result in each),
        caught_up=all(result.caught_up for result in each),
        lost=tuple((*key, count) for key, count in sorted(lost.items())),
        stopped="; ".join(stopped),
        island=chosen,
    )


def _key(best: Elite, parsimony: float) -> tuple[bool, float]:
    """Return what bests of islands are compared by: fresh seeds, which are the same for all of them."""
    return choice_key(best.confirm, len(best.program.statements), parsimony)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
