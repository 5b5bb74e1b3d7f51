import pytest
from workers.tiny_project import run_cli, write_project

from lionsearch.archive import RunStore
from lionsearch.archive.whole_tables import WholeTables
from lionsearch.records import Stage


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    done = run_cli(folder, "search", "tiny", "--workers", 0, "--programs", 60)
    assert done.returncode == 0, done.stderr
    opened = RunStore.read(folder / "runs" / "tiny")
    yield opened
    opened.close()


@pytest.mark.parametrize("stage", Stage)
def test_rounds_are_those_of_the_leaderboard(store, stage):
    expected = [(row.fingerprint, row.statements, row.evaluation.rounds) for row in store.leaderboard(stage)]
    assert WholeTables(store).rounds(stage) == expected


def test_what_was_searched_is_every_candidate_and_what_came_of_it(store):
    rows, evaluations = WholeTables(store).searched(), store.evaluations(Stage.SEARCH)
    assert [row.number for row in rows] == [row.number for row in store.candidates()] == list(range(60))
    for row in rows:
        found = evaluations[row.fingerprint]
        assert (row.failure is None) == (found.failure is None)
        assert row.score == pytest.approx(found.score) if found.score is not None else row.score is None
    trained = sum(result.trainings for found in evaluations.values() for result in found.results)
    assert sum(row.trainings for row in rows) == trained, "who comes later costs none"


def test_scores_and_texts_are_those_of_the_programs(store):
    tables = WholeTables(store)
    for name, found in store.evaluations(Stage.SEARCH).items():
        scores = {each.task: each.score for each in found.results if each.score is not None}
        assert tables.task_scores(Stage.SEARCH).get(name, {}) == scores
    for row in store.candidates():
        assert tables.texts()[row.fingerprint] == store.program_text(row.number)
