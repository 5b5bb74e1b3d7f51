import jax
import numpy as np
import pytest
from small_tasks import make_spec
from test_task_runner import LIMITS, SGD

from lionsearch.catalog import load_program
from lionsearch.evaluation.trainer import Trainer
from lionsearch.graph import check_program
from lionsearch.records import Failure, FailureKind
from lionsearch.rivals.making import resolve_rival


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return Trainer(make_spec(), LIMITS)


@pytest.fixture(scope="module")
def normalized() -> Trainer:
    return Trainer(make_spec(name="normalized", factory="small_tasks:normalized_regression"), LIMITS)


@pytest.fixture(scope="module")
def without_dropout() -> Trainer:
    return Trainer(make_spec(factory="small_tasks:normalized_regression", options={"dropout": 0.0}), LIMITS)


def test_a_model_with_a_state_trains_as_in_a_plain_loop(without_dropout):
    problem, spec = without_dropout.problem, without_dropout.spec
    gradient = jax.jit(jax.grad(problem.train_loss, has_aux=True))
    params, state = problem.init(jax.random.key(0))
    batches = np.asarray(without_dropout.courses.of_seed(0).batches).reshape(-1, spec.batch)
    for lr, examples in zip(spec.schedule(), batches, strict=True):
        batch = {name: array[examples] for name, array in problem.train.items()}
        gradients, state = gradient(params, state, batch, jax.random.key(0))
        params = jax.tree.map(lambda w, g, lr=lr: w - g * lr * 0.005, params, gradients)
    result = without_dropout.compile(SGD, 0, "validation", without_dropout.never)()
    expected = {name: float(value) for name, value in problem.metrics(params, state, problem.validation).items()}
    assert float(result.loss) == pytest.approx(float(problem.loss(params, state, problem.validation)), rel=1e-4)
    assert result.metrics == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert expected["steps"] == spec.steps
    assert np.ptp([expected[f"mean{i}"] for i in range(8)]) > 0.05, "a running mean that says something"


def test_dropout_is_the_seeds_own(normalized, without_dropout):
    course, examples = normalized.courses.of_seed(0), normalized.courses.examples("validation")
    machine, encoded = normalized.prepare(SGD)
    losses = [
        float(normalized.interpreter(machine).train(encoded, each, examples, normalized.never).loss)
        for each in (course, course, *(course._replace(key=jax.random.key(seed)) for seed in (1, 2)))
    ]
    assert losses[0] == losses[1]
    assert len({*losses}) == 3
    without = float(without_dropout.compile(SGD, 0, "validation", without_dropout.never)().loss)
    assert all(loss != pytest.approx(without, rel=1e-3) for loss in losses)


def test_a_training_has_its_loss_metrics_and_costs(trainer):
    found = trainer.train(SGD, 3, "validation")
    run = trainer.ready(SGD)
    outcome = run(3, "validation", trainer.never)
    assert found.loss == float(outcome.loss)
    assert dict(found.metrics) == pytest.approx({name: float(value) for name, value in outcome.metrics.items()})
    assert found.costs == (1, 0, 0)
    assert found.failure is None
    assert trainer.train(SGD, 3, "test").loss != found.loss


def test_what_explodes_has_no_loss_and_what_is_blind_is_not_trained_with(trainer):
    exploded = trainer.train(check_program("def train(w, g, lr): return g * 1e30 + exp(w)"), 0, "validation")
    assert (exploded.loss, exploded.failure.kind) == (None, FailureKind.NON_FINITE)
    assert exploded.failure.detail.startswith("the loss was not finite after ")
    blind = trainer.ready(check_program("def train(w, g, lr): return w * lr"))
    assert blind == Failure(FailureKind.NO_PROGRESS, "the update does not depend on the gradient")


def test_a_rival_trains_as_the_program_that_it_equals(trainer):
    rival, program = resolve_rival("optax:adamw"), load_program("adamw_debiased")
    assert trainer.state(rival) == pytest.approx(2, abs=0.1)
    assert trainer.state(program) == 2
    losses = [trainer.train(each, 3, "validation", 0.5).loss for each in (rival, program)]
    assert losses[0] == pytest.approx(losses[1], rel=2e-3)


def test_an_untrained_network_has_the_loss_of_its_weights(trainer):
    params = jax.jit(trainer.problem.init)(jax.random.key(4))
    expected = float(trainer.problem.loss(params, trainer.problem.test))
    assert trainer.chance(4, "test") == pytest.approx(expected, rel=1e-5)
