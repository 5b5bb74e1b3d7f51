import json
import math
from pathlib import Path

import pytest
from evaluation.small_tasks import make_spec

from lionsearch.catalog import load_program
from lionsearch.errors import SettingError
from lionsearch.graph import check_program
from lionsearch.identification.matching import shipped_names
from lionsearch.runs.ranking import RankedProgram, Ranking, RankingSettings, standings
from lionsearch.tasks.spec import load_task

SPEC = make_spec(factory="evaluation.small_tasks:regression")
SETTINGS = RankingSettings(factors=(0.25, 1.0, 4.0), extensions=2, decays=(0.0, 0.1), tune_seeds=1, seeds=3)
ADAMW = ("adamw", load_program("adamw"))
PLAIN = ("plain", check_program("def train(w, g, lr, *, lr_scale=0.01): return g * lr * lr_scale"))
EXPLODING = ("exploding", check_program("def train(w, g, lr): return g * 1e30 + exp(w * 1e3)"))


def rank(folder, *programs, settings=SETTINGS):
    seen: list[RankedProgram] = []
    ranking = Ranking(SPEC, settings, folder)
    ranking.run(programs, seen.append)
    return ranking, seen


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranked")
    return folder, *rank(folder, ADAMW, PLAIN, EXPLODING)


def test_every_program_has_a_row(ranked):
    _, ranking, seen = ranked
    assert list(ranking.rows.values()) == seen
    assert [row.program for row in seen] == ["adamw", "plain", "exploding"]
    assert all(row.task == SPEC.name and row.seconds_per_step > 0 for row in seen)


def test_the_grid_is_the_same_and_goes_on_where_the_best_is_at_its_edge(ranked):
    adamw, plain, _ = ranked[2]
    for row, decays in ((adamw, 2), (plain, 1)):
        extra, rest = divmod(row.points - 3 * decays, decays)
        assert rest == 0
        assert 0 <= extra <= SETTINGS.extensions * 1
    assert plain.weight_decay is None
    assert adamw.weight_decay in SETTINGS.decays


def test_scores_are_of_fresh_seeds_with_an_interval(ranked):
    adamw, plain, _ = ranked[2]
    for row in (adamw, plain):
        assert row.interval is not None
        assert row.loss is not None
        assert row.interval > 0
        assert row.score > -1
    assert adamw.score > plain.score


def test_a_program_that_fails_is_last(ranked):
    exploding = ranked[2][2]
    assert (exploding.score, exploding.interval, exploding.loss) == (-1.0, None, None)


def test_state_is_counted_in_numbers_for_each_parameter(ranked):
    adamw, plain, _ = ranked[2]
    assert (adamw.state, plain.state) == (2.0, 0.0)


def test_a_models_own_state_is_not_the_optimizers(tmp_path):
    ranking = Ranking(make_spec(factory="evaluation.small_tasks:normalized_regression"), SETTINGS, tmp_path)
    program = ADAMW[1]
    assert ranking._state(program, ranking._runner(program)) == 2.0


def test_a_ranking_goes_on_where_it_was(ranked):
    folder = ranked[0]
    ranking, seen = rank(folder, ADAMW, PLAIN, EXPLODING)
    assert seen == []
    assert ranking.rows == ranked[1].rows


def test_a_row_measured_again_is_the_same(ranked, tmp_path):
    again = rank(tmp_path, PLAIN)[1][0]
    assert (again.score, again.lr_scale) == (ranked[2][1].score, ranked[2][1].lr_scale)


def test_another_grid_or_a_broken_file_is_refused(ranked, tmp_path):
    with pytest.raises(SettingError, match="another task or grid"):
        rank(ranked[0], PLAIN, settings=SETTINGS.model_copy(update={"seeds": 4}))
    with pytest.raises(SettingError, match="expected a folder for the ranking"):
        rank(ranked[0] / f"{SPEC.name}.jsonl", PLAIN)
    (tmp_path / f"{SPEC.name}.jsonl").write_text("what?\n")
    with pytest.raises(SettingError, match="not the file of a ranking"):
        rank(tmp_path, PLAIN)


def test_a_line_that_was_cut_off_is_measured_again(ranked, tmp_path):
    text = (ranked[0] / f"{SPEC.name}.jsonl").read_text()
    path = tmp_path / f"{SPEC.name}.jsonl"
    path.write_text(text[:-30])
    seen = rank(tmp_path, ADAMW, PLAIN, EXPLODING)[1]
    assert [row.program for row in seen] == ["exploding"]
    assert len(path.read_text().splitlines()) == len(text.splitlines())


def test_only_one_process_writes_a_ranking(tmp_path):
    one, other = (Ranking(SPEC, SETTINGS, tmp_path) for _ in range(2))

    def write_too(row):
        with pytest.raises(SettingError, match="another process is writing this ranking"):
            other.run([PLAIN], pytest.fail)
        tried.append(row)

    tried = []
    one.run([PLAIN], write_too)
    assert len(tried) == 1
    other.run([PLAIN], pytest.fail)
    assert other.rows == one.rows


def test_a_program_that_has_changed_is_measured_again(ranked, tmp_path):
    path = tmp_path / f"{SPEC.name}.jsonl"
    path.write_text((ranked[0] / path.name).read_text())
    changed = check_program("def train(w, g, lr, *, lr_scale=0.02): return g * lr * lr_scale")
    seen = rank(tmp_path, ADAMW, ("plain", changed))[1]
    assert [row.program for row in seen] == ["plain"]


@pytest.mark.slow  # compiles for more slots
def test_the_order_of_programs_does_not_matter(tmp_path):
    wide = (
        "wide",
        check_program(
            "def train(w, g, a, b, c, d, e, f, h1, lr):\n"
            + "".join(f"    {x} = {x} + g\n" for x in ("a", "b", "c", "d", "e", "f", "h1"))
            + "    return (a + b + c + d + e + f + h1) * lr * 0.001, a, b, c, d, e, f, h1"
        ),
    )
    rows = rank(tmp_path, PLAIN, wide)[1]
    assert rows[1].loss is not None


def row(program: str, task: str, score: float, interval: float | None) -> RankedProgram:
    return RankedProgram(program, task, "", score, interval, 1.0, 0.1, None, False, 9, 1e-3, 1.0)


def test_standings_are_by_the_mean_over_the_tasks():
    one = {"a": row("a", "x", 0.1, 0.03), "b": row("b", "x", 0.3, 0.03), "c": row("c", "x", 1.0, 0.1)}
    two = {"a": row("a", "y", 0.5, 0.04), "b": row("b", "y", -1.0, None)}
    first, second = standings([one, two], ["c", "b", "a"])
    assert (first.program, second.program) == ("a", "b")
    assert first.score == pytest.approx(0.3)
    assert first.interval == pytest.approx(math.hypot(0.03, 0.04) / 2)
    assert second.interval is None


def test_the_shipped_ranking_is_of_the_shipped_tasks():
    folder = Path(__file__).parents[2] / "experiments" / "known_optimizers"
    paths = list(folder.glob("*.jsonl"))
    assert len(paths) == 4
    for path in paths:
        header = json.loads(path.read_text().splitlines()[0])
        assert header["task"] == json.loads(load_task(path.stem).model_dump_json())
        assert set(Ranking(load_task(path.stem), RankingSettings(), folder).rows) >= set(shipped_names())
