import sys

import pytest

from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.rivals.importing import find_function
from lionsearch.rivals.rival_spec import parse_rival


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("found_here", "mod"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_a_module_of_the_working_folder_is_found(folder):
    (folder / "found_here.py").write_text("def make():\n    return 7\n")
    assert find_function(parse_rival("found_here:make"))() == 7
    (folder / "found_here.py").write_text("def make():\n    return 8\n")
    assert find_function(parse_rival("found_here:make"))() == 8


def test_own_rivals_are_found_by_their_row():
    assert find_function(parse_rival("rival:saga")).__name__ == "Saga"
    with pytest.raises(UnknownNameError, match="did you mean 'saga'"):
        find_function(parse_rival("rival:sagga"))


def test_what_is_missing_is_told_from_what_it_needs(folder):
    (folder / "mod.py").write_text("import mo\n")
    with pytest.raises(SettingError, match="module 'mod' needs 'mo'"):
        find_function(parse_rival("mod:make"))
    with pytest.raises(SettingError, match=r"there is no module 'nowhere\.inside'"):
        find_function(parse_rival("nowhere.inside:make"))
