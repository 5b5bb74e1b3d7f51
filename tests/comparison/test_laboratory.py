import pytest
from comparison.contests import LOSSES, contest
from comparison.surfaces import Bowls

from lionsearch.comparison.ledger import TRIALS
from lionsearch.errors import RunError
from lionsearch.evaluation.trials import Training
from lionsearch.records import Failure, FailureKind


def test_the_order_of_the_results_changes_nothing(tmp_path):
    found = [contest(tmp_path / str(order), Bowls(LOSSES, order)) for order in range(5)]
    assert all(each == found[0] for each in found)


def test_no_trial_is_made_twice_and_none_again_from_what_is_kept(tmp_path):
    first, second = Bowls(LOSSES), Bowls(LOSSES)
    found = contest(tmp_path, first)
    assert len({*first.asked}) == len(first.asked)
    assert contest(tmp_path, second) == found
    assert second.asked == []


@pytest.mark.parametrize("after", [0, 1, 7, 20, 45])
def test_stopped_anywhere_it_goes_on_to_the_same_and_makes_only_what_is_missing(tmp_path, after):
    whole_pool = Bowls(LOSSES)
    whole = contest(tmp_path / "whole", whole_pool)
    first = Bowls(LOSSES, order=after, dies_after=after)
    with pytest.raises(KeyboardInterrupt):
        contest(tmp_path / "cut", first)
    kept = len((tmp_path / "cut" / TRIALS).read_text().splitlines()) - 2
    second = Bowls(LOSSES)
    assert contest(tmp_path / "cut", second) == whole
    assert kept <= after
    assert len(second.asked) == len(whole_pool.asked) - kept


def test_a_training_that_the_system_lost_is_not_the_programs_failure(tmp_path):
    class Loses(Bowls):
        def collect(self):
            return [
                (trial, Training(None, failure=Failure(FailureKind.TIMEOUT, "late"))) for trial, _ in super().collect()
            ]

    with pytest.raises(
        RunError,
        match=r"a training on task '[ab]' was lost: late \(--time-limit gives it more\); what was trained is kept",
    ):
        contest(tmp_path, Loses(LOSSES))
    assert contest(tmp_path, Bowls(LOSSES))
