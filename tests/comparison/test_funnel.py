import contextlib
import dataclasses
import math

import pytest
from comparison.surfaces import Bowls
from evaluation.small_tasks import make_spec

from lionsearch.comparison.contest import ADAMW, Budget
from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.funnel import FunnelStage, run_funnel
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.ledger import open_ledger
from lionsearch.graph import check_program

BUDGET = Budget(points=6, tune_seeds=1, seeds=3)
NAMES = ("good", "proxy_only", "bad", "fails")


def contestant(name, number):
    text = f"def train(w, g, lr, *, mark={number}.5): return g * lr * mark"
    return Contestant(name, check_program(text))


CONTESTANTS = [contestant(name, number) for number, name in enumerate(NAMES)]


def surface(**offsets):
    """Return losses that a program's mark decides; what is not named is AdamW's."""

    def loss(trial):
        mark = dict(trial.program.hyperparameters).get("mark")
        offset = 0.0 if mark is None else offsets[NAMES[int(mark)]]
        return None if offset is None else 1 + math.log2(trial.factor / 2) ** 2 + offset * (1 + 0.01 * (trial.seed % 7))

    return loss


LOSSES = {
    "near": surface(good=-0.3, proxy_only=-0.4, bad=0.2, fails=None),
    "far": surface(good=-0.2, proxy_only=0.5, bad=0.0, fails=None),
}
STAGES = [FunnelStage(name, (make_spec(name=name),), BUDGET, most) for name, most in (("near", 2), ("far", 1))]


def climb(folder, losses=LOSSES, stages=STAGES, order=0, dies_after=None):
    pools = []

    @contextlib.contextmanager
    def laboratories(specs):
        with open_ledger(folder, specs) as ledger:
            pools.append(Bowls({spec.name: losses[spec.name] for spec in specs}, order, dies_after))
            yield Laboratory(ledger, lambda: pools[-1])

    told = []
    found = run_funnel(CONTESTANTS, stages, laboratories, told.append)
    assert tuple(told) == found.climbs
    return found, [trial for pool in pools for trial in pool.asked]


def test_programs_fall_where_adamw_is_as_good_and_the_rest_is_measured_on_test_data(tmp_path):
    found, asked = climb(tmp_path)
    near, far = found.climbs
    assert near.going_on == ("proxy_only", "good")
    assert far.going_on == ("good",)
    assert near.fate("bad") == "falls: not better than AdamW"
    assert near.fate("fails") == "falls: it fails"
    assert far.fate("proxy_only") == "falls: not better than AdamW"
    assert [each.contestant for each in found.final] == ["good", ADAMW]
    assert found.first == found.winner == "good"
    assert set(found.final[0].tasks) == {"near", "far"}
    tested = [trial for trial in asked if trial.split == "test"]
    assert len(tested) == 2 * 2 * BUDGET.seeds
    chosen = {trial.seed for trial in asked if trial.split == "validation"}
    assert chosen.isdisjoint({trial.seed for trial in tested})


def test_who_is_not_better_on_test_data_has_climbed_and_is_no_winner(tmp_path):
    def lucky(trial):
        loss = LOSSES["far"](trial)
        return (
            None
            if loss is None
            else loss + (0.6 if trial.split == "test" and "mark" in dict(trial.program.hyperparameters) else 0)
        )

    found, _ = climb(tmp_path, {"near": LOSSES["near"], "far": lucky}, stages=STAGES[1:])
    assert found.first == "good"
    assert found.winner is None
    assert found.final[0].contestant == ADAMW


def test_a_task_on_which_adamw_does_not_train_is_left_out(tmp_path):
    def broken(trial):
        return LOSSES["near"](trial) if "mark" in dict(trial.program.hyperparameters) else None

    stage = dataclasses.replace(STAGES[0], tasks=(*STAGES[0].tasks, make_spec(name="broken")))
    found, _ = climb(tmp_path, {**LOSSES, "broken": broken}, stages=[stage, STAGES[1]])
    assert [sentence.split(":")[0] for sentence in found.left_out] == ["task 'broken' is left out"]
    assert found.winner == "good"
    assert set(found.final[0].tasks) == {"near", "far"}


def test_no_more_go_on_than_a_stage_lets(tmp_path):
    found, _ = climb(tmp_path, stages=[dataclasses.replace(STAGES[0], most=1), STAGES[1]])
    assert found.climbs[0].going_on == ("proxy_only",)
    assert found.climbs[0].fate("good") == "falls: better than AdamW, but not among the best 1"
    assert found.final == ()


def test_where_all_fall_no_test_data_is_touched(tmp_path):
    losses = {**LOSSES, "far": surface(good=0.1, proxy_only=0.1, bad=0.1, fails=None)}
    found, asked = climb(tmp_path, losses)
    assert found.final == ()
    assert found.climbs[-1].going_on == ()
    assert {trial.split for trial in asked} == {"validation"}


@pytest.mark.parametrize("after", [0, 9, 40])
def test_stopped_anywhere_and_begun_again_it_ends_the_same(tmp_path, after):
    whole, _ = climb(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        climb(tmp_path / "cut", order=after, dies_after=after)
    again, _ = climb(tmp_path / "cut", order=1)
    assert again == whole
