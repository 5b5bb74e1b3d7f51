"""A run as an object: what a run folder holds, read when it is asked for, also while the run goes on."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lionsearch.archive import CandidateRow, RunStore, ScoredProgram, SearchedRow
from lionsearch.archive.folder import SHORT, check_run_folder, read_config
from lionsearch.archive.targets import load_target
from lionsearch.archive.whole_tables import WholeTables
from lionsearch.errors import LionSearchError, RunError
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.records import Evaluation, FailureKind, Stage, choice_key
from lionsearch.render.html import html_code, html_table
from lionsearch.runs.conditions import Change, list_changes
from lionsearch.runs.config import RunConfig, parse_config
from lionsearch.runs.found import Ancestor, FoundProgram
from lionsearch.runs.saving import RunEnd, read_end
from lionsearch.runs.verdict import Verdict, judge

if TYPE_CHECKING:
    from lionsearch.identification import Identity


class Run:
    """What a run folder holds. Everything is read when it is asked for, so a run that goes on can be looked at.

    Args:
        folder: of the run.

    Raises:
        RunError: if it is no run folder, or damaged.

    Examples:
        >>> import tempfile, lionsearch
        >>> run = lionsearch.search(
        ...     tasks="teacher_student", programs=10, workers=0, progress=False, output=tempfile.mkdtemp() + "/run",
        ...     evaluation={"elites": 1, "confirm_seeds": 1, "report_seeds": 1}, search={"racing": {"seeds": 1}})
        >>> run = Run(run.folder)
        >>> run.tasks, run.finished, len(run.table())
        (('teacher_student',), True, 10)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._identities: dict[Program | None, Identity | None] = {}
        with self._store():
            _ = self.config

    @property
    def config(self) -> RunConfig:
        """The experiment with all that it names."""
        check_run_folder(self.folder)
        return parse_config(read_config(self.folder), str(self.folder))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return tuple(spec.name for spec in self.config.specs)

    def counts(self) -> dict[str, int]:
        """Return how many candidates were `generated`, how many are `unique` and `evaluated`, and their statements."""
        with self._store() as store:
            return store.counts()

    def failures(self, stage: Stage = Stage.SEARCH) -> dict[FailureKind, int]:
        """Return how many unique programs failed at a stage, by kind."""
        with self._store() as store:
            return store.failures(stage)

    def changes(self) -> list[tuple[int, Change]]:
        """Return what scores depend on and has changed under the run, each with the candidate from which it holds."""
        with self._store() as store:
            return list_changes(store.conditions())

    def versions(self) -> dict[str, str]:
        """Return what the run was last gone on with: versions of what its scores depend on, by name."""
        with self._store() as store:
            return {row.name: row.value for row in store.conditions() if row.subject == "version"}

    @property
    def finished(self) -> bool:
        """Whether the search came to its end, or to one that a limit or a callback set, and has not gone on since."""
        if self._end() is not None:
            return True
        return self.counts()["generated"] == self.config.experiment.programs and self.verdict is not None

    @property
    def stopped(self) -> str:
        """Why the search ended before it had all its programs; "" if it did not."""
        end = self._end()
        return "" if end is None else end.stopped

    @property
    def best(self) -> FoundProgram | None:
        """The best program on fresh seeds, which at the end is that of `best.py`; None while there is none."""
        end, elites = self._end(), self.elites()
        chosen = [each for each in elites if end is not None and each.fingerprint == end.best]
        return next(iter([*chosen, *elites]), None)

    def elites(self) -> list[FoundProgram]:
        """Return the programs that were evaluated again on fresh seeds, the best first, as the run chooses."""
        return self.ranked(Stage.CONFIRM)

    def front(self) -> list[FoundProgram]:
        """Return the elites that no other is both better and shorter than, the shortest first."""
        found: list[FoundProgram] = []
        for each in self._ranked(Stage.CONFIRM, price=0.0):
            if not found or each.statements < found[-1].statements:
                found.append(each)
        return found[::-1]

    def ranked(self, stage: Stage = Stage.SEARCH, top: int | None = None) -> list[FoundProgram]:
        """Return the programs that have a score at a stage, the best first, as the run chooses.

        Those with most seeds come before the others: of thousands with one seed, the best are the lucky.

        Args:
            stage: of the evaluations.
            top: how many; None for all. Few of many take little time.
        """
        price = self.config.experiment.search.parsimony
        if top is None or stage is not Stage.SEARCH:
            return self._ranked(stage, price)[:top]
        with self._store() as store:
            rows = WholeTables(store).rounds(stage)
            rows.sort(key=lambda row: _key_in_search(row[1], row[2], price), reverse=True)
            return [self._open(row) for row in store.scored([name for name, _, _ in rows[:top]], stage)]

    def _ranked(self, stage: Stage, price: float) -> list[FoundProgram]:
        def key(row: ScoredProgram) -> tuple[int, tuple[bool, float]]:
            return len(row.evaluation.rounds), choice_key(row.evaluation, row.statements, price)

        with self._store() as store:
            return [self._open(row) for row in sorted(store.leaderboard(stage), key=key, reverse=True)]

    @property
    def verdict(self) -> Verdict | None:
        """What may be claimed of the best, on seeds and data that nothing was chosen by; None before the end."""
        best = self.best
        if best is None:
            return None
        with self._store() as store:
            start = store.lineage(0)
            names = [best.fingerprint, *(row.fingerprint for row in start)]
            ours, theirs = [*(store.evaluation(name, Stage.REPORT) for name in names), None][:2]
        return None if ours is None or theirs is None else judge(ours, theirs)

    @property
    def reported(self) -> FoundProgram | None:
        """The best with its scores on test data and held-out seeds; None before the end."""
        best = self.best
        if best is None:
            return None
        with self._store() as store:
            found = store.evaluation(best.fingerprint, Stage.REPORT)
        return None if found is None else replace(best, evaluation=found)

    @property
    def short(self) -> Program | None:
        """The best program without what changes its scores little; None where the run made none."""
        path = self.folder / SHORT
        return load_target(str(path))[0] if path.is_file() else None

    @property
    def identity(self) -> Identity | None:
        """The known method that the best program is, or the shorter one if there is one; None if it is none."""
        from lionsearch.evaluation.device import configure_jax

        configure_jax()
        from lionsearch.identification.identity import identify

        best = self.best
        program = None if best is None else self.short or best.program
        if program not in self._identities:
            self._identities = {program: None if program is None else identify(program)}
        return self._identities[program]

    def evaluations(self, stage: Stage) -> dict[str, Evaluation]:
        """Return what came of every program that was evaluated at a stage, by fingerprint; failures too."""
        with self._store() as store:
            return store.evaluations(stage)

    def evaluation(self, fingerprint: str, stage: Stage) -> Evaluation | None:
        """Return what came of a program at a stage; None if it was not evaluated there."""
        with self._store() as store:
            return store.evaluation(fingerprint, stage)

    def text(self, candidate: int) -> str:
        """Return the text of a candidate's program, dead code removed.

        Raises:
            RunError: if there is none of that number.
        """
        with self._store() as store:
            text = store.program_text(candidate)
        if text is None:
            raise self._missing(candidate)
        return text

    def program(self, candidate: int) -> Program:
        """Return a candidate's program, dead code removed.

        Raises:
            RunError: if there is none of that number.
        """
        return check_program(self.text(candidate), f"{self.folder}:{candidate}")

    def lineage(self, candidate: int | None = None) -> list[Ancestor]:
        """Return a candidate, by default the best, and its ancestors, the candidate first.

        Raises:
            RunError: if there is none of that number.
        """
        if candidate is None:
            best = self.best
            if best is None:
                raise RunError(f"{self.folder}: no program has a score on fresh seeds yet; give a candidate's number")
            candidate = best.candidate
        with self._store() as store:
            rows = store.lineage(candidate)
            found = [Ancestor(row, store.evaluation(row.fingerprint, Stage.SEARCH)) for row in rows]
        if not found:
            raise self._missing(candidate)
        return found

    def candidates(self) -> list[CandidateRow]:
        """Return every candidate that was told, in order."""
        with self._store() as store:
            return store.candidates()

    def searched(self) -> list[SearchedRow]:
        """Return every candidate with what came of its program in the search, in order: what an overview needs.

        It is read in a tenth of the time of `table`, and no row is compared with its digest.
        """
        with self._store() as store:
            return WholeTables(store).searched()

    def task_scores(self) -> dict[str, dict[str, float]]:
        """Return each task's score in the search by fingerprint; no row is compared with its digest."""
        with self._store() as store:
            return WholeTables(store).task_scores(Stage.SEARCH)

    def times(self) -> dict[int, float]:
        """Return after how many seconds of searching candidates were told, by number; an older run has none.

        Workers were started by then; pauses between an interrupt and `resume` do not count.
        """
        with self._store() as store:
            return store.times()

    def texts(self) -> dict[str, str]:
        """Return the text of every program by fingerprint, dead code removed; no row is compared with its digest."""
        with self._store() as store:
            return WholeTables(store).texts()

    def table(self) -> list[dict[str, Any]]:
        """Return a flat row for each candidate, for `pandas.DataFrame(run.table())`.

        Columns: those of a candidate (`number`, `parent`, `change`, `fingerprint`, `statements`, `live_statements`),
        `score` (the search's mean over tasks and seeds; None after a failure), `seeds`, `failure` (its kind, or None),
        `score_TASK` for each task, and `confirm_score` of those evaluated again on fresh seeds.
        """
        with self._store() as store:
            searched, confirmed = store.evaluations(Stage.SEARCH), store.evaluations(Stage.CONFIRM)
            rows = store.candidates()
        return [self._flatten(row, searched.get(row.fingerprint), confirmed.get(row.fingerprint)) for row in rows]

    def _open(self, row: ScoredProgram) -> FoundProgram:
        target = f"{self.folder}:{row.candidate}"
        return FoundProgram(row.candidate, row.fingerprint, row.statements, row.text, row.evaluation, target)

    def _end(self) -> RunEnd | None:
        return read_end(self.folder, self.counts()["generated"])

    def _missing(self, candidate: int) -> RunError:
        generated = self.counts()["generated"]
        return RunError(f"{self.folder}: there is no candidate {candidate}; {generated} are stored, numbered from 0")

    def _flatten(self, row: CandidateRow, search: Evaluation | None, confirm: Evaluation | None) -> dict[str, Any]:
        scores = {} if search is None else {each.task: each.score for each in search.results}
        failure = None if search is None else search.failure
        return {
            **asdict(row),
            "score": None if search is None else search.score,
            "seeds": 0 if search is None else len(search.rounds),
            "failure": None if failure is None else str(failure.kind),
            **{f"score_{task}": scores.get(task) for task in self.tasks},
            "confirm_score": None if confirm is None or not confirm.rounds else fmean(confirm.rounds),
        }

    def _repr_html_(self) -> str:
        rows = [
            (each.candidate, each.statements, each.seeds, each.score, *(str(found) for found in each.scores.values()))
            for each in self.elites()[:10]
        ]
        table = html_table(("candidate", "statements", "seeds", "mean score", *self.tasks), rows)
        best = self.best
        return f"<p>{escape(repr(self))}</p>{table}{'' if best is None else html_code(best.text)}"

    def __repr__(self) -> str:
        """Return the folder, how far it is, and its best."""
        try:
            counts, best = self.counts(), self.best
            total = self.config.experiment.programs
        except LionSearchError as error:
            return f"Run({str(self.folder)!r}: {error})"
        shown = "no score on fresh seeds yet" if best is None else f"best {best.score:+.4f}, candidate {best.candidate}"
        return f"Run({str(self.folder)!r}: {counts['generated']} of {total} programs, {shown})"

    @contextlib.contextmanager
    def _store(self) -> Iterator[RunStore]:
        store = RunStore.read(self.folder)
        try:
            yield store
        finally:
            store.close()


def _key_in_search(statements: int, rounds: tuple[float, ...], price: float) -> tuple[int, float]:
    """Return what programs are chosen by in the search, as `ranked` has it."""
    return len(rounds), fmean(rounds) - price * statements if rounds else -math.inf
