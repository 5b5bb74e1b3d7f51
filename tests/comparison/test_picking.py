import pytest
from workers.tiny_project import run_cli, write_project

from lionsearch.comparison import picking
from lionsearch.comparison.picking import pick
from lionsearch.errors import RunError
from lionsearch.graph import fingerprint
from lionsearch.lang import format_program, parse
from lionsearch.runs.view import Run
from lionsearch.semantics.directions import course


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    done = run_cli(folder, "search", "tiny", "--workers", 0)
    assert done.returncode == 0, done.stderr
    return Run(folder / "runs" / "tiny")


def test_the_best_of_a_run_that_differ_in_what_they_do(run):
    picked = pick(run, 8)
    assert 2 <= len(picked) <= 8
    assert len({fingerprint(each.program) for each in picked}) == len(picked)
    vectors = [vector for each in picked if (vector := course(each.program)) is not None]
    assert all(one @ other <= 0.999 for place, one in enumerate(vectors) for other in vectors[:place])
    assert pick(run, 1) == picked[:1]


def test_each_is_named_as_a_program_that_the_command_line_finds(run):
    for each in pick(run, 4):
        folder, _, number = each.name.rpartition(":")
        assert folder == str(run.folder)
        assert each.program == run.program(int(number))


def test_of_programs_that_do_the_same_the_shortest_stands_in_the_place_of_the_best(run, monkeypatch):
    texts = {"long": "m = interp(g, m, 0.5)\n  u = m * 2.0\n  return u * lr, m", "other": "return sign(g) * lr, m"}
    texts["short"] = "m = interp(g, m, 0.5)\n  return m * lr, m"
    programs = [(name, parse(f"def train(w, g, m, lr):\n  {texts[name]}")) for name in ("long", "other", "short")]
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter(programs))
    assert [each.name for each in pick(run, 3)] == ["short", "other"]


def test_the_simplified_best_comes_first(run):
    path = run.folder / "short.py"
    path.write_text(format_program(parse("def train(w, g, lr): return sign(g) * lr * 0.001")))
    try:
        assert pick(run, 1)[0].name == str(path)
    finally:
        path.unlink()


def test_a_run_without_a_score_has_none_to_pick(run, monkeypatch):
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter(()))
    with pytest.raises(RunError, match="no program has a score yet"):
        pick(run, 3)
