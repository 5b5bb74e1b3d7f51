import subprocess
import sys

import pytest

from lionsearch.locks import open_locked

_HOLD = """
import sys
from pathlib import Path
from lionsearch.locks import open_locked

file = open_locked(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_one_process_at_a_time_has_it_until_it_is_killed(tmp_path):
    path = tmp_path / "file"
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(BlockingIOError):
            open_locked(path)
        other.kill()
    open_locked(path).close()


def test_what_is_written_is_added(tmp_path):
    path = tmp_path / "file"
    for _ in range(2):
        with open_locked(path) as file:
            file.write("a line\n")
    assert path.read_text() == "a line\na line\n"


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_locked(tmp_path / "nowhere" / "file")
