import numpy as np
import pytest
from evaluation.small_tasks import make_spec

from lionsearch.evaluation.judge import Judge
from lionsearch.evaluation.plan import Seeds
from lionsearch.evaluation.references import Reference
from lionsearch.evaluation.training import Outcome
from lionsearch.records import FailureKind

SPEC = make_spec(steps=20, chunks=2, warmup=0)
REFERENCE = Reference(4.0, 2.0, 3.0, (2.0, 1.0))
JUDGE = Judge(SPEC, lambda seed, split: REFERENCE)
EARLY, WHOLE = Seeds((0,), early_exit=True), Seeds((0,))


def outcome(loss, *curve):
    return Outcome(np.float32(loss), np.float32(curve), np.int32(len(curve)), {"error": np.float32(loss / 10)})


def test_a_candidate_has_to_keep_a_share_of_adamws_progress_that_grows():
    np.testing.assert_allclose(JUDGE.limits(0, EARLY), [3 - 0.05 * 1, 3 - 0.5 * 2])
    assert np.isinf(JUDGE.limits(0, WHOLE)).all()


def test_where_adamw_makes_no_progress_nothing_is_hopeless():
    judge = Judge(SPEC, lambda seed, split: Reference(4.0, 2.0, 3.0, (3.5, 1.0)))
    assert np.isinf(judge.limits(0, EARLY)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("found", "seeds", "kind", "detail"),
    [
        (outcome(np.inf, 2.96), EARLY, FailureKind.NO_PROGRESS, "after 10 of 20 steps the loss was 2.96; at most 2.95"),
        (outcome(np.inf, 2.0, np.nan), WHOLE, FailureKind.NON_FINITE, "not finite after 20 of 20 steps"),
        (outcome(np.nan, 2.0, 2.0), WHOLE, FailureKind.NON_FINITE, "not finite after 20 of 20 steps"),
        (outcome(4.0, 2.0, 2.0), WHOLE, FailureKind.NO_PROGRESS, "the final loss was 4; an untrained network's is 4"),
    ],
)
def test_a_failure_has_a_kind_and_says_why(found, seeds, kind, detail):
    failure = JUDGE.failure(found, 0, seeds)
    assert failure is not None
    assert failure.kind is kind
    assert detail in failure.detail


def test_what_trains_has_no_failure_and_is_summarized_in_means():
    good = outcome(3.0, 2.0, 2.0), outcome(1.0, 2.0, 2.0)
    assert [JUDGE.failure(each, 0, WHOLE) for each in good] == [None, None]
    result = JUDGE.summarize(good, Seeds((0, 1)))
    assert (result.loss, result.score, result.scores) == (2.0, 0.0, (-0.5, 0.5))
    assert dict(result.metrics)["error"] == pytest.approx(0.2)
