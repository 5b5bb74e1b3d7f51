import math

import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import check_program
from lionsearch.runs.tune import GridPoint, TuneResult, tune_program
from lionsearch.tasks import Problem
from lionsearch.tasks.spec import TaskSpec

START, CURVATURE = 3.0, 0.5
LIMITS = Limits(max_length=6, max_slots=1)
SPEC = TaskSpec(name="bowl", factory="test_tune:bowl", steps=20, batch=2, warmup=4, learning_rate=0.1, weight_decay=0.0)
SGD = check_program(
    "def train(w, g, lr, *, weight_decay=0.1, lr_scale=0.002): return (g + w * weight_decay) * (lr * lr_scale)"
)
PLAIN = check_program("def train(w, g, lr): return g * lr * 0.002")
FACTORS = (0.25, 1.0, 4.0, 16.0, 64.0, 1e30)
DECAYS = (0.0, 0.2, 1.0)


@pytest.fixture(autouse=True)
def _private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))


def bowl() -> Problem:
    """CURVATURE / 2 times the squared distance to 1, from START; every example is the same."""
    ones = np.ones((4, 1), np.float32)
    return Problem(
        init=lambda key: {"w": jnp.full(2, START)},
        loss=lambda params, batch: CURVATURE / 2 * jnp.mean((params["w"] - batch) ** 2) * 2,
        train=ones,
        validation=ones,
        test=ones,
    )


def expected_loss(factor: float, decay: float) -> float:
    """The loss at the end, from one weight (the mean over two halves its gradient, twice the loss restores it)."""
    w = START
    with np.errstate(all="ignore"):
        for lr in SPEC.schedule().astype(np.float64) * factor * 0.002:
            w = w - lr * (CURVATURE * (w - 1.0) + decay * w)
        loss = CURVATURE * (w - 1.0) ** 2
    return loss if loss < np.finfo(np.float32).max else math.inf


@pytest.fixture(scope="module")
def runner() -> TaskRunner:
    return TaskRunner(SPEC, LIMITS)


@pytest.fixture(scope="module")
def result(runner) -> TuneResult:
    return tune_program(SGD, runner, seeds=2, factors=FACTORS, decays=DECAYS)


def test_every_point_of_the_grid_is_what_a_plain_loop_says(result):
    assert [(point.weight_decay, point.factor) for point in result.points] == [(d, f) for d in DECAYS for f in FACTORS]
    for point in result.points:
        assert point.loss == pytest.approx(expected_loss(point.factor, point.weight_decay or 0.0), rel=1e-3, abs=1e-6)
        assert point.learning_rate == pytest.approx(point.factor * 0.1 * 2)
    assert (result.task, result.seeds) == ("bowl", 2)


def test_the_best_point_is_the_known_optimum(result):
    optimum = min((expected_loss(f, d), f, d) for f in FACTORS for d in DECAYS)
    assert (result.best.factor, result.best.weight_decay) == optimum[1:]
    assert not result.at_edge


def test_divergent_points_are_infinite(result):
    assert [point.loss for point in result.points if point.factor == 1e30] == [math.inf] * len(DECAYS)


@pytest.mark.parametrize(("factors", "edge"), [((0.25, 1.0), True), ((16.0, 64.0), True), ((1.0, 16.0, 1e30), False)])
def test_an_optimum_at_the_edge_is_flagged(factors, edge):
    points = tuple(GridPoint(f, 0.001, f, None, expected_loss(f, 0.0)) for f in factors)
    assert TuneResult("bowl", points, 1).at_edge is edge


def test_a_program_without_weight_decay_is_tuned_along_one_line(runner):
    seen: list[tuple[int, int]] = []
    heard = lambda done, total: seen.append((done, total))  # noqa: E731
    result = tune_program(PLAIN, runner, seeds=1, factors=(1.0, 4.0), decays=DECAYS, listener=heard)
    assert [(point.factor, point.weight_decay) for point in result.points] == [(1.0, None), (4.0, None)]
    assert [point.learning_rate for point in result.points] == pytest.approx([0.1, 0.4])
    assert seen == [(1, 2), (2, 2)]
    assert result.best.loss == pytest.approx(expected_loss(4.0, 0.0), rel=1e-3)


def test_a_program_that_the_task_cannot_train_is_an_error(runner):
    with pytest.raises(TaskError, match="asks for 'h_gnb', which a task gives only if its Problem has"):
        tune_program(check_program("def train(w, g, lr, h_gnb): return g * h_gnb"), runner)


def test_a_program_that_is_too_long_diverges_everywhere(runner):
    long = check_program("def train(w, g, lr):\n" + " g = sin(g)\n" * 7 + " return g")
    result = tune_program(long, runner, factors=(1.0, 2.0))
    assert [point.loss for point in result.points] == [math.inf, math.inf]
