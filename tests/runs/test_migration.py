import re
import threading

import pytest
from runs.test_run import FakePool, finish
from workers.tiny_project import read_rows, write_project

from lionsearch.archive import RunStore
from lionsearch.errors import RunError, SettingError
from lionsearch.graph import check_program, fingerprint
from lionsearch.records import Stage
from lionsearch.runs import migration
from lionsearch.runs.config import load_experiment
from lionsearch.runs.islands import start_islands
from lionsearch.runs.opening import resume_run
from lionsearch.runs.saving import save_best

ISLANDS = {"count": 3, "migrate_after": 40}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(autouse=True)
def _quick(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setattr(migration, "_POLL", 0.01)


def drive(folders, pools, **settings):
    """Drive islands side by side; return what each ended with, a result or an error."""
    found = {}

    def work(folder, pool):
        try:
            store, config = resume_run(folder, trust=True, **settings)
            found[folder], _ = finish(store, config, pool)
            save_best(folder, found[folder])
        except RunError as error:
            found[folder] = error

    threads = [threading.Thread(target=work, args=each) for each in zip(folders, pools, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return [found[folder] for folder in folders]


def start(folder, **settings):
    return start_islands(folder, load_experiment("tiny", **{"programs": 100, "islands": ISLANDS, **settings}))


def migrants(folder):
    """The candidates of an island that came from another one: number, island and candidate there."""
    rows = RunStore.read(folder).candidates()
    found = [(row, re.fullmatch(r"migration from (island_\d+):(\d+)", row.change)) for row in rows]
    return [(row, match[1], int(match[2])) for row, match in found if match]


def test_each_island_takes_the_best_of_the_one_before_it(tmp_path):
    folders = start(tmp_path / "run")
    drive(folders, map(FakePool, range(3)))
    for number, folder in enumerate(folders):
        assert [row.number for row, _, _ in migrants(folder)] == [40, 80]
        source = folders[number - 1]
        best = {row.fingerprint: row for row in RunStore.read(source).leaderboard(Stage.SEARCH)}
        for row, island, candidate in migrants(folder):
            assert island == source.name
            assert row.parent is None
            taken = RunStore.read(source).program_text(candidate)
            assert fingerprint(check_program(taken)) == row.fingerprint
            known = [
                each for each in best.values() if each.candidate < row.number - 8
            ]  # what is in flight is not known
            values = {
                each.fingerprint: sum(each.evaluation.rounds) / 3 - 0.005 * each.statements
                for each in known
                if len(each.evaluation.rounds) == 3
            }
            assert values[row.fingerprint] == pytest.approx(max(values.values()))


def test_islands_have_seeds_of_their_own(tmp_path):
    one, two, three = [resume_run(folder)[1] for folder in start(tmp_path / "run")]
    assert len({each.experiment.seed for each in (one, two, three)}) == 3
    assert [each.island for each in (one, two, three)] == [0, 1, 2]


def test_neither_speed_nor_an_interrupt_changes_what_islands_find(tmp_path, monkeypatch):
    straight = start(tmp_path / "straight")
    drive(straight, map(FakePool, range(3)))
    torn = start(tmp_path / "torn")
    with monkeypatch.context() as patched:
        patched.setattr(migration, "_GONE", 1.0)
        ended = drive(torn, [FakePool(4), FakePool(5, interrupt_after=55), FakePool(6)])
    assert not ended[1].finished
    assert isinstance(ended[2], RunError)
    drive(torn, map(FakePool, (7, 8, 9)))
    for one, other in zip(straight, torn, strict=True):
        assert read_rows(one) == read_rows(other)
        assert RunStore.read(one).counts()["generated"] == 100


def test_an_island_that_stands_still_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(migration, "_GONE", 0.2)
    folders = start(tmp_path / "run")
    [error] = drive(folders[1:2], [FakePool()])
    assert re.fullmatch(
        rf"{folders[0]} stands still at candidate 0 of 32 that the next island waits for, and no process has written it"
        r" for \d+ seconds",
        str(error),
    )


def test_one_that_has_ended_early_gives_the_best_of_all_it_has(tmp_path):
    folders = start(tmp_path / "run")
    store, _ = resume_run(folders[0], trust=True)
    store.write_config(re.sub('"patience": null', '"patience": 3', store.read_config()))
    store.close()
    ended = drive(folders, map(FakePool, range(3)))
    assert ended[0].stopped.startswith("no better one among")
    assert ended[0].progress.told < 32
    assert [row.number for row, _, _ in migrants(folders[1])] == [40, 80]
    assert not migrants(folders[0])


def test_what_is_in_flight_cannot_be_taken():
    with pytest.raises(SettingError, match=r"islands.migrate_after \(8\) must be above window \(8\)"):
        load_experiment("tiny", islands={"count": 2, "migrate_after": 8})
