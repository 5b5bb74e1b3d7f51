import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
from collections import Counter
from statistics import fmean

import pytest
from workers.tiny_project import (
    BEGINNINGS,
    EXPERIMENT,
    kill_group,
    read_rows,
    run_cli,
    start_cli,
    wait_for_end,
    wait_for_progress,
    without_progress,
    write_experiment,
    write_project,
)

from lionsearch.archive import RunStore
from lionsearch.errors import RunError, TaskError
from lionsearch.evolution import SearchSettings
from lionsearch.graph import check_program, find_live, fingerprint
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.config import load_experiment
from lionsearch.runs.listener import Silence
from lionsearch.runs.opening import resume_run, start_run
from lionsearch.runs.run import SearchRun

BIG = EXPERIMENT.replace("programs = 200", "programs = 1000")


class FakePool:
    """Scores a program by a number made of its fingerprint; gives results back in a random order.

    Args:
        order: seed of the order.
        interrupt_after: results after which collecting is interrupted from the keyboard.
        losing: seed of what the system loses; None loses nothing.
    """

    def __init__(self, order=0, interrupt_after=None, losing=None):
        self.order, self.left, self.losing = random.Random(order), interrupt_after, losing
        self.queue, self.submitted = [], Counter()

    def submit(self, request):
        assert fingerprint(request.program) == request.fingerprint
        assert len(find_live(request.program).statements) == len(request.program.statements)
        self.queue.append(request)
        self.submitted[request.fingerprint, request.stage] += 1

    def collect(self):
        self.order.shuffle(self.queue)
        taken = [self.queue.pop() for _ in range(self.order.randint(1, len(self.queue)))]
        if self.left is not None:
            self.left -= len(taken)
            if self.left < 0:
                raise KeyboardInterrupt
        return [(request, lose(request, self.losing) or evaluate(request)) for request in taken]

    def forget(self, unwanted):
        self.queue = [request for request in self.queue if not unwanted(request)]

    def close(self):
        self.queue.clear()


def lose(request, seed):
    """A fifth is lost, at every stage, by one of the two kinds of loss; None if it is not."""
    rng = random.Random(f"{seed}{request.fingerprint}{request.stage}")
    if seed is None or rng.random() > 0.2:
        return None
    kind = rng.choice([FailureKind.WORKER_LOST, FailureKind.TIMEOUT])
    return Evaluation(request.stage, None, (TaskResult("linear", failure=Failure(kind, "made up, twice")),))


def evaluate(request):
    """A third fail; the seeds of a stage shift the score as fresh seeds do."""
    value = random.Random(request.fingerprint).random()
    noise = random.Random(f"{request.fingerprint}{request.stage}")
    if value < 0.3:
        failure = Failure(FailureKind.NO_PROGRESS, "made up")
        return Evaluation(request.stage, None, (TaskResult("linear", failure=failure),))
    scores = []
    for hurdle in (*(request.hurdles or ()), None):
        scores.append(value + noise.random())
        if hurdle is not None and fmean(scores) < hurdle:
            break
    score = fmean(scores)
    return Evaluation(request.stage, score, (TaskResult("linear", value, score, scores=tuple(scores)),), tuple(scores))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(autouse=True)
def _in_project(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(project / "cache"))


class Heard(Silence, list):
    """Everything that a listener was told."""

    def __call__(self, progress):
        self.append(progress)

    def step(self, text):
        self.append(text)


def search(folder, pool, listener=None, **settings):
    """Run the tiny experiment in a new folder; return (result, rows)."""
    config = load_experiment("tiny", **settings)
    store = start_run(folder, config)
    return finish(store, config, pool, listener)


def finish(store, config, pool, listener=None):
    try:
        result = SearchRun(config, store, pool, listener).run()
        return result, list(store.rows())
    finally:
        store.close()


def test_a_run_ends_with_all_its_candidates(tmp_path):
    pool = FakePool()
    result, rows = search(tmp_path / "run", pool)
    assert result.finished
    assert (result.progress.told, result.progress.total) == (200, 200)
    counts = RunStore.read(tmp_path / "run").counts()
    assert counts["generated"] == 200
    assert counts["unique"] == counts["evaluated"] == 200 - result.progress.cached
    assert result.progress.evaluated == sum(pool.submitted.values())
    assert rows == read_rows(tmp_path / "run")


def test_duplicates_are_evaluated_once(tmp_path):
    pool = FakePool()
    result, _ = search(tmp_path / "run", pool, search={"preset": "paper", "population": 20})
    assert result.progress.cached > 10
    assert set(pool.submitted.values()) == {1}


def test_only_live_statements_are_stored_and_evaluated(tmp_path):
    search(tmp_path / "run", FakePool())
    store = RunStore.read(tmp_path / "run")
    for row in store.leaderboard(Stage.SEARCH):
        program = check_program(row.text)
        assert fingerprint(program) == row.fingerprint
        assert len(program.statements) == store.lineage(row.candidate)[0].live_statements


def net(row):
    """What a row is ranked by, the least first: the score, less what its statements cost."""
    return SearchSettings().parsimony * row.statements - fmean(row.evaluation.rounds)


def test_the_best_is_chosen_by_fresh_seeds(tmp_path):
    result, _ = search(tmp_path / "run", FakePool(), seed=6)
    store = RunStore.read(tmp_path / "run")
    in_search, confirmed = [sorted(store.leaderboard(stage), key=net) for stage in (Stage.SEARCH, Stage.CONFIRM)]
    assert result.best.fingerprint == confirmed[0].fingerprint != in_search[0].fingerprint
    assert result.best.candidate == confirmed[0].candidate
    assert result.best.confirm == confirmed[0].evaluation
    assert result.best.search == store.evaluations(Stage.SEARCH)[result.best.fingerprint]
    assert result.report == store.evaluations(Stage.REPORT)[result.best.fingerprint]


def test_the_elites_of_the_search_are_all_confirmed(tmp_path):
    search(tmp_path / "run", FakePool(), evaluation={"elites": 12})
    store = RunStore.read(tmp_path / "run")
    ranked = sorted(store.leaderboard(Stage.SEARCH), key=net)
    whole = [row.fingerprint for row in ranked if len(row.evaluation.rounds) == 3]
    assert len(whole) >= 12
    assert set(whole[:12]) <= set(store.evaluations(Stage.CONFIRM))


def test_the_baseline_is_the_first_initial_program(tmp_path):
    result, _ = search(tmp_path / "run", FakePool(), initial=("lion", "adamw"), seed=2)
    store = RunStore.read(tmp_path / "run")
    first = store.lineage(0)[0].fingerprint
    assert result.baseline == store.evaluations(Stage.REPORT)[first]
    assert set(store.evaluations(Stage.REPORT)) == {first, result.best.fingerprint}


def test_a_run_in_which_all_fail_has_no_best(tmp_path, monkeypatch):
    failed = Evaluation(Stage.SEARCH, None, (TaskResult("linear", failure=Failure(FailureKind.NON_FINITE, "")),))
    monkeypatch.setitem(globals(), "evaluate", lambda request: failed)
    result, _ = search(tmp_path / "run", FakePool())
    assert result.finished
    assert (result.best, result.report, result.baseline) == (None, None, None)


@pytest.mark.parametrize("algorithm", ["evolution", "random", "tuning"])
def test_the_order_of_results_changes_nothing(tmp_path, algorithm):
    settings = {"search": {"algorithm": algorithm, "population": 10}, "seed": 4}
    one = search(tmp_path / "one", FakePool(order=1), **settings)
    other = search(tmp_path / "other", FakePool(order=2), **settings)
    assert one[1] == other[1]
    assert one[0].best == other[0].best
    assert one[0].report == other[0].report
    assert one[1] != search(tmp_path / "third", FakePool(), **{**settings, "seed": 5})[1]


def test_the_window_is_part_of_the_run(tmp_path):
    rows = {window: search(tmp_path / str(window), FakePool(), window=window)[1] for window in (1, 8, 200, 1000)}
    assert rows[1] != rows[8] != rows[200]
    assert rows[200] == rows[1000]  # all in flight at once
    changes = [row for table, row in rows[200] if table == "candidates"]
    assert {row[1] for row in changes[1:]} == {0}  # nothing was told before the last was asked


@pytest.mark.parametrize("after", [0, 1, 5, 40, 75])
def test_an_interrupted_run_is_resumed_to_the_same_end(tmp_path, after):
    _, whole = search(tmp_path / "whole", FakePool())
    result, part = search(tmp_path / "part", FakePool(order=after, interrupt_after=after))
    assert not result.finished
    assert result.caught_up
    assert result.progress.told < 200
    assert (result.report, result.baseline) == (None, None)
    assert len(part) < len(whole)
    resumed, rows = finish(*resume_run(tmp_path / "part"), FakePool(order=7))
    assert resumed.finished
    assert rows == whole


def test_a_run_interrupted_again_and_again_gets_to_the_same_end(tmp_path):
    wanted, whole = search(tmp_path / "whole", FakePool())
    result, rows = search(tmp_path / "part", FakePool(interrupt_after=30))
    times = 0
    while not result.finished:
        times += 1
        result, rows = finish(*resume_run(tmp_path / "part"), FakePool(order=times, interrupt_after=30))
    assert 2 < times < 20
    assert rows == whole
    assert (result.best, result.report, result.baseline) == (wanted.best, wanted.report, wanted.baseline)


def forget_after(folder, told, rng):
    """Leave of a finished run what there is once so many candidates were told; of its confirmations, some."""
    database = sqlite3.connect(folder / "run.sqlite")
    database.execute("DELETE FROM candidates WHERE number >= ?", (told,))
    database.execute("DELETE FROM programs WHERE first_candidate >= ?", (told,))
    database.execute("DELETE FROM evaluations WHERE stage = 'report'")
    database.execute("DELETE FROM evaluations WHERE fingerprint NOT IN (SELECT fingerprint FROM programs)")
    for (name,) in database.execute("SELECT fingerprint FROM evaluations WHERE stage = 'confirm'").fetchall():
        if rng.random() < 0.5:
            database.execute("DELETE FROM evaluations WHERE stage = 'confirm' AND fingerprint = ?", (name,))
    database.execute(
        "DELETE FROM results WHERE (fingerprint, stage) NOT IN (SELECT fingerprint, stage FROM evaluations)"
    )
    database.commit()
    database.close()


def lose_kill_and_resume(folder, seed):
    """Resume a run with losses that was killed at a random candidate; return its rows, and those of the whole run."""
    rng = random.Random(seed)
    algorithm = rng.choice(["evolution", "evolution", "random", "tuning"])
    settings = {"seed": seed, "window": rng.choice([1, 8, 50]), "search": {"algorithm": algorithm, "population": 20}}
    result, whole = search(folder, FakePool(seed, losing=seed), **settings)
    assert result.finished
    told = rng.randrange(result.progress.total + 1)
    forget_after(folder, told, rng)
    stored = {(name, stage) for table, (name, stage, *_) in read_rows(folder) if table == "evaluations"}
    pool = FakePool(rng.random(), losing=seed)
    resumed, rows = finish(*resume_run(folder), pool)
    assert not stored & {(name, str(stage)) for name, stage in pool.submitted}, "what was told is told again"
    assert resumed.finished
    assert (resumed.best, resumed.report, resumed.lost) == (result.best, result.report, result.lost)
    return rows, whole


@pytest.mark.parametrize("seed", range(4))
def test_a_run_with_losses_is_resumed_to_the_same_end(tmp_path, seed):
    rows, whole = lose_kill_and_resume(tmp_path / "run", seed)
    assert rows == whole
    assert {row[6] for table, row in rows if table == "results"} >= {"timeout", "worker_lost"}


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4, 60))
def test_any_run_with_losses_is_resumed_to_the_same_end(tmp_path, seed):
    rows, whole = lose_kill_and_resume(tmp_path / "run", seed)
    assert rows == whole


def test_what_was_lost_is_counted_and_not_tried_again(tmp_path):
    result, rows = search(tmp_path / "run", FakePool(losing=1))
    counted = Counter(
        (row[1], row[6]) for table, row in rows if table == "results" and row[6] in ("timeout", "worker_lost")
    )
    assert {(str(stage), str(kind)): count for stage, kind, count in result.lost if stage != Stage.REPORT} == counted
    assert sum(counted.values()) > 20
    pool = FakePool()  # which loses nothing
    again, same = finish(*resume_run(tmp_path / "run"), pool)
    assert same == rows
    assert {stage for _, stage in pool.submitted} <= {Stage.REPORT}
    assert again.best == result.best


def test_a_report_that_was_lost_is_not_stored_and_measured_by_resuming(tmp_path, monkeypatch):
    lost = Evaluation(Stage.REPORT, None, (TaskResult("linear", failure=Failure(FailureKind.TIMEOUT, "late, twice")),))
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "lose", lambda request, seed: lost if request.stage is Stage.REPORT else None)
        result, _ = search(tmp_path / "run", FakePool())
    assert result.finished
    assert result.report.lost
    assert (Stage.REPORT, FailureKind.TIMEOUT, 2) in result.lost
    wanted, whole = search(tmp_path / "whole", FakePool())
    resumed, rows = finish(*resume_run(tmp_path / "run"), FakePool())
    assert (resumed.report, resumed.baseline) == (wanted.report, wanted.baseline)
    assert rows == whole


def test_a_resume_that_diverges_says_so_and_changes_nothing(tmp_path):
    """As it would if what was told to the search were not told to it again."""
    search(tmp_path / "run", FakePool())
    database = sqlite3.connect(tmp_path / "run" / "run.sqlite")
    [(name,)] = database.execute("SELECT fingerprint FROM candidates WHERE number = 30")
    for table in ("evaluations", "results"):
        database.execute(f"DELETE FROM {table} WHERE stage = 'search' AND fingerprint = ?", (name,))
    database.commit()
    database.close()
    rows, pool = read_rows(tmp_path / "run"), FakePool()
    store, config = resume_run(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "lose", lambda request, seed: replace_scores(request))
        with pytest.raises(RunError, match=r"run: candidate \d+ is .* now and was .*; nothing was changed$"):
            finish(store, config, pool)
    added = set(read_rows(tmp_path / "run")) - set(rows)
    assert {row[0] for _, row in added} == {name}
    assert {row for row in rows if row[0] != "results"} <= set(read_rows(tmp_path / "run"))


def replace_scores(request):
    """An evaluation that is much better than any that was stored."""
    scores = (9.0,) * (1 + len(request.hurdles or ()))
    return Evaluation(request.stage, 9.0, (TaskResult("linear", 1.0, 9.0, scores=scores),), scores)


def test_a_resume_that_is_interrupted_before_it_has_caught_up_says_so(tmp_path):
    search(tmp_path / "run", FakePool())
    config_and_store = resume_run(tmp_path / "run")

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lionsearch.runs.run._FLUSH_SECONDS", 0.0)
        result, _ = finish(*config_and_store, FakePool(), interrupt)
    assert (result.finished, result.caught_up) == (False, False)
    assert finish(*resume_run(tmp_path / "run"), FakePool())[0].caught_up


def test_resuming_a_finished_run_evaluates_nothing(tmp_path):
    wanted, whole = search(tmp_path / "run", FakePool())
    pool = FakePool()
    result, rows = finish(*resume_run(tmp_path / "run"), pool)
    assert not pool.submitted
    assert rows == whole
    assert (result.best, result.report, result.baseline) == (wanted.best, wanted.report, wanted.baseline)


def test_a_resumed_run_keeps_its_configuration(tmp_path, project):
    _, whole = search(tmp_path / "whole", FakePool())
    search(tmp_path / "part", FakePool(interrupt_after=50))
    write_experiment(project, "tiny", EXPERIMENT.replace("window = 8", "window = 3"))
    (project / "programs" / "adamw.py").write_text("def train(w, g, lr): return g * lr\n")
    try:
        assert finish(*resume_run(tmp_path / "part"), FakePool())[1] == whole
    finally:
        write_experiment(project, "tiny", EXPERIMENT)
        (project / "programs" / "adamw.py").unlink()


def test_what_was_told_is_stored_when_the_pool_raises(tmp_path):
    class Broken(FakePool):
        def collect(self):
            if sum(self.submitted.values()) > 50:
                raise TaskError("no more")
            return super().collect()

    with pytest.raises(TaskError, match="no more"):
        search(tmp_path / "run", Broken())
    assert RunStore.read(tmp_path / "run").counts()["generated"] > 20
    _, whole = search(tmp_path / "whole", FakePool())
    assert finish(*resume_run(tmp_path / "run"), FakePool())[1] == whole


def test_the_listener_sees_the_run_grow(tmp_path, monkeypatch):
    monkeypatch.setattr("lionsearch.runs.run._FLUSH_SECONDS", 0.0)
    heard = Heard()
    result, _ = search(tmp_path / "run", FakePool(), heard)
    steps, seen = ([each for each in heard if isinstance(each, str) == said] for said in (True, False))
    assert [step.split()[0] for step in steps] == ["compiling", "training", "training"]
    assert heard.index(steps[0]) == 0
    told = [progress.told for progress in seen]
    assert told == sorted(told)
    assert len(seen) > 100
    assert all(p.live_statements <= p.statements and p.told <= p.total and p.cached <= p.told for p in seen)
    assert [p.best.confirm.score for p in seen if p.best] == sorted(p.best.confirm.score for p in seen if p.best)
    assert result.progress.told == 200
    improved = [progress.improved for progress in seen]
    assert improved == sorted(improved)
    assert 0 < improved[-1] <= 200


@pytest.fixture(scope="module")
def reference_rows(project):
    """The rows of `tiny` and of `big` (five times as long) run in one process, never interrupted."""
    write_experiment(project, "big", BIG)
    found = {}
    for name in ("tiny", "big"):
        done = run_cli(project, "search", name, "--workers", 0, "--output", project / "whole" / name)
        assert done.returncode == 0, done.stderr
        found[name] = read_rows(project / "whole" / name)
    return found


def test_the_same_seed_gives_the_same_run(project, reference_rows, tmp_path):
    done = run_cli(project, "search", "tiny", "--workers", 0, "--output", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    assert read_rows(tmp_path / "again") == reference_rows["tiny"]


@pytest.mark.ray
@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.thorough
def test_workers_change_nothing(project, reference_rows, tmp_path, workers):
    done = run_cli(project, "search", "tiny", "--workers", workers, "--output", tmp_path / "run", timeout=150)
    assert done.returncode == 0, done.stderr
    assert read_rows(tmp_path / "run") == reference_rows["tiny"]
    assert wait_for_end(project) == []


def kill_and_resume(project, folder, seconds):
    """Kill a run after so many seconds of work, each time anew, then let it end; return how often it was killed."""
    command = ("search", "big", "--workers", 0, "--output", folder)
    kills = 0
    for wait in seconds:
        process = start_cli(project, *command)
        line = process.stderr.readline()  # the run's folder is complete
        assert line.startswith(BEGINNINGS), line
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            kills += 1
        finally:
            kill_group(process)
        command = ("resume", folder, "--workers", 0)
    done = run_cli(project, *command)
    assert done.returncode == 0, done.stderr
    return kills


def random_seconds(seed, count, longest):
    rng = random.Random(seed)
    return [rng.uniform(0.0, longest) for _ in range(count)]


@pytest.mark.thorough
def test_a_killed_run_is_resumed_to_the_same_end(project, reference_rows, tmp_path):
    assert kill_and_resume(project, tmp_path / "run", random_seconds(0, 2, 1.8)) >= 1
    assert read_rows(tmp_path / "run") == reference_rows["big"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_a_run_killed_many_times_is_resumed_to_the_same_end(project, reference_rows, tmp_path, seed):
    seconds = random_seconds(seed, 5, 1.8)
    assert kill_and_resume(project, tmp_path / "run", seconds) >= 4
    assert read_rows(tmp_path / "run") == reference_rows["big"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.thorough
def test_a_signal_ends_a_run_with_what_it_has(project, reference_rows, tmp_path, number):
    process = start_cli(project, "search", "big", "--workers", 0, "--output", tmp_path / "run", "--programs", 10**7)
    try:
        assert process.stderr.readline().startswith(BEGINNINGS)
        assert re.match(r"\d+/10000000 programs", wait_for_progress(process))
        os.killpg(process.pid, number)
        output, errors = process.communicate(timeout=30)
    finally:
        kill_group(process)
    assert process.returncode == 130
    assert without_progress(errors) == ""
    assert output.startswith("interrupted: ")
    assert f"lionsearch resume {tmp_path / 'run'} --workers 0\n" in output
    rows = read_rows(tmp_path / "run")
    assert rows
    candidates = [row for row in rows if row[0] == "candidates"]
    assert candidates[:1000] == reference_rows["big"][: min(1000, len(candidates))]


def test_times_go_on_where_an_interrupted_run_left_off(tmp_path):
    config = load_experiment("tiny", programs=40)
    store = start_run(tmp_path / "run", config)
    result, _ = finish(store, config, FakePool(interrupt_after=20))
    store, config = resume_run(tmp_path / "run")
    first = store.times()
    assert sorted(first) == list(range(result.progress.told))
    finish(store, config, FakePool())
    with contextlib.closing(RunStore.read(tmp_path / "run")) as read:
        times = read.times()
    assert sorted(times) == list(range(40))
    assert list(times.values()) == sorted(times.values()), "they only go up"
    assert {number: times[number] for number in first} == first, "what was told is not told anew"
