import contextlib
import sqlite3

import pytest

from lionsearch.archive import RunStore


@pytest.fixture
def store(tmp_path):
    opened = RunStore.create(tmp_path / "run", '{"a": 1}')
    yield opened
    with contextlib.suppress(sqlite3.ProgrammingError):  # closed by the test
        opened.close()
