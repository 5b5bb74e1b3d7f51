import pytest
from runs.endings import TUNING, make_project
from workers.tiny_project import write_experiment

from lionsearch.evaluation.estimate import Estimate
from lionsearch.lang import parse
from lionsearch.records import Evaluation, Stage
from lionsearch.runs.config import load_experiment
from lionsearch.runs.ending import Ending, find_tolerance
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
