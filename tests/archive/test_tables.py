import sqlite3

import pytest

from lionsearch.archive.tables import TABLES, TIMES, create_database, open_database


def test_a_new_database_has_the_tables_and_can_be_opened(tmp_path):
    create_database(tmp_path).close()
    for writable in (False, True):
        database = open_database(tmp_path, writable=writable)
        found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert found == {*TABLES, TIMES}
        database.close()


def test_a_reader_cannot_write_and_a_writer_makes_no_database(tmp_path):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        open_database(tmp_path, writable=True)
    create_database(tmp_path).close()
    database = open_database(tmp_path, writable=False)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.execute("DELETE FROM candidates")
    database.close()


def test_text_that_is_not_utf_8_can_be_read(tmp_path):
    database = create_database(tmp_path)
    database.execute("INSERT INTO programs VALUES (CAST(x'80ff' AS TEXT), 0, '', '')")
    assert database.execute("SELECT fingerprint FROM programs").fetchall() == [("\udc80\udcff",)]
    database.close()
