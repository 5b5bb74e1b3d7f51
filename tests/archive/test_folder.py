from pathlib import Path

import pytest

from lionsearch.archive import RunStore
from lionsearch.archive.folder import check_run_folder, read_config, take_lock, write_config
from lionsearch.errors import RunError


@pytest.mark.parametrize("opens", [RunStore.read, RunStore.resume])
def test_a_folder_that_is_no_run(tmp_path, opens):
    with pytest.raises(RunError, match="nowhere: there is no such folder"):
        opens(tmp_path / "nowhere")
    with pytest.raises(RunError, match=r"not a run folder; config.json is not in it"):
        opens(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RunError, match=r"config.json: this is a file; expected a run folder"):
        opens(tmp_path / "config.json")
    with pytest.raises(RunError, match=r"not a run folder; run.sqlite is not in it"):
        opens(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_name_that_no_folder_can_have():
    with pytest.raises(RunError, match="there is no such folder"):
        check_run_folder(Path("x" * 5000))


def test_a_lock_is_taken_once(tmp_path):
    lock = take_lock(tmp_path)
    with pytest.raises(RunError, match="another process is writing this run"):
        take_lock(tmp_path)
    lock.release()
    take_lock(tmp_path).release()


def test_a_configuration_that_cannot_be_read(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff")
    with pytest.raises(RunError, match=r"its config\.json cannot be read: 'utf-8' codec"):
        read_config(tmp_path)


def test_a_configuration_that_is_too_large_is_neither_written_nor_read(tmp_path):
    with pytest.raises(RunError, match=r"its config\.json would have 2000001 bytes; at most 2000000 are read"):
        write_config(tmp_path, " " * 2_000_001)
    assert not list(tmp_path.iterdir())
    (tmp_path / "config.json").write_text(" " * 2_000_001)
    with pytest.raises(RunError, match=r"its config\.json has 2000001 bytes; at most 2000000 are read"):
        read_config(tmp_path)
