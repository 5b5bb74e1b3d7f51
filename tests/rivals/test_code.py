import ast

import pytest

from lionsearch.rivals import code
from lionsearch.rivals.code import digest_code
from lionsearch.rivals.importing import find_function
from lionsearch.rivals.rival_spec import parse_rival
from lionsearch.rivals.shelf import ROWS


def digest(text):
    spec = parse_rival(text)
    return digest_code(spec, find_function(spec))


@pytest.fixture
def edited(monkeypatch):
    """Return what adds a line to a module of the package, as digests see it."""
    read = code._read

    def edit(name, line):
        changed = ast.parse(line)
        monkeypatch.setattr(code, "_read", lambda each: changed if each == name else read(each))

    return edit


def test_each_of_our_own_has_a_digest_of_its_own_code():
    digests = {name: digest(f"rival:{name}") for name in ROWS}
    assert digests["slbfgs"] == digests["slbfgs_zhao"]  # the same file
    assert len(set(digests.values())) == len(ROWS) - 1


@pytest.mark.parametrize("name", ["saga", "gradient_table", "rival"])
def test_what_a_rival_imports_is_its_code(name, edited):
    before, other = digest("rival:saga"), digest("rival:newton")
    edited(name, "x = 1")
    assert digest("rival:saga") != before
    assert (digest("rival:newton") != other) == (name == "rival")


def test_what_it_does_not_import_is_not(edited):
    before = digest("rival:saga")
    for name in ("making", "rival_spec", "shelf", "newton", "wrapping"):
        edited(name, "x = 1")
        assert digest("rival:saga") == before


def test_a_transform_around_it_is(edited):
    before = digest("sam(rival:saga)"), digest("sam(optax:sgd)")
    edited("wrapping", "x = 1")
    assert digest("sam(rival:saga)") != before[0]
    assert digest("sam(optax:sgd)") != before[1]


def test_docstrings_and_comments_are_no_code(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "_FOLDER", tmp_path)
    kept = "def f(x):\n    return x\n\n\nclass A:\n    def g(self):\n        return 1\n"
    worded = (
        '"""A module."""\n\n# a comment\ndef f(x):\n    """Return it."""\n    return x\n\n\n'
        'class A:\n    """One."""\n    def g(self):\n        """1."""\n        return 1\n'
    )
    for name, text in (("kept", kept), ("worded", worded), ("other", kept.replace("1", "2"))):
        (tmp_path / f"{name}.py").write_text(text)
    texts = [ast.unparse(code._read(name)) for name in ("kept", "worded", "other")]
    assert texts[0] == texts[1] != texts[2]


def test_weights_are_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.npz").write_bytes(b"one")
    before = digest("rival:lstm(weights='mine.npz')")
    (tmp_path / "mine.npz").write_bytes(b"two")
    assert digest("rival:lstm(weights='mine.npz')") != before


def test_another_file_of_a_function_of_yours_is_other_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "rival_of_mine.py").write_text("def make():\n    return 7\n")
    before = digest("rival_of_mine:make")
    (tmp_path / "rival_of_mine.py").write_text("def make():\n    return 8 + 0\n")
    assert digest("rival_of_mine:make") != before
