import contextlib
import math
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest
from filelock import FileLock

from lionsearch.archive import CandidateRow, ConditionRow, RunStore
from lionsearch.errors import FolderTakenError, RunError
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult

SCORED = Evaluation(
    Stage.SEARCH,
    0.1 + 0.2,
    (
        TaskResult("cheap", 1 / 3, 0.7, metrics=(("accuracy", 0.1), ("rms", 1e-300)), scores=(0.1 + 0.7, 0.6)),
        TaskResult("dear", 1e300, -0.1),
    ),
    (0.1 + 0.3, 1e-300, 0.5),
)
FAILED = Evaluation(
    Stage.SEARCH,
    None,
    (TaskResult("cheap", 2.0, 0.25), TaskResult("dear", failure=Failure(FailureKind.NON_FINITE, "é\n'x'"))),
)
EMPTY = Evaluation(Stage.SEARCH, -1.0, ())


@pytest.fixture
def processes():
    started = []
    yield started
    for process in started:
        process.kill()
        process.communicate(timeout=30)


def fill(store, count, first=0):
    for number in range(first, first + count):
        name = f"f{number}"
        score = None if number % 3 == 2 else float(number % 7)
        store.add_candidate(CandidateRow(number, number - 1 if number else None, "insert", name, 9, 5))
        store.add_program(name, number, f"text {number}")
        failure = Failure(FailureKind.TIMEOUT, "late") if score is None else None
        store.add_evaluation(name, Evaluation(Stage.SEARCH, score, (TaskResult("t", score, score, failure),)))


def start_writer(processes, folder, then):
    """Start a process that fills the store with 10 candidates and flushes, then runs more code, then waits."""
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from lionsearch.archive import RunStore
from test_store import fill
store = RunStore.create(Path({str(folder)!r}), "{{}}")
fill(store, 10)
store.flush()
{then}
print("ready", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    processes.append(process)
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("evaluation", [SCORED, FAILED, EMPTY])
@pytest.mark.parametrize("stage", Stage)
def test_an_evaluation_comes_back_as_it_was(store, evaluation, stage):
    told = Evaluation(stage, evaluation.score, evaluation.results)
    store.add_evaluation("f", told)
    for opened in (store, _reopened(store)):
        assert opened.evaluations(stage) == {"f": told}
        assert all(opened.evaluations(other) == {} for other in Stage if other is not stage)


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_comes_back(store, kind):
    """What the system failed too: it is what the search was told."""
    failed = Evaluation(Stage.SEARCH, None, (TaskResult("t", failure=Failure(kind, "why")),))
    store.add_evaluation("f", failed)
    store.add_evaluation("g", SCORED)
    assert store.evaluations(Stage.SEARCH) == {"f": failed, "g": SCORED}
    assert store.evaluation("f", Stage.SEARCH) == failed
    assert store.evaluation("f", Stage.CONFIRM) is None
    assert store.failures() == {kind: 1}
    assert store.failures(Stage.CONFIRM) == {}


def _reopened(store):
    store.flush()
    return RunStore.read(store.folder)


def test_what_is_added_again_changes_nothing(store):
    fill(store, 5)
    before = list(store.rows())
    fill(store, 5)
    assert list(store.rows()) == before


def test_another_program_of_a_stored_name_is_an_error(store):
    fill(store, 5)
    before = list(store.rows())
    with pytest.raises(
        RunError, match=r"run: program f0 is \('f0', 3, 'another text'\) now and was \('f0', 0, 'text 0'"
    ):
        store.add_program("f0", 3, "another text")
    assert list(store.rows()) == before


def test_another_evaluation_of_a_program_is_an_error_and_changes_nothing(store):
    lost = Evaluation(Stage.SEARCH, None, (TaskResult("cheap", failure=Failure(FailureKind.WORKER_LOST, "died")),))
    other = Evaluation(Stage.CONFIRM, 0.5, (TaskResult("cheap", 1.0, 0.5),))
    for evaluation in (lost, other):
        store.add_evaluation("f", evaluation)
    before = list(store.rows())
    with pytest.raises(RunError, match=r"run: evaluation of program f is .* now and was .*; nothing was changed"):
        store.add_evaluation("f", SCORED)
    assert list(store.rows()) == before
    assert store.evaluations(Stage.SEARCH) == {"f": lost}


@pytest.mark.parametrize("end", [KeyboardInterrupt, RunError])
def test_what_is_added_together_is_there_wholly_or_not_at_all(store, end):
    fill(store, 3)
    before = list(store.rows())

    def fill_and_end():
        with store.together():
            fill(store, 2, first=3)
            raise end

    with pytest.raises(end):
        fill_and_end()
    store.flush()
    assert list(store.rows()) == before
    with store.together():
        fill(store, 2, first=3)
    assert RunStore.read(store.folder).counts()["generated"] == 3, "nothing is durable before a flush"
    store.flush()
    assert RunStore.read(store.folder).counts()["generated"] == 5


def test_conditions_come_back_in_order_and_the_last_word_on_a_candidate_counts(store):
    rows = [
        ConditionRow(0, "task", "a", "1"),
        ConditionRow(0, "version", "jax", "0.6"),
        ConditionRow(3, "task", "a", "2"),
    ]
    for row in (rows[2], ConditionRow(0, "task", "a", "0"), *rows[:2]):
        store.add_condition(row)
    assert store.conditions() == rows


@pytest.mark.parametrize("change", [{"parent": 2}, {"change": "delete"}, {"fingerprint": "x"}, {"statements": 8}])
def test_another_candidate_of_a_stored_number_is_an_error(store, change):
    fill(store, 5)
    before = list(store.rows())
    row = CandidateRow(4, 3, "insert", "f4", 9, 5)
    store.add_candidate(row)
    with pytest.raises(RunError, match=r"run: candidate 4 is \(4, .* now and was \(4, 3, 'insert', 'f4', 9, 5\)"):
        store.add_candidate(replace(row, **change))
    assert list(store.rows()) == before


def test_an_empty_run_is_discarded_with_its_folder(store):
    store.discard_if_empty()
    assert not store.folder.exists()


def test_discarding_leaves_what_is_not_the_runs(store):
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / "data").mkdir()
    store.discard_if_empty()
    assert sorted(path.name for path in store.folder.iterdir()) == ["data", "notes.txt"]


def test_a_run_with_a_candidate_is_not_discarded(store):
    fill(store, 1)
    store.discard_if_empty()
    assert _reopened(store).counts()["generated"] == 1


def test_rows_hold_every_table(store):
    fill(store, 3)
    tables = [table for table, _ in store.rows()]
    assert tables == ["candidates"] * 3 + ["programs"] * 3 + ["evaluations"] * 3 + ["results"] * 3


def test_rows_do_not_depend_on_the_order_of_writing(store, tmp_path):
    other = RunStore.create(tmp_path / "other", "{}")
    fill(store, 10)
    for number in (7, 3, 9, 0, 1, 2, 8, 4, 6, 5):
        fill(other, 1, first=number)
    assert list(store.rows()) == list(other.rows())
    other.close()


def test_the_configuration_comes_back(store):
    assert store.read_config() == '{"a": 1}'
    assert _reopened(store).read_config() == '{"a": 1}'


def test_a_closed_run_can_be_gone_on_with(store):
    fill(store, 3)
    before = list(store.rows())
    store.close()
    again = RunStore.resume(store.folder)
    assert list(again.rows()) == before
    fill(again, 2, first=3)
    again.close()
    assert RunStore.read(store.folder).counts()["generated"] == 5


def test_a_second_writer_is_refused_until_the_first_is_done(store):
    with pytest.raises(RunError, match="another process is writing this run"):
        RunStore.resume(store.folder)
    store.close()
    RunStore.resume(store.folder).close()


def test_another_process_reads_what_is_flushed_but_cannot_write(processes, tmp_path):
    folder = tmp_path / "run"
    start_writer(processes, folder, "fill(store, 5, first=10)")
    assert RunStore.read(folder).counts()["generated"] == 10
    assert len(RunStore.read(folder).leaderboard(Stage.SEARCH)) == 7
    with pytest.raises(RunError, match=f"{folder}: another process is writing this run"):
        RunStore.resume(folder)


def test_a_reader_sees_what_is_written_later(processes, tmp_path):
    folder = tmp_path / "run"
    process = start_writer(
        processes, folder, "print('ready', flush=True); sys.stdin.readline(); fill(store, 5, 10); store.flush()"
    )
    reader = RunStore.read(folder)
    assert reader.counts()["generated"] == 10
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    assert reader.counts()["generated"] == 15


def test_nothing_flushed_is_lost_by_kill(processes, tmp_path):
    folder = tmp_path / "run"
    process = start_writer(processes, folder, "fill(store, 5, first=10)")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    assert RunStore.read(folder).counts()["generated"] == 10
    store = RunStore.resume(folder)  # the lock went with the process
    fill(store, 15)
    store.close()
    whole = RunStore.create(tmp_path / "whole", "{}")
    fill(whole, 15)
    assert list(RunStore.read(folder).rows()) == list(whole.rows())
    whole.close()


class Interruptible:
    """A database that is interrupted from the keyboard once so many more statements were executed."""

    def __init__(self, database):
        self.database, self.left = database, math.inf

    def __getattr__(self, name):
        if name in ("execute", "executemany"):
            self.left -= 1
            if self.left < 0:
                self.left = math.inf
                raise KeyboardInterrupt
        return getattr(self.database, name)


def test_an_evaluation_cut_off_half_way_is_none(tmp_path, monkeypatch):
    """An interrupt between two statements of SQL, which is then flushed, must not leave a score without results."""
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kw: opened.append(Interruptible(connect(*args, **kw))) or opened[-1]
    )
    store = RunStore.create(tmp_path / "run", "{}")
    opened[0].left = 1
    with pytest.raises(KeyboardInterrupt):
        store.add_evaluation("f", SCORED)
    store.flush()
    assert store.evaluations(Stage.SEARCH) == {}
    store.add_evaluation("f", SCORED)
    assert store.evaluations(Stage.SEARCH) == {"f": SCORED}
    store.close()


def test_results_of_no_evaluation_are_in_nobodys_way(store):
    store.add_evaluation("f", SCORED)
    store.flush()
    database = sqlite3.connect(store.folder / "run.sqlite")
    database.execute("DELETE FROM evaluations")
    database.commit()
    database.close()
    store.add_evaluation("f", FAILED)
    assert store.evaluations(Stage.SEARCH) == {"f": FAILED}


@pytest.mark.parametrize("opens", [RunStore.read, RunStore.resume])
@pytest.mark.parametrize("damage", ["text", "empty", "cut", "overwritten"])
def test_a_database_that_is_damaged(store, opens, damage):
    fill(store, 500)
    store.close()
    path = store.folder / "run.sqlite"
    whole = path.read_bytes()
    if damage == "text":
        path.write_text("not a database, but a text of some length\n" * 100)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(whole[: len(whole) // 3])
    else:
        path.write_bytes(whole[:4096] + b"\x7f" * (len(whole) - 4096))
    with pytest.raises(RunError, match=r"its database run.sqlite cannot be used"):
        opens(store.folder)
    path.write_bytes(whole)
    opens(store.folder).close()  # and the lock is free


def test_a_new_run_needs_a_new_or_empty_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"the folder is not empty; choose another$"):
        RunStore.create(tmp_path, "{}")
    with pytest.raises(RunError, match="file: cannot be made a run folder: File exists"):
        RunStore.create(tmp_path / "file", "{}")
    (tmp_path / "empty").mkdir()
    RunStore.create(tmp_path / "empty", "{}").close()
    with pytest.raises(RunError, match=r"the folder is not empty; choose another$"):
        RunStore.create(tmp_path / "empty", "{}")
    RunStore.create(tmp_path / "deep" / "er", "{}").close()


def test_a_reader_cannot_write(store):
    fill(store, 1)
    reader = _reopened(store)
    with pytest.raises(RunError, match=r"run: its database run.sqlite cannot be used: .*readonly"):
        fill(reader, 1, first=1)


@pytest.mark.parametrize("opens", [RunStore.read, RunStore.resume])
def test_a_run_of_another_version_is_refused_with_a_reason_and_left_as_it_is(store, opens):
    store.close()
    database = sqlite3.connect(store.folder / "run.sqlite")
    database.execute("PRAGMA user_version = 0")
    database.execute("DROP TABLE conditions")
    database.commit()
    before = list(database.iterdump())
    with pytest.raises(
        RunError, match=r"its database run.sqlite cannot be used: its format is 0, this lionsearch has format \d; use"
    ):
        opens(store.folder)
    assert list(database.iterdump()) == before
    database.close()


def test_what_a_run_left_that_died_before_its_configuration_is_no_obstacle(tmp_path):
    folder = tmp_path / "run"
    RunStore.create(folder, "{}").close()
    (folder / "config.json").rename(folder / "config.json.new")
    RunStore.create(folder, '{"a": 1}').close()
    opened = RunStore.read(folder)
    assert opened.read_config() == '{"a": 1}'
    opened.close()


@pytest.mark.parametrize("name", ["config.json", "users.txt", "best.py"])
def test_a_folder_that_holds_something_is_taken(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(FolderTakenError, match="the folder is not empty"):
        RunStore.create(tmp_path, "{}")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_is_being_made_is_taken(tmp_path):
    with FileLock(tmp_path / "lock"), pytest.raises(FolderTakenError, match="another process is writing"):
        RunStore.create(tmp_path, "{}")


def test_a_database_with_candidates_is_never_taken_for_a_left_one(tmp_path):
    store = RunStore.create(tmp_path / "run", "{}")
    fill(store, 1)
    store.close()
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(FolderTakenError, match="the folder is not empty"):
        RunStore.create(tmp_path / "run", "{}")
    (tmp_path / "run" / "run.sqlite").write_bytes(b"not a database")
    with pytest.raises(FolderTakenError, match="the folder is not empty"):
        RunStore.create(tmp_path / "run", "{}")


def test_times_are_kept_apart_from_what_runs_are_compared_by(store):
    fill(store, 3)
    before = list(store.rows())
    store.add_time(0, 1.5)
    store.add_time(1, 3.0)
    store.add_time(1, 4.0)
    assert store.times() == {0: 1.5, 1: 4.0}
    assert list(store.rows()) == before
    store.close()
    with contextlib.closing(RunStore.read(store.folder)) as read:
        assert read.times() == {0: 1.5, 1: 4.0}


def test_a_run_of_before_there_were_times_can_be_read_and_gone_on_with(store):
    fill(store, 3)
    store.close()
    with contextlib.closing(sqlite3.connect(store.folder / "run.sqlite")) as database:
        database.execute("DROP TABLE times")
    with contextlib.closing(RunStore.read(store.folder)) as read:
        assert read.times() == {}
        assert len(read.candidates()) == 3
    with contextlib.closing(RunStore.resume(store.folder)) as resumed:
        resumed.add_time(2, 7.0)
        assert resumed.times() == {2: 7.0}


def test_a_time_that_is_none_is_damage(store):
    store.add_time(0, -1.0)
    with pytest.raises(RunError, match="time of candidate 0"):
        store.times()
