from pathlib import Path

import pytest

from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS, load_program, read_text
from lionsearch.errors import MissingFileError, ProgramError, UnknownNameError
from lionsearch.lang import parse

SHELVES = (PROGRAMS, TASKS, EXPERIMENTS)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.folder)
def test_shipped_names_are_found_from_anywhere(shelf):
    assert shelf.names() == sorted(shelf.names())
    assert shelf.names()
    for name in shelf.names():
        assert shelf.find(name).is_file()


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_shipped_programs_are_valid_and_described(name):
    program = load_program(name)
    assert program.statements
    assert program.description


def test_the_working_folder_comes_first():
    Path("programs").mkdir()
    Path("programs/lion.py").write_text("def train(w, g, lr): return g * lr")
    Path("programs/own.py").write_text("def train(w, g, lr): return sign(g) * lr")
    assert {"own", "lion", "adamw"} <= set(PROGRAMS.names())
    assert PROGRAMS.names().count("lion") == 1
    assert load_program("lion") == parse("def train(w, g, lr): return g * lr")
    assert PROGRAMS.find("own") == Path("programs/own.py")


def test_a_path_is_a_path():
    Path("lion.py").write_text("def train(w, g, lr): return g * lr")
    assert load_program("lion.py") == load_program("./lion.py") == parse("def train(w, g, lr): return g * lr")
    assert load_program("lion") != load_program("lion.py")


@pytest.mark.parametrize("shelf", SHELVES, ids=lambda shelf: shelf.folder)
def test_unknown_names_and_missing_files(shelf):
    first = shelf.names()[0]
    with pytest.raises(UnknownNameError, match=f"unknown {shelf.what} '{first}x'; did you mean '{first}'"):
        shelf.find(f"{first}x")
    for name in (f"nowhere{shelf.suffix}", "nowhere/lion", "x" * 300 + shelf.suffix):
        with pytest.raises(MissingFileError, match=f"{name}: there is no such file"):
            shelf.find(name)
    for name in ("", "x" * 300):
        with pytest.raises(UnknownNameError):
            shelf.find(name)


def test_a_folder_is_no_file():
    Path("folder.py").mkdir()
    for name in ("folder.py", "./folder.py", "..", str(Path.cwd())):
        with pytest.raises(MissingFileError, match=r": this is a folder; expected a \.py file"):
            PROGRAMS.find(name)
    with pytest.raises(MissingFileError, match=r"folder\.py: Is a directory"):
        read_text(Path("folder.py"))


def test_text_is_utf8_with_or_without_a_mark():
    Path("plain").write_bytes("é".encode())
    Path("marked").write_bytes("é".encode("utf-8-sig"))
    Path("latin").write_bytes("é".encode("latin-1"))
    assert read_text(Path("plain")) == read_text(Path("marked")) == "é"
    with pytest.raises(ProgramError, match=r"latin: not UTF-8 text: .* at byte 0"):
        read_text(Path("latin"))
