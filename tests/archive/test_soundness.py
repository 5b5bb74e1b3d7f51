import contextlib
import random
import sqlite3

import pytest

from lionsearch.archive import CandidateRow, ConditionRow, RunStore
from lionsearch.archive.soundness import examine_run, save_sound
from lionsearch.errors import LionSearchError, RunError
from lionsearch.graph import check_program, fingerprint
from lionsearch.lang import format_program
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult

COUNT = 20


def write_run(folder):
    """A run of 20 candidates, no two of one program; number 5 was lost."""
    store = RunStore.create(folder, '{"a": 1}')
    store.add_condition(ConditionRow(0, "task", "linear", "c0ffee"))
    store.add_condition(ConditionRow(9, "task", "linear", "decaff"))
    for number in range(COUNT):
        program = check_program(f"def train(w, g, lr): return g * {number + 2}.0")
        name = fingerprint(program)
        store.add_candidate(CandidateRow(number, number - 1 if number else None, "tune", name, 9, 1))
        store.add_program(name, number, format_program(program))
        failure = Failure(FailureKind.WORKER_LOST, "died, twice") if number == 5 else None
        score = None if failure else number / 7
        results = (TaskResult("linear", score, score, failure, (("rms", 0.5),), () if failure else (number / 7,)),)
        store.add_evaluation(name, Evaluation(Stage.SEARCH, score, results, () if failure else (number / 7,)))
        if number % 10 == 0:
            store.add_evaluation(name, Evaluation(Stage.CONFIRM, score, results, (number / 7,)))
    store.close()
    return folder


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


def damage(folder, statement):
    database = sqlite3.connect(folder / "run.sqlite")
    database.execute(statement)
    database.commit()
    database.close()


def of(number):
    return f"fingerprint = (SELECT fingerprint FROM candidates WHERE number = {number})"


def test_a_sound_run(run):
    found = examine_run(run)
    assert (found.candidates, found.sound, found.first, found.evaluations, found.lost) == (COUNT, COUNT, COUNT, 22, 1)
    assert found.faults == ()


DAMAGES = {
    "UPDATE candidates SET parent = number WHERE number = 7": (7, "candidate 7: its digest does not fit it"),
    "UPDATE candidates SET statements = 'many' WHERE number = 7": (7, "candidate 7: "),
    "DELETE FROM candidates WHERE number = 7": (7, "candidate 7: it, its program or its evaluation is not there"),
    f"UPDATE programs SET text = replace(text, '9.0', '9.5') WHERE {of(7)}": (7, ", of candidate 7: its digest"),
    f"UPDATE programs SET text = CAST(x'80ff' AS TEXT) WHERE {of(7)}": (7, ", of candidate 7: its digest"),
    f"DELETE FROM programs WHERE {of(7)}": (7, "candidate 7: it, its program"),
    f"DELETE FROM evaluations WHERE {of(7)}": (7, "candidate 7: it, its program"),
    f"DELETE FROM results WHERE {of(7)}": (7, " at stage search: its digest does not fit it and its results"),
    f"UPDATE results SET metrics = x'80ff' WHERE {of(7)}": (7, " at stage search: its digest"),
    f"UPDATE results SET failure = 'bad luck' WHERE {of(5)}": (5, " at stage search: its digest"),
    f"UPDATE evaluations SET score = 9 WHERE stage = 'confirm' AND {of(10)}": (COUNT, " at stage confirm: its digest"),
    "UPDATE conditions SET value = 'tea' WHERE candidate = 9": (COUNT, "condition task linear of candidate 9: its"),
}


@pytest.mark.parametrize("statement", DAMAGES)
def test_a_damaged_run_says_what_is_damaged_and_what_can_be_saved(run, tmp_path, statement):
    first, fault = DAMAGES[statement]
    damage(run, statement)
    found = examine_run(run)
    assert len(found.faults) == 1
    assert fault in found.faults[0]
    assert (found.candidates, found.first) == (COUNT, first)
    assert found.sound == (COUNT if first == COUNT else COUNT - 1)
    assert save_sound(run, tmp_path / "saved", "{}") == found
    saved = examine_run(tmp_path / "saved")
    assert saved.faults == ()
    assert (saved.candidates, saved.evaluations) == (first, found.evaluations)
    old, new = [set(_rows(folder)) for folder in (run, tmp_path / "saved")]
    assert new <= old


def _rows(folder):
    store = RunStore.read(folder)
    try:
        return list(store.rows())
    finally:
        store.close()


def test_a_text_with_a_fitting_digest_must_have_the_fingerprint_it_says(tmp_path):
    store = RunStore.create(tmp_path / "run", "{}")
    for number, text in enumerate(("def train(w, g, lr): return g * lr", "not a program")):
        store.add_candidate(CandidateRow(number, None, "initial", f"f{number}", 1, 1))
        store.add_program(f"f{number}", number, text)
        store.add_evaluation(f"f{number}", Evaluation(Stage.SEARCH, 0.5, ()))
    store.close()
    first, second = examine_run(tmp_path / "run").faults
    assert "program f0, of candidate 0: its text has fingerprint " in first
    assert second.startswith("program f1, of candidate 1: ")


def test_a_folder_without_a_run_cannot_be_examined(tmp_path, run):
    with pytest.raises(RunError, match=r"not a run folder; config.json is not in it"):
        examine_run(tmp_path)
    (run / "run.sqlite").write_text("no database " * 1000)
    with pytest.raises(RunError, match=r"run: its database run.sqlite cannot be used: file is not a database"):
        examine_run(run)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4))
def test_any_damaged_byte_is_an_error_of_one_line_or_changes_nothing_that_is_read(run, tmp_path, seed):
    """Whatever byte is wrong: reading gives what was written, or one line; what is saved was written."""
    rng = random.Random(seed)
    path, wanted = run / "run.sqlite", set(_rows(run))
    whole = path.read_bytes()
    for turn in range(150):
        broken = bytearray(whole)
        for _ in range(rng.choice([1, 1, 1, 20])):
            broken[rng.randrange(len(broken))] ^= rng.choice([1 << rng.randrange(8), 0xFF])
        path.write_bytes(broken)
        for leftover in run.glob("run.sqlite-*"):
            leftover.unlink()
        with contextlib.suppress(LionSearchError):
            _read_all(run)
        try:
            found = save_sound(run, tmp_path / f"saved{turn}", "{}")
        except LionSearchError as error:
            message = str(error)
        else:
            message = "".join(found.faults)
            assert set(_rows(tmp_path / f"saved{turn}")) <= wanted
        assert "\n" not in message


def _read_all(folder):
    store = RunStore.read(folder)
    try:
        for stage in Stage:
            store.leaderboard(stage)
            store.failures(stage)
        store.counts()
        store.conditions()
        for number in range(COUNT):
            store.lineage(number)
            store.program_text(number)
    finally:
        store.close()


def test_times_are_saved_with_what_is_sound(run, tmp_path):
    with contextlib.closing(RunStore.resume(run)) as store:
        for number in range(COUNT):
            store.add_time(number, number + 0.5)
    save_sound(run, tmp_path / "saved", "{}")
    with contextlib.closing(RunStore.read(tmp_path / "saved")) as saved:
        assert saved.times() == {number: number + 0.5 for number in range(COUNT)}
