import os

import pytest

from lionsearch.caching import cache_folder, read_whole_lines, write_whole


def test_the_variable_overrides_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("LIONSEARCH_CACHE")
    assert cache_folder().name == "lionsearch"


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "below" / "file"
    write_whole(path, b"first")
    assert path.read_bytes() == b"first"

    def fail(*_):
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no room"):
        write_whole(path, b"second")
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"first"]


@pytest.mark.parametrize(("content", "whole"), [(b"", b""), (b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\n"), (b"a", b"")])
def test_a_line_that_was_cut_off_is_none(tmp_path, content, whole):
    path = tmp_path / "file"
    assert read_whole_lines(path) == b""
    path.write_bytes(content)
    assert read_whole_lines(path) == whole
