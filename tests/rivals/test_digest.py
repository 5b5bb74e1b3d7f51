import re
from pathlib import Path

import pytest

from lionsearch.rivals import digest as digests
from lionsearch.rivals.digest import digest_code
from lionsearch.rivals.importing import find_function
from lionsearch.rivals.rival_spec import parse_rival
from lionsearch.rivals.shelf import ROWS


def digest(text):
    spec = parse_rival(text)
    return digest_code(spec, find_function(spec))


@pytest.fixture
def edited(monkeypatch):
    """Return what adds a line to a module of the package, as digests see it."""
    read = digests._read

    def edit(name):
        monkeypatch.setattr(digests, "_read", lambda each: read(each) + "\nx = 1" * (each == name))

    return edit


def test_each_of_our_own_has_a_digest_of_its_own_code():
    found = {name: digest(f"rival:{name}") for name in ROWS}
    assert found["slbfgs"] == found["slbfgs_zhao"]  # the same file
    assert len(set(found.values())) == len(ROWS) - 1


@pytest.mark.parametrize("name", ["saga", "gradient_table", "rival"])
def test_what_a_rival_imports_is_its_code(name, edited):
    before, other = digest("rival:saga"), digest("rival:newton")
    edited(name)
    assert digest("rival:saga") != before
    assert (digest("rival:newton") != other) == (name == "rival")


@pytest.mark.parametrize("text", ["rival:lbfgs", "optax:adamw"])
def test_an_optax_transformation_is_stepped_by_ours(text, edited):
    before = digest(text)
    edited("optax_rival")
    assert digest(text) != before


def test_what_it_does_not_import_is_not(edited):
    before = digest("rival:saga")
    for name in ("making", "rival_spec", "shelf", "newton", "wrapping"):
        edited(name)
        assert digest("rival:saga") == before


def test_a_transform_around_it_and_its_settings_are(edited, monkeypatch):
    names = ["sam(rival:saga)", "sam(optax:sgd)", "clip_norm(optax:sgd)"]
    before = [digest(name) for name in names]
    monkeypatch.setitem(digests.DEFAULTS, "sam", {"rho": 0.07})
    after = [digest(name) for name in names]
    assert [one != two for one, two in zip(before, after, strict=True)] == [True, True, False]
    edited("wrapping")
    assert all(digest(name) != each for name, each in zip(names, after, strict=True))


def test_words_and_empty_lines_are_no_code(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "_FOLDER", tmp_path)
    kept = 'A = "#"\n\ndef f(x):\n    return x\n'
    worded = (
        '"""A\n\nmodule."""\n\n# a comment\nA = "#"  # two\n"""A mark."""\ndef f(x):\n    """It."""\n\n    return x\n'
    )
    for name, text in (("kept", kept), ("worded", worded), ("other", kept.replace("#", "%"))):
        (tmp_path / f"{name}.py").write_text(text)
    texts = [digests._read(name) for name in ("kept", "worded", "other")]
    assert texts[0] == texts[1] != texts[2]


def test_modules_of_the_package_import_each_other_in_the_way_that_is_seen():
    for path in Path(digests.__file__).parent.glob("*.py"):
        text = digests._read(path.stem)
        lines = [line for line in text.splitlines() if re.match(r"\s*(from|import)\b.*rivals", line)]
        assert all(digests._IMPORT.search(line) for line in lines), path
        assert not re.search(r"^\s*from \.", path.read_text(), re.M), path


def test_weights_are_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.npz").write_bytes(b"one")
    before = digest("rival:lstm(weights='mine.npz')")
    (tmp_path / "mine.npz").write_bytes(b"two")
    assert digest("rival:lstm(weights='mine.npz')") != before


def test_weights_that_are_shipped_are_code(monkeypatch, tmp_path):
    assert (digests._FOLDER / "lstm_weights.npz").is_file()
    before = digest("rival:lstm")
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"others")
    assert digest("rival:lstm") != before


def test_another_file_of_a_function_of_yours_is_other_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "rival_of_mine.py").write_text("def make():\n    return 7\n")
    before = digest("rival_of_mine:make")
    (tmp_path / "rival_of_mine.py").write_text("def make():\n    return 8 + 0\n")
    assert digest("rival_of_mine:make") != before
