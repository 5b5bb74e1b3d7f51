import pytest
from runs.endings import TUNING, interrupted, make_project
from workers.tiny_project import write_experiment

from lionsearch.evaluation.estimate import Estimate
from lionsearch.lang import parse
from lionsearch.records import Evaluation, Stage
from lionsearch.runs.config import load_experiment
from lionsearch.runs.ending import Ending, find_tolerance, save_best
from lionsearch.runs.result import Elite, Progress, RunResult
from lionsearch.runs.verdict import TaskVerdict, Verdict


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(
    ("leads", "asked", "tolerance"),
    [
        ((0.5, 0.4), 0.05, 0.05),
        ((0.5, 0.04), 0.05, 0.02),
        ((-0.5, 0.04), 0.05, 0.02),
        ((-0.5, -0.04), 0.05, None),
        ((0.5, 0.4), None, None),
    ],
    ids=["as asked", "half of the least lead", "where it leads", "leads nowhere", "not asked for"],
)
def test_a_search_simplifies_within_half_of_its_lead(leads, asked, tolerance):
    tasks = [TaskVerdict(str(lead), None, Estimate(lead, 0.01), None) for lead in leads]
    assert find_tolerance(Verdict(tuple(tasks)), asked) == tolerance


def test_a_resume_that_is_interrupted_among_stored_results_keeps_the_best(tmp_path):
    def save(text, caught_up):
        save_best(tmp_path, interrupted(text, caught_up))
        return (tmp_path / "best.py").read_text()

    older, best, newer = (f"def train(w, g, lr): return g * {number}" for number in (1, 2, 3))
    assert "g * 1" in save(older, caught_up=False), "a process that was killed has left none"
    assert "g * 2" in save(best, caught_up=True)
    assert "g * 2" in save(older, caught_up=False)
    assert "g * 3" in save(newer, caught_up=True)


def test_a_best_program_that_cannot_be_saved_is_said_and_printed(tmp_path):
    result = interrupted("def train(w, g, lr): return g", caught_up=True)
    assert save_best(tmp_path, result) == []
    (tmp_path / "best.py").unlink()
    (tmp_path / "best.py").mkdir()
    [fault] = save_best(tmp_path, result)
    assert fault == f"{tmp_path}/best.py: cannot be written: Is a directory; the program is only printed"
    [fault] = save_best(tmp_path / "gone", result)
    assert fault == f"{tmp_path}/gone: the folder was renamed or deleted; best.py is not written, only printed"


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ("g * (lr * 0.0003)", ": the start"),
        ("g * (lr * 0.5)", ": the start with other constants"),
        ("sign(g) * lr", ""),
    ],
)
@pytest.mark.thorough
def test_a_start_is_named_as_that(project, monkeypatch, update, words):
    write_experiment(project, "gentle", TUNING.format(programs=1, initial="gentle"))
    monkeypatch.chdir(project)
    program = parse(f"def train(w, g, m, lr): return {update}, m")
    elite = Elite(0, "f", program, Evaluation(Stage.SEARCH, 0.5, ()), Evaluation(Stage.CONFIRM, 0.5, ()))
    progress = Progress(1, 1, 0, 1, 2, 2, 0, 0.0, None)
    result = RunResult(progress, elite, None, None, finished=True, caught_up=True)
    ending = Ending(project / "runs", load_experiment("gentle"), result)
    assert ending.identity is not None
    assert ending.describe_start() == words
