import numpy as np
import pytest
from workers.tiny_project import run_cli, write_project

from lionsearch.archive.targets import load_target
from lionsearch.comparison import picking
from lionsearch.comparison.picking import pick
from lionsearch.errors import RunError
from lionsearch.graph import fingerprint
from lionsearch.lang import format_program, parse
from lionsearch.runs.view import Run
from lionsearch.semantics.directions import course
from lionsearch.semantics.oracle import run_oracle


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    done = run_cli(folder, "search", "tiny", "--workers", 0)
    assert done.returncode == 0, done.stderr
    return Run(folder / "runs" / "tiny")


def test_the_best_of_a_run_that_differ_in_what_they_do(run):
    picked = pick(run, 8)
    assert 2 <= len(picked) <= 8
    assert len({fingerprint(each.optimizer) for each in picked}) == len(picked)
    vectors = [vector for each in picked if (vector := course(each.optimizer)) is not None]
    assert all(one @ other <= 0.999 for place, one in enumerate(vectors) for other in vectors[:place])
    assert pick(run, 1) == picked[:1]


def test_each_is_named_as_a_program_that_the_command_line_finds(run):
    for each in pick(run, 4):
        assert str(run.folder) in each.name
        assert fingerprint(load_target(each.name)[0]) == fingerprint(each.optimizer)


def test_what_has_no_weight_decay_gets_one_that_is_0_until_it_is_tuned(run, monkeypatch):
    plain = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  return m * lr, m")
    own = parse("def train(w, g, lr, *, weight_decay=0.1):\n  return (sign(g) + w * weight_decay) * lr")
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter([("runs/a, b:3", plain), ("own", own)]))
    given, kept = pick(run, 2)
    assert (given.name, given.weight_decay) == ("decay('runs/a, b:3', weight_decay=0)", 0.0)
    assert (kept.name, kept.optimizer) == ("own", own)
    weights, gradients = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    [[without]] = run_oracle(plain, (weights,), [(gradients,)], [0.1])
    for decay in (0.0, 0.3):
        program = given.optimizer.with_hyperparameters({"weight_decay": decay})
        [[found]] = run_oracle(program, (weights,), [(gradients,)], [0.1])
        np.testing.assert_allclose(found, without - 0.001 * 0.1 * decay * weights)


def test_of_programs_that_do_the_same_the_shortest_stands_in_the_place_of_the_best(run, monkeypatch):
    texts = {"long": "m = interp(g, m, 0.5)\n  u = m * 2.0\n  return u * lr, m", "other": "return sign(g) * lr, m"}
    texts["short"] = "m = interp(g, m, 0.5)\n  return m * lr, m"
    programs = [(name, parse(f"def train(w, g, m, lr):\n  {texts[name]}")) for name in ("long", "other", "short")]
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter(programs))
    assert [each.name for each in pick(run, 3)] == [f"decay({name}, weight_decay=0)" for name in ("short", "other")]


def test_the_simplified_best_comes_first(run):
    path = run.folder / "short.py"
    path.write_text(format_program(parse("def train(w, g, lr): return sign(g) * lr * 0.001")))
    try:
        assert pick(run, 1)[0].name == f"decay({path}, weight_decay=0)"
    finally:
        path.unlink()


def test_the_simplified_best_gives_its_place_to_none(run, monkeypatch):
    texts = "u = m * 2.0\n  return u * lr, m", "return m * lr, m"
    short, other = (parse(f"def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  {text}") for text in texts)
    programs = [(str(run.folder / "short.py"), short), ("x", other)]
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter(programs))
    assert [each.name for each in pick(run, 3)] == [f"decay({run.folder / 'short.py'}, weight_decay=0)"]


def test_a_run_without_a_score_has_none_to_pick(run, monkeypatch):
    monkeypatch.setattr(picking, "_in_turn", lambda run, most: iter(()))
    with pytest.raises(RunError, match="no program has a score yet"):
        pick(run, 3)
