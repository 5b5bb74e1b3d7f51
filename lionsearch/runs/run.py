"""One search run: the search asks, the pool evaluates, the store remembers.

A fixed number of candidates is in flight and results are told in the order asked, whatever the workers' speed: the
same seed gives the same run with any number of workers (but for GPUs, whose batches change last digits). Resuming
replays the search against the stored evaluations. An evaluation that the system lost counts as a failure, and is part
of the run as any other; only a report that was lost is left out, so that resuming measures it again.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from lionsearch.archive import CandidateRow, RunStore
from lionsearch.errors import one_line
from lionsearch.evaluation.plan import Request
from lionsearch.evolution import Candidate, make_search
from lionsearch.graph import check_program
from lionsearch.lang import Program, format_program
from lionsearch.records import Evaluation, Stage, choice_key
from lionsearch.runs.callbacks import Callback, CandidateEvent, StopSearch
from lionsearch.runs.config import RunConfig
from lionsearch.runs.evaluations import Evaluations
from lionsearch.runs.listener import Listener, Silence
from lionsearch.runs.migration import open_migration
from lionsearch.runs.result import Elite, Progress, RunResult
from lionsearch.workers.pool import Pool

_FLUSH_SECONDS = 0.5


class _Told(NamedTuple):
    """A program that was told: the candidate that had it first, and its length. Its text is in the store."""

    candidate: int
    statements: int


class SearchRun:
    """Drives one run from where its store stands to its end.

    Args:
        config: the resolved experiment.
        store: the run's database, open for writing.
        pool: where evaluations run.
        listener: called with the progress now and then, and told of steps between.
        callback: told of each candidate and each improvement; its `StopSearch` ends the search, but not before all
            that is stored was gone through. With one, the search waits for the fresh seeds of what is better, so that
            what it is told does not depend on the workers' speed.
        seconds: after which the search ends; what is needed to start, and to go through what is stored, left out.
    """

    def __init__(
        self,
        config: RunConfig,
        store: RunStore,
        pool: Pool[Request, Evaluation],
        listener: Listener | None = None,
        callback: Callback | None = None,
        seconds: float = math.inf,
    ):
        self._config, self._store = config, store
        self._listener = Silence() if listener is None else listener
        self._callback, self._seconds, self._stopped = callback or Callback(), seconds, ""
        self._waits = callback is not None or config.experiment.target is not None
        experiment = config.experiment
        self._search = make_search(config.initial(), experiment.search, experiment.seed)
        self._migration = open_migration(store, config)
        self._evaluations = Evaluations(store, pool, self._listener)
        self._known = self._evaluations.known
        self._stored = store.counts()["generated"]
        self._pending: deque[Candidate] = deque()
        self._asked = self._told = self._cached = 0
        self._statements = self._live_statements = 0
        self._programs: dict[str, _Told] = {}
        self._waiting: dict[Stage, deque[str]] = {Stage.CONFIRM: deque(), Stage.META: deque()}
        self._incumbent: str | None = None  # the best of the search
        self._best: Elite | None = None
        self._best_key = self._best_key_in_search = (False, -math.inf)
        self._improved_best, self._improved_at = 0, 0.0  # the same of the best on fresh seeds, and the seconds then
        self._improved = 0  # the number of candidates told when the search last found a better one
        self._replayed = 0  # candidates told before the first result came
        self._flushed = time.monotonic()
        self._searched_before = max(store.times().values(), default=0.0)  # seconds, by earlier processes
        self._searching_since = time.monotonic()

    def run(self) -> RunResult:
        """Search to the end, or until interrupted from the keyboard; either way what is known is stored."""
        try:
            return self._run()
        finally:
            self._callback.close()

    def _run(self) -> RunResult:
        try:
            self._notify(self._callback.on_start, self._store.folder, self._config)
            self._search_all()
            self._confirm_elites()
            self._meta_validate()
            report, baseline = self._report()
            finished = True
        except KeyboardInterrupt:
            report, baseline, finished = None, None, False
        finally:
            self._store.flush()
        caught_up, lost = self._told >= self._stored, self._evaluations.count_lost(self._programs)
        stopped = self._stopped if finished and self._told < self._config.experiment.programs else ""
        result = RunResult(self.progress(), self._best, report, baseline, finished, caught_up, lost, stopped)
        self._notify(self._callback.on_end, result)
        return result

    def _notify(self, tell: Callable[..., None], *arguments: Any) -> None:
        """Call a callback, and note if it wants the search to end."""
        try:
            tell(*arguments)
        except StopSearch as end:
            if self._told > self._stored or not self._stored:  # else that is of an earlier process
                self._stopped = self._stopped or one_line(str(end)) or "a callback asked for it"

    def progress(self) -> Progress:
        """Return where the run stands."""
        started = self._evaluations.started
        return Progress(
            self._told,
            self._config.experiment.programs,
            self._evaluations.made,
            self._cached,
            self._statements,
            self._live_statements,
            self._replayed,
            0.0 if started is None else time.monotonic() - started,
            self._best,
            self._improved_best,
            self._improved_at,
            self._seconds,
        )

    def _search_all(self) -> None:
        experiment = self._config.experiment
        while self._told < experiment.programs and not self._stopped:
            while len(self._pending) < experiment.window and self._asked < experiment.programs:
                self._ask()
            head = self._pending.popleft()
            evaluation = self._await(head.fingerprint, Stage.SEARCH)
            self._tell(head, evaluation)
            self._stopped = self._stopped or self._reason_to_stop()
        self._store.flush()  # for whoever waits for this one
        if self._stopped:
            self._evaluations.forget_search()

    def _reason_to_stop(self) -> str:
        """Return why the search ends here, "" if it goes on."""
        experiment, progress = self._config.experiment, self.progress()
        if progress.told == experiment.programs or self._told < self._stored:
            return ""
        if experiment.patience is not None and self._told - self._improved >= experiment.patience:
            return f"no better one among the last {experiment.patience} candidates"
        if experiment.target is not None and self._best is not None:
            score = self._best.confirm.score
            if score is not None and score >= experiment.target:
                return f"the target of {experiment.target:g} is reached"
        return f"{self._seconds:g} seconds are over" if progress.seconds >= self._seconds else ""

    def _ask(self) -> None:
        immigrant = None if self._migration is None else self._migration.immigrant(self._asked)
        candidate = self._search.ask(immigrant)
        self._asked += 1
        name = candidate.fingerprint
        if self._evaluations.is_wanting(name, Stage.SEARCH):
            self._evaluations.ask(name, candidate.live, Stage.SEARCH, candidate.hurdles)
        self._pending.append(candidate)

    def _tell(self, candidate: Candidate, evaluation: Evaluation) -> None:
        self._search.tell(candidate, evaluation.rounds)
        self._told += 1
        self._note_time(candidate.number)
        self._statements += len(candidate.program.statements)
        self._live_statements += len(candidate.live.statements)
        is_new = self._store_told(candidate, evaluation)
        key = self._choice_key(candidate.fingerprint, evaluation)
        if self._is_whole(evaluation) and key > self._best_key_in_search:
            self._best_key_in_search, self._improved, self._incumbent = key, self._told, candidate.fingerprint
            self._measure(candidate.fingerprint, Stage.CONFIRM)
            if self._waits:
                self._await(candidate.fingerprint, Stage.CONFIRM)
        meta = self._config.experiment.meta_validation
        if meta is not None and self._told % meta.every == 0:
            self._measure_incumbent()
        self._take_in()
        self._report_progress()
        self._notify(self._callback.on_candidate, self._describe(candidate, evaluation, is_new), self.progress())

    def _note_time(self, number: int) -> None:
        """Store when a new candidate was told; pauses do not count, nor going through what is stored."""
        if number < self._stored:
            self._searching_since = time.monotonic()
        else:
            self._store.add_time(number, self._searched_before + time.monotonic() - self._searching_since)

    def _describe(self, candidate: Candidate, evaluation: Evaluation, is_new: bool) -> CandidateEvent:
        return CandidateEvent(
            candidate.number,
            candidate.parent,
            candidate.change,
            candidate.live,
            candidate.fingerprint,
            evaluation,
            is_new,
            candidate.number < self._stored,
        )

    def _store_told(self, candidate: Candidate, evaluation: Evaluation) -> bool:
        """Add the candidate, which shows whether this is the stored run, and its program if it is new: say so."""
        live, name = candidate.live, candidate.fingerprint
        sizes = len(candidate.program.statements), len(live.statements)
        with self._store.together():
            self._store.add_candidate(CandidateRow(candidate.number, candidate.parent, candidate.change, name, *sizes))
            if name in self._programs:
                self._cached += 1
                return False
            self._store.add_program(name, candidate.number, format_program(live))
            self._store.add_evaluation(name, evaluation)
            self._programs[name] = _Told(candidate.number, len(live.statements))
            return True

    def _is_whole(self, evaluation: Evaluation) -> bool:
        """Return whether a program was trained with all the seeds there are."""
        return len(evaluation.rounds) == (self._config.experiment.search.racing.seeds or 1)

    def _choice_key(self, name: str, evaluation: Evaluation) -> tuple[bool, float]:
        return choice_key(evaluation, self._programs[name].statements, self._config.experiment.search.parsimony)

    def _report_progress(self) -> None:
        now = time.monotonic()
        if now - self._flushed > _FLUSH_SECONDS:
            self._flushed = now
            self._store.flush()
            self._listener(self.progress())

    def _measure(self, name: str, stage: Stage) -> None:
        """Have a program evaluated at a later stage; nothing waits for the result."""
        self._ask_for(name, stage)
        self._waiting[stage].append(name)

    def _ask_for(self, name: str, stage: Stage) -> None:
        if self._evaluations.is_wanting(name, stage):
            self._evaluations.ask(name, self._load(name), stage)

    def _measure_incumbent(self) -> None:
        if self._incumbent is not None:
            self._measure(self._incumbent, Stage.META)

    def _take_in(self) -> None:
        """Store the results of later stages that have come; a program is the best only if it is better there."""
        for stage, waiting in self._waiting.items():
            while waiting and waiting[0] in self._known[stage]:
                name = waiting.popleft()
                self._store.add_evaluation(name, self._known[stage][name])
                if stage is Stage.CONFIRM:
                    self._compare_confirmed(name)

    def _compare_confirmed(self, name: str) -> None:
        key = self._choice_key(name, self._known[Stage.CONFIRM][name])
        if key > self._best_key:
            self._best_key, self._best = key, self._elite(name)
            self._improved_best, self._improved_at = self._told, self.progress().seconds
            self._notify(self._callback.on_improvement, self._best, self.progress())

    def _elite(self, name: str) -> Elite:
        number, live = self._programs[name].candidate, self._load(name)
        return Elite(number, name, live, self._known[Stage.SEARCH][name], self._known[Stage.CONFIRM][name])

    def _confirm_elites(self) -> None:
        """Re-evaluate the best of the search, and the best for their length: what is shorter may be as good."""
        scored = [
            (-len(evaluation.rounds), -self._choice_key(name, evaluation)[1], self._programs[name].candidate, name)
            for name, evaluation in self._known[Stage.SEARCH].items()
            if evaluation.score is not None and name in self._programs
        ]
        shortest = math.inf
        for rank, (_, _, _, name) in enumerate(sorted(scored)):
            length = self._programs[name].statements
            whole = self._is_whole(self._known[Stage.SEARCH][name])
            if rank < self._config.experiment.evaluation.elites or (length < shortest and whole):
                self._measure(name, Stage.CONFIRM)
            shortest = min(shortest, length)
        self._settle(Stage.CONFIRM, "training with {} elites on fresh seeds")

    def _meta_validate(self) -> None:
        """Measure the last incumbent on the tasks that the search did not see, and choose by them if asked to."""
        if self._config.experiment.meta_validation is None:
            return
        self._measure_incumbent()
        if self._config.experiment.evaluation.select != "meta_validation":
            self._settle(Stage.META, "training with {} programs on tasks that the search does not see")
            return
        for name in [name for name in self._known[Stage.CONFIRM] if name in self._programs]:
            self._measure(name, Stage.META)
        self._settle(Stage.META, "training with {} programs on tasks that the search does not see")
        measured = [name for name in self._known[Stage.META] if name in self._programs]
        for name in measured:
            self._measure(name, Stage.CONFIRM)
        self._settle(Stage.CONFIRM, "training with {} programs on fresh seeds")
        if measured:
            keys = {name: self._choice_key(name, self._known[Stage.META][name]) for name in measured}
            self._best = self._elite(max(measured, key=lambda name: (keys[name], -self._programs[name].candidate)))

    def _settle(self, stage: Stage, step: str) -> None:
        """Wait for all that is measured at a stage."""
        missing = [name for name in self._waiting[stage] if name not in self._known[stage]]
        if missing:
            self._listener(self.progress())
            self._listener.step(step.format(len(missing)))
        for name in list(self._waiting[stage]):
            self._await(name, stage)
        self._take_in()

    def _report(self) -> tuple[Evaluation | None, Evaluation | None]:
        """Evaluate the best and the first program on what nothing was chosen by."""
        if self._best is None:
            return None, None
        first = min(self._programs, key=lambda name: self._programs[name].candidate)
        names = (self._best.fingerprint, first)
        if any(name not in self._known[Stage.REPORT] for name in names):
            self._listener.step("training with the best and the start on test data and held-out seeds")
        report, baseline = [self._evaluate_now(name, Stage.REPORT) for name in names]
        return report, baseline

    def _evaluate_now(self, name: str, stage: Stage) -> Evaluation:
        self._ask_for(name, stage)
        evaluation = self._await(name, stage)
        if not evaluation.lost:
            self._store.add_evaluation(name, evaluation)
        return evaluation

    def _load(self, name: str) -> Program:
        """Return a program that was told."""
        text = self._store.program_text(self._programs[name].candidate)
        assert text is not None
        return check_program(text)

    def _await(self, name: str, stage: Stage) -> Evaluation:
        if self._evaluations.started is None:
            self._replayed = self._told
        return self._evaluations.wait(name, stage)
