from dataclasses import replace

import pytest
from comparison.contests import BUDGET, LOSSES, SPECS, contest
from comparison.surfaces import DECAYED, FAILS, PLAIN, Bowls

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.comparison.contest import adamw, hold, measure
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.ledger import open_ledger
from lionsearch.errors import SettingError


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    folder, pool = tmp_path_factory.mktemp("contest"), Bowls(LOSSES)
    return folder, pool, contest(folder, pool)


def test_all_get_the_same_seeds_and_no_more_than_their_budget(held):
    _, pool, entries = held
    assert [(entry.task, entry.contestant) for entry in entries] == [
        (task, each.name) for task in "ab" for each in (PLAIN, DECAYED)
    ]
    for entry in entries:
        assert len(entry.trainings) == BUDGET.seeds
        assert entry.tuned.points <= BUDGET.points
    tested = {(trial.task, trial.seed) for trial in pool.asked if trial.split == "test"}
    assert len(tested) == 2 * BUDGET.seeds
    assert {trial.seed for trial in pool.asked if trial.split == "validation"} == set(range(BUDGET.tune_seeds))
    assert len(pool.asked) <= 4 * (BUDGET.points * BUDGET.tune_seeds + BUDGET.seeds)


def test_the_learning_rate_is_that_of_a_training(held):
    rates = {spec.name: spec.learning_rate for spec in SPECS}
    for entry in held[2]:  # lr_scale is 0.01, ten times AdamW's
        assert entry.learning_rate == pytest.approx(entry.tuned.factor * rates[entry.task] * 10)


def test_a_task_that_was_tuned_anew_trains_nothing_anew(tmp_path):
    pool = Bowls(LOSSES)
    first = contest(tmp_path, pool, with_reference=True)
    changed = [spec.model_copy(update={"learning_rate": 0.7, "weight_decay": 3.0}) for spec in SPECS]
    again = Bowls(LOSSES)
    assert contest(tmp_path, again, changed, with_reference=True) == first
    assert again.asked == []


def test_measuring_takes_the_settings_that_were_found(held):
    folder, _, entries = held
    pool = Bowls(LOSSES)
    with open_ledger(folder, SPECS) as ledger:
        found = measure([(PLAIN, entries[0])], 5, Laboratory(ledger, lambda: pool))
    assert found[0].tuned == entries[0].tuned
    assert found[0].trainings[: BUDGET.seeds] == entries[0].trainings
    assert {trial.factor for trial in pool.asked} == {entries[0].tuned.factor}
    assert len(pool.asked) == 5 - BUDGET.seeds


def test_the_reference_is_the_shipped_adamw():
    assert adamw().optimizer == load_program(str(PROGRAMS.shipped / "adamw_debiased.py"))


class Dear(Bowls):
    """Steps of the second program ask for three gradients, six losses and half a product; its first training fails."""

    def collect(self):
        found = []
        for trial, training in super().collect():
            is_dear = "weight_decay" in dict(trial.program.hyperparameters)
            if is_dear and trial.share == 1.0:
                training = FAILS
            found.append((trial, replace(training, costs=(3.0, 6.0, 0.5) if is_dear else (1.0, 0.0, 0.0))))
        return found


def test_at_equal_cost_who_asks_more_makes_fewer_steps(tmp_path):
    pool = Dear(LOSSES)
    with open_ledger(tmp_path, SPECS) as ledger:
        budget = replace(BUDGET, equal_cost=True)
        hold([PLAIN, DECAYED], budget, "test", Laboratory(ledger, lambda: pool))
    shares = {"plain": set(), "decayed": set()}
    for trial in pool.asked:
        shares["decayed" if "weight_decay" in dict(trial.program.hyperparameters) else "plain"].add(trial.share)
    assert shares == {"plain": {1.0}, "decayed": {1.0, 0.167}}
    assert all(trial.share < 1 for trial in pool.asked if trial.split == "test" and trial.program != PLAIN.live)


def test_trainings_of_before_costs_were_measured_are_refused_at_equal_cost(tmp_path):
    with open_ledger(tmp_path, SPECS) as ledger, pytest.raises(SettingError, match="compare at equal cost in another"):
        hold([PLAIN], replace(BUDGET, equal_cost=True), "test", Laboratory(ledger, lambda: Bowls(LOSSES)))
