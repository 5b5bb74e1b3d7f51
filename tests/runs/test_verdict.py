import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lionsearch.evaluation.estimate import estimate
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.verdict import judge

scores = st.lists(st.integers(-100, 100).map(lambda n: n / 100), min_size=2, max_size=8)


def report(**tasks):
    """A report with these scores on these tasks; None for a failure."""
    results = tuple(
        TaskResult(name, failure=Failure(FailureKind.NON_FINITE, "inf"))
        if values is None
        else TaskResult(name, 1.0, float(np.mean(values)), scores=tuple(values))
        for name, values in tasks.items()
    )
    return Evaluation(Stage.REPORT, None, results)


GOOD, GOOD_TOO, EVEN, BAD = [0.10, 0.11, 0.12], [0.11, 0.10, 0.12], [0.01, -0.01, 0.0], [-0.5, -0.4, -0.6]


@pytest.mark.parametrize(
    ("best", "start", "sentence"),
    [
        ((GOOD, GOOD), (EVEN, EVEN), "better than A on both tasks; better than S on both tasks"),
        ((GOOD, EVEN), (EVEN, BAD), "better than A on a only; better than S on both tasks"),
        ((EVEN, BAD), (BAD, BAD), "no better than A on either task; better than S on a only"),
        ((GOOD,), (GOOD_TOO,), "better than A; no better than S"),
        ((EVEN,), (EVEN,), "no better than A; no better than S"),
        ((GOOD, None), (EVEN, EVEN), "better than A on a only; better than S on a only"),
        ((GOOD, GOOD), (None,), "better than A on both tasks; no better than S on either task"),
        ((BAD, BAD, BAD), (BAD,), "no better than A on any task; no better than S on any task"),
        ((GOOD, GOOD, GOOD), (), "better than A on all 3 tasks; no better than S on any task"),
    ],
)
def test_the_sentence_says_on_which_tasks(best, start, sentence):
    given = (report(**dict(zip("abc", scores, strict=False))) for scores in (best, start))
    assert str(judge(*given)) == sentence.replace("A", "tuned AdamW").replace("S", "the start")


def test_a_lead_is_taken_seed_by_seed():
    noise = [0.3, -0.2, 0.5, -0.4]
    found = judge(report(a=[0.05 + x for x in noise]), report(a=noise)).tasks[0]
    assert not found.best.is_positive
    assert found.lead.is_positive
    assert found.lead.mean == pytest.approx(0.05)


@given(scores)
def test_what_is_better_has_its_interval_above_zero(values):
    verdict = judge(report(a=values), report(a=values))
    assert (verdict.better == ("a",)) == estimate(values).is_positive
    assert not verdict.tasks[0].lead.is_positive
