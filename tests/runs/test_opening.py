import pytest
from workers.tiny_project import write_project

from lionsearch.errors import LionSearchError, RunError
from lionsearch.runs.config import load_experiment
from lionsearch.runs.opening import resume_run, start_run


@pytest.fixture(autouse=True)
def _in_project(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))


def test_a_run_folder_is_made_once_and_gone_on_with(tmp_path):
    config = load_experiment("tiny")
    start_run(tmp_path / "run", config).close()
    with pytest.raises(RunError, match=r"not empty; choose another, or call resume$"):
        start_run(tmp_path / "run", config, ", or call resume")
    with pytest.raises(RunError, match=r"not empty; choose another$"):  # where there is nothing to go on with
        start_run(tmp_path / "proxy_tasks", config, ", or call resume")
    store, stored = resume_run(tmp_path / "run")
    assert stored == config
    store.close()


@pytest.mark.parametrize("text", ["{}", "[]", "", "\x00"])
def test_a_damaged_configuration_is_one_line_and_leaves_the_folder_free(tmp_path, text):
    start_run(tmp_path / "run", load_experiment("tiny")).close()
    path = tmp_path / "run" / "config.json"
    whole = path.read_text()
    path.write_text(text)
    with pytest.raises(LionSearchError, match=r"run: [^\n]*$"):
        resume_run(tmp_path / "run")
    path.write_text(whole)
    resume_run(tmp_path / "run")[0].close()


def test_a_configuration_that_is_another_one_is_refused_unless_forced(tmp_path):
    start_run(tmp_path / "run", load_experiment("tiny")).close()
    path = tmp_path / "run" / "config.json"
    path.write_text(path.read_text().replace('"window": 8', '"window": 9'))
    with pytest.raises(RunError, match=r"its config.json is not as it was written: .* --force$"):
        resume_run(tmp_path / "run")
    store, config = resume_run(tmp_path / "run", force=True)
    assert config.experiment.window == 9
    store.write_config(store.read_config())
    store.close()
    resume_run(tmp_path / "run")[0].close()


def test_a_run_without_a_digest_of_its_configuration_is_gone_on_with(tmp_path):
    start_run(tmp_path / "run", load_experiment("tiny")).close()
    store, config = resume_run(tmp_path / "run")
    store._database.execute("DELETE FROM conditions")
    store.close()
    store, again = resume_run(tmp_path / "run")
    assert again == config
    store.close()
