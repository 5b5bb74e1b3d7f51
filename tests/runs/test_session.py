import math

import pytest
from workers.tiny_project import write_project

from lionsearch.archive import RunStore
from lionsearch.errors import RunError
from lionsearch.runs.callbacks import Callback
from lionsearch.runs.config import load_experiment
from lionsearch.runs.listener import Silence
from lionsearch.runs.opening import resume_run, start_run
from lionsearch.runs.session import Session
from lionsearch.workers import Placement


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    return tmp_path


def test_a_session_drives_a_run_to_its_end_and_closes_its_store(project):
    config = load_experiment("tiny", programs=20)
    store = start_run(project / "run", config)
    seen = []

    class Shown(Silence):
        def __enter__(self):
            seen.append("shown")
            return self

        def __exit__(self, *error):
            seen.append("gone")

        def step(self, text):
            seen.append(text)

    result = Session(store, config, Placement(0), Shown()).drive()
    assert result.finished
    assert (seen[0], seen[-1]) == ("shown", "gone")
    assert [step.split()[0] for step in seen[1:-1]] == ["loading", "compiling", "training", "training"]
    RunStore.resume(project / "run").close()  # which is free


def test_time_is_over_and_another_session_goes_on(project):
    config = load_experiment("tiny", programs=60)
    result = Session(start_run(project / "run", config), config, Placement(0), seconds=1e-9).drive()
    assert result.stopped == "1e-09 seconds are over"
    assert result.finished
    store, config = resume_run(project / "run")
    result = Session(store, config, Placement(0), seconds=math.inf).drive()
    assert (result.progress.told, result.stopped) == (60, "")


def test_an_error_amid_a_run_says_how_it_goes_on(project):
    config = load_experiment("tiny", programs=60)
    store = start_run(project / "run", config)

    class NoRoom(Callback):
        def on_candidate(self, event, progress):
            if event.number == 30:
                raise RunError("no room")

    session = Session(store, config, Placement(0), callback=NoRoom(), advice="do this")
    with pytest.raises(RunError, match="no room; do this"):
        session.drive()
    assert session.best_unsaved is None, "the folder is there"


def test_the_best_of_a_run_whose_folder_is_gone_is_handed_on(project):
    config = load_experiment("tiny", programs=60)
    store = start_run(project / "run", config)

    class Gone(Callback):
        def on_candidate(self, event, progress):
            if event.number == 30 and progress.best is not None:
                store.folder.rename(project / "moved")
                raise RunError("gone")

    session = Session(store, config, Placement(0), callback=Gone())
    with pytest.raises(RunError, match="gone; what was evaluated is stored"):
        session.drive()
    assert session.best_unsaved is not None
