import math
import pickle
from dataclasses import replace

import pytest
from small_tasks import make_spec

from lionsearch.catalog import load_program
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.evaluation.trials import Training, Trial, TrialPlan
from lionsearch.graph import check_program, fingerprint
from lionsearch.records import Failure, FailureKind
from lionsearch.rivals.making import resolve_rival

SPEC = make_spec()
ADAMW = load_program("adamw")
EXPLODING = check_program("def train(w, g, lr): return g * 1e30 + exp(w * 1e3)")
BLIND = check_program("def train(w, g, lr): return w * lr")
SAMPLING = check_program("def train(w, g, lr, h_gnb): return g / h_gnb * lr")


def trial(program, factor=1.0, seed=3, split="validation"):
    return Trial(SPEC.name, fingerprint(program), program, factor, seed, split)


@pytest.fixture(scope="module")
def plan():
    return TrialPlan((SPEC,))


@pytest.fixture(scope="module")
def bench(plan):
    return plan.open()


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_trial_is_the_training_that_a_search_would_make(bench, split, factor):
    [found] = bench.answer([trial(ADAMW, factor, split=split)])
    runner = TaskRunner(SPEC, Limits())
    assert [found.loss] == runner.losses(ADAMW, Seeds((3,), split), factor)
    assert found.chance == runner.reference(3, split).chance
    assert found.failure is None
    assert found.seconds > 0
    assert {name for name, _ in found.metrics} == {"worst"}


@pytest.mark.parametrize(
    ("program", "kind", "detail"),
    [
        (EXPLODING, FailureKind.NON_FINITE, "the loss was not finite after"),
        (BLIND, FailureKind.NO_PROGRESS, "the update does not depend on the gradient"),
        (SAMPLING, FailureKind.NO_PROGRESS, "asks for 'h_gnb', which the task cannot give"),
    ],
)
def test_a_failure_has_a_kind_and_no_loss(bench, program, kind, detail):
    [found] = bench.answer([trial(program)])
    assert found.loss is None
    assert found.failure.kind is kind
    assert detail in found.failure.detail


def test_trials_with_other_seeds_rates_and_splits_are_others(bench):
    base = trial(ADAMW)
    others = [replace(base, seed=4), replace(base, factor=2.0), replace(base, split="test")]
    results = bench.answer([base, *others])
    assert len({result.loss for result in results}) == 4
    assert len({base, *others}) == 4
    assert base == replace(base, program=BLIND)  # its fingerprint says which program it is


def test_plan_and_results_travel(plan, bench):
    sent = pickle.loads(pickle.dumps((plan, trial(ADAMW))))
    assert sent == (plan, trial(ADAMW))
    [found] = bench.answer([trial(ADAMW)])
    assert pickle.loads(pickle.dumps(found)) == found
    assert math.isfinite(found.loss)


def test_a_lost_trial_says_so(plan):
    failure = Failure(FailureKind.TIMEOUT, "late, twice")
    assert plan.lose(trial(ADAMW), failure, "small") == Training(None, failure=failure)


def test_tasks_are_fingerprinted_as_a_search_does_it(bench, plan):
    assert bench.fingerprint_tasks() == {"small": TaskRunner(SPEC, Limits()).fingerprint}
    assert bench.current_task == "small"


def test_a_share_of_the_steps_has_a_schedule_of_its_own():
    plan = TrialPlan((SPEC,))
    bench = plan.open()
    whole, half = (replace(trial(ADAMW), share=share) for share in (1.0, 0.5))
    trainers = [bench._trainer(SPEC.name, Limits(), each.share) for each in (whole, half)]
    assert [trainer.spec.steps for trainer in trainers] == [
        SPEC.steps,
        round(SPEC.steps / 2 / SPEC.chunks) * SPEC.chunks,
    ]
    assert trainers[1].schedule.max() == pytest.approx(trainers[0].schedule.max(), rel=0.05)
    first, second = bench.answer([whole, half])
    assert first.loss != second.loss


def test_a_share_is_at_least_a_step_and_a_rival_that_cannot_is_a_failure(tmp_path, monkeypatch):
    bench = TrialPlan((SPEC,)).open()
    assert bench._trainer(SPEC.name, Limits(), 1e-6).spec.steps == 1
    spec = resolve_rival("rival:mert")  # which counts errors, and this task has no labels
    [found] = bench.answer([Trial(SPEC.name, spec.fingerprint, spec, 1.0, 3, "validation")])
    assert found.loss is None
    assert "errors are counted on tasks whose examples have a `label`" in found.failure.detail
