import pytest

from lionsearch.errors import TaskError
from lionsearch.tasks.data.finding import Source

SOURCE = Source("things", "apt-get install things", debian="nowhere/share/things", package="no_such_things")


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_DATA", str(tmp_path))
    return tmp_path


def test_the_users_folder_comes_first_then_an_unpacked_package(chosen):
    unpacked = chosen / "nowhere" / "share" / "things"
    unpacked.mkdir(parents=True)
    assert SOURCE.find() == unpacked
    (chosen / "things").mkdir()
    assert SOURCE.find() == chosen / "things"


def test_an_installed_package_comes_last(chosen):
    source = Source("numbers", "pip install numpy", package="numpy")
    assert source.find().name == "numpy"
    (chosen / "numbers").mkdir()
    assert source.find() == chosen / "numbers"


def test_what_is_nowhere_is_said_with_what_to_install(chosen, monkeypatch):
    with pytest.raises(TaskError) as error:
        SOURCE.find()
    missing = "the data set things is not on this machine; run: apt-get install things"
    assert str(error.value) == f"{missing}; LIONSEARCH_DATA is '{chosen}', where it is not"
    monkeypatch.delenv("LIONSEARCH_DATA")
    with pytest.raises(TaskError) as error:
        SOURCE.find()
    assert str(error.value) == missing
