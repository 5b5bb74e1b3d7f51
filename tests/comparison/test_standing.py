import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lionsearch.comparison.contest import ADAMW, Entry
from lionsearch.comparison.shown import show_score
from lionsearch.comparison.standing import leave_out, rank
from lionsearch.comparison.tuning import Tuned
from lionsearch.evaluation.trials import Training
from lionsearch.records import Failure, FailureKind

FAILS = Training(None, failure=Failure(FailureKind.NON_FINITE, "it exploded"))


def enter(name, losses, task="a", chance=2.0):
    trainings = tuple(FAILS if loss is None else Training(loss, chance, (("accuracy", loss),), 1e-3) for loss in losses)
    return Entry(name, task, Tuned(1.0, None, 0.0, 1), 0.1, trainings)


def places(table, task=None):
    return {each.contestant: (each if task is None else each.tasks[task]).place for each in table}


def test_scores_are_against_adamw_seed_by_seed():
    ours, theirs = np.array([0.9, 0.8, 1.0]), np.array([1.0, 1.1, 1.2])
    [best, _] = rank([enter(ADAMW, theirs), enter("x", ours)])
    expected = (theirs - ours) / (2 - theirs).mean()
    assert best.contestant == "x"
    assert best.tasks["a"].scores == pytest.approx(tuple(expected))
    low, high = stats.t.interval(0.95, 2, expected.mean(), stats.sem(expected))
    assert (best.lead.mean - best.lead.interval, best.lead.mean + best.lead.interval) == pytest.approx((low, high))


def test_what_cannot_be_told_apart_shares_a_place_though_the_means_differ():
    table = rank([enter(ADAMW, [1.0, 1.1, 1.2]), enter("x", [0.9, 1.15, 1.18]), enter("y", [0.5, 0.6, 0.7])])
    assert places(table) == {"y": 1, ADAMW: 2, "x": 2}
    assert [each.shown_place for each in table] == ["1", "2=", "2="]


def test_who_varies_much_pulls_nobody_into_its_place():
    adamw = enter(ADAMW, [1.0, 1.0, 1.0], chance=20.0)
    a, b = enter("a", [0.4, 0.5, 0.4], chance=20.0), enter("b", [0.7, 0.8, 0.7], chance=20.0)
    for losses, expected in (
        ([0.2, 3.0, 9.0], [("a", "1"), ("b", "2"), (ADAMW, "3="), ("wild", "3=")]),
        ([-9.0, 0.3, 3.0], [("wild", "1="), ("a", "1="), ("b", "3"), (ADAMW, "4")]),
    ):
        table = rank([adamw, a, b, enter("wild", losses, chance=20.0)])
        assert [(each.contestant, each.shown_place) for each in table] == expected


def test_pairing_tells_apart_what_unpaired_intervals_do_not():
    adamw = [1.0, 1.4, 1.8, 1.2]
    ours = [loss - 0.01 - 0.001 * i for i, loss in enumerate(adamw)]
    table = rank([enter(ADAMW, adamw, chance=20.0), enter("x", ours, chance=20.0)])
    assert places(table) == {"x": 1, ADAMW: 2}


def test_what_learns_nothing_with_any_setting_is_said():
    table = rank([enter(ADAMW, [1.0, 1.1]), enter("x", [2.0, 2.5]), enter("y", [1.9, 2.5])])
    untrained = {each.contestant: each.tasks["a"].is_untrained for each in table}
    assert untrained == {ADAMW: False, "x": True, "y": False}
    assert show_score(next(each for each in table if each.contestant == "x").tasks["a"]).endswith("(learns nothing)")


def test_what_fails_shares_no_place_with_what_is_better_and_does_not():
    table = rank([enter(ADAMW, [1.0, 1.1]), enter("x", [0.5, None]), enter("y", [1.9, 1.95])])
    assert places(table) == {ADAMW: 1, "x": 2, "y": 3}
    x = next(each for each in table if each.contestant == "x").tasks["a"]
    assert (x.failed, x.loss, x.metrics, x.scores[1]) == (1, None, {}, -1.0)


def test_a_mean_is_over_the_tasks_and_its_interval_over_the_seeds():
    entries = [
        *(enter(ADAMW, [1.0, 1.0, 1.0], task) for task in "ab"),
        enter("x", [0.8, 0.9, 0.8], "a"),
        enter("x", [1.1, 1.0, 1.1], "b"),
    ]
    x = next(each for each in rank(entries) if each.contestant == "x")
    assert x.lead.mean == pytest.approx(0.05 * 2 / 3 + 0.05 / 3)
    assert x.lead.interval == pytest.approx(0.0, abs=1e-9)
    assert set(x.tasks) == {"a", "b"}


@pytest.mark.parametrize("losses", [[1.0, None], [1.0, 2.0], [1.0, 3.0]])
def test_a_task_on_which_adamw_does_not_train_is_left_out(losses):
    good = [enter(ADAMW, [1.0, 1.1], "b"), enter("x", [0.9, 1.0], "b")]
    kept, reasons = leave_out([enter(ADAMW, losses, "a"), enter("x", [1.0, 1.0], "a"), *good])
    assert kept == good
    assert len(reasons) == 1
    assert reasons[0].startswith("task 'a' is left out: AdamW, tuned, ")
    assert leave_out(good) == (good, [])


def test_a_seed_on_which_adamw_barely_trains_does_not_decide():
    table = rank([enter(ADAMW, [1.0, 1.0, 1.0, 1.9999]), enter("x", [1.1, 1.1, 1.1, 1.9])])
    x = next(each for each in table if each.contestant == "x")
    assert -0.2 < x.lead.mean < 0


@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(0.1, 5)), min_size=3, max_size=3), min_size=1, max_size=6),
)
def test_laws_of_places(others):
    entries = [enter(ADAMW, [1.0, 1.2, 1.1]), *(enter(f"x{i}", losses) for i, losses in enumerate(others))]
    table = rank(entries)
    found = [each.place for each in table]
    assert found[0] == 1
    assert found == sorted(found)
    assert all(
        place in (number, before) for number, (before, place) in enumerate(zip([1, *found[:-1]], found, strict=True), 1)
    )
    means = [each.lead.mean for each in table]
    assert means == sorted(means, reverse=True)
    assert all(1 <= place <= len(table) for place in found)
    assert all(each.tied == (found.count(each.place) > 1) for each in table)
    adamw = next(each for each in table if each.contestant == ADAMW)
    assert (adamw.lead.mean, adamw.lead.interval) == (0.0, 0.0)
