from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sampling import every
from steps import TRAINED_INPUTS

from lionsearch.errors import TaskError
from lionsearch.evaluation.training import Course, build_trainer
from lionsearch.evaluation.training_inputs import TrainingInputs
from lionsearch.evaluation.update_rule import CompiledRule
from lionsearch.graph import check_program
from lionsearch.tasks import Problem
from lionsearch.tasks.networks import sampled_squared_error

EXAMPLES, SIZE = 50, 7
PARAMS = {"a": np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32), "b": np.float32(0.7)}
DEFAULTS = {"hessian_every": np.float32(1), "rho": np.float32(0.05), "anchor_every": np.float32(30)}
KEY = jax.random.key(5)

Loss = Callable[[Any, Any], jax.Array]


def draw_examples(count: int = EXAMPLES, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)


def ravel(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def flat(tree: Any) -> jax.Array:
    return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def make_problem(loss: Loss, data: Any, **changes: Any) -> Problem:
    return replace(Problem(lambda key: PARAMS, loss, data, data, data), **changes)


def quadratic(hessian: np.ndarray) -> Problem:
    """Half of (w - x)^T H (w - x), the mean over the examples x, so that H is the Hessian of any batch."""

    def loss(params: Any, batch: Any) -> jax.Array:
        distance = flat(params) - batch
        return 0.5 * jnp.mean(jnp.einsum("bi,ij,bj->b", distance, jnp.asarray(hessian), distance))

    return make_problem(loss, draw_examples())


def symmetric(seed: int = 1) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(SIZE, SIZE))
    return (x + x.T).astype(np.float32)


@cache
def logistic() -> Problem:
    """A loss whose gradients and Hessians change with weights and examples."""

    def loss(params: Any, batch: Any) -> jax.Array:
        return jnp.mean(jnp.logaddexp(0.0, -batch @ flat(params))) + 0.01 * jnp.sum(flat(params) ** 4)

    return make_problem(loss, draw_examples())


def compute(
    problem: Problem, *names: str, batch: slice = slice(0, 16), step: Any = 0, key: jax.Array = KEY, **settings: float
) -> Mapping[str, Any]:
    """The inputs of one step, from the state before the first."""
    signals, params = TrainingInputs(names, problem), jax.tree.map(jnp.asarray, PARAMS)
    given = DEFAULTS | {name: np.float32(value) for name, value in settings.items()}
    state = signals.start(params)
    return signals.compute(state, params, problem.train[batch], problem.train, key, jnp.asarray(step), given)[1]


@cache
def compiled(make: Callable[[], Problem], names: tuple[str, ...]) -> tuple[Problem, TrainingInputs, Callable[..., Any]]:
    problem = make()
    signals = TrainingInputs(names, problem)
    return problem, signals, jax.jit(signals.compute)


def follow(make: Callable[[], Problem], names: tuple[str, ...], steps: int, **settings: float) -> list[dict[str, Any]]:
    """The inputs of consecutive steps, with the weights and the batch of each; the weights move."""
    (problem, signals, run), params = compiled(make, names), jax.tree.map(jnp.asarray, PARAMS)
    given = DEFAULTS | {name: np.float32(value) for name, value in settings.items()}
    state, found = signals.start(params), []
    for step in range(steps):
        batch = jnp.roll(problem.train, step, axis=0)[:16]
        _, extra, state = run(state, params, batch, problem.train, KEY, jnp.asarray(step), given)
        found.append({**extra, "params": params, "batch": batch})
        params = jax.tree.map(lambda x: 0.9 * x + 0.05, params)
    return found


def changes(values: list[Any]) -> list[int]:
    """The steps at which a value is not what it was in the step before."""
    rows = [ravel(value) for value in values]
    return [0, *(i for i in range(1, len(rows)) if not np.array_equal(rows[i], rows[i - 1]))]


# --- what every program gets


def test_gradients_are_the_batchs_whatever_else_is_asked_for():
    problem = replace(logistic(), sampled_loss=lambda params, batch, key: (problem.loss(params, batch), len(batch)))
    params, batch = jax.tree.map(jnp.asarray, PARAMS), problem.train[:16]
    expected = jax.grad(problem.loss)(params, batch)
    for names in ((), ("loss",), TRAINED_INPUTS):
        signals = TrainingInputs(names, problem)
        state = signals.start(params)
        run = jax.jit(signals.compute)
        found, extra, _ = run(state, params, batch, problem.train, KEY, jnp.asarray(0), DEFAULTS)
        np.testing.assert_allclose(ravel(found), ravel(expected), rtol=1e-6)
        assert set(extra) == set(names)


def test_the_loss_is_the_batchs():
    problem = logistic()
    found = compute(problem, "loss", batch=slice(7, 20))["loss"]
    assert float(found) == pytest.approx(float(problem.loss(PARAMS, problem.train[7:20])), rel=1e-6)


@pytest.mark.parametrize(
    ("names", "calls"),
    [
        ((), 1),
        (("loss",), 1),
        (("g_ahead",), 2),
        (("h",), 2),
        (("g_anchor",), 2),
        (("g_full",), 3),
        (("loss", "h", "g_ahead"), 3),
    ],
)
def test_nothing_is_computed_that_was_not_asked_for(names, calls):
    """The loss is traced once for each gradient; the full one takes one over whole batches and one over the rest."""
    traced = []

    def loss(params: Any, batch: Any) -> jax.Array:
        traced.append(True)
        return jnp.mean((batch - flat(params)) ** 2)

    compute(make_problem(loss, np.ones((EXAMPLES, SIZE), np.float32)), *names)
    assert len(traced) == calls


# --- Hutchinson


def test_hutchinson_is_exact_where_the_hessian_is_diagonal():
    diagonal = np.array([3.0, -1.0, 0.0, 0.5, 100.0, 1e-3, 2.0], np.float32)
    draw = jax.jit(lambda key: compute(quadratic(np.diag(diagonal)), "h", key=key)["h"])
    for seed in range(5):
        found = draw(jax.random.key(seed))
        np.testing.assert_allclose(ravel(found), diagonal, rtol=1e-6)
        assert jax.tree.structure(found) == jax.tree.structure(PARAMS)


def test_hutchinson_is_a_sign_vector_times_its_product_with_the_hessian():
    hessian = symmetric()
    found = ravel(compute(quadratic(hessian), "h")["h"])
    signs = np.array(np.meshgrid(*[[-1, 1]] * SIZE)).reshape(SIZE, -1).T
    distances = np.abs(signs * (signs @ hessian) - found).max(axis=1)
    assert np.count_nonzero(distances < 1e-4) == 2, "z and -z"


def test_the_mean_of_hutchinson_is_the_diagonal_of_the_hessian():
    hessian, draws = symmetric(), 4000
    problem, keys = quadratic(hessian), jax.random.split(jax.random.key(1), draws)
    found = np.asarray(jax.jit(jax.vmap(lambda key: flat(compute(problem, "h", key=key)["h"])))(keys))
    off = hessian - np.diag(np.diag(hessian))
    deviation = np.sqrt((off**2).sum(axis=1))
    np.testing.assert_allclose(found.std(axis=0), deviation, rtol=0.1)
    assert (np.abs(found.mean(axis=0) - np.diag(hessian)) < 5 * deviation / np.sqrt(draws)).all()


def test_hutchinson_is_about_the_steps_own_weights_and_batch():
    hessian = jax.jit(jax.hessian(logistic().loss))
    for moment in follow(logistic, ("h",), 3):
        exact = np.asarray(hessian(flat(moment["params"]), moment["batch"]))
        signs = np.array(np.meshgrid(*[[-1, 1]] * SIZE)).reshape(SIZE, -1).T
        distances = np.abs(signs * (signs @ exact) - ravel(moment["h"])).max(axis=1)
        assert distances.min() < 1e-5
        assert np.median(distances) > 1e-3


def test_signs_are_new_in_each_step_and_for_each_seed():
    problem = quadratic(symmetric())  # for which there are 64 different estimates
    draw = jax.jit(lambda step, key: flat(compute(problem, "h", step=step, key=key)["h"]))
    runs = [[ravel(draw(step, jax.random.key(seed))).tobytes() for step in range(6)] for seed in (0, 1, 0)]
    assert len(set(runs[0])) > 3
    assert runs[0] != runs[1]
    assert runs[0] == runs[2]


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (1, list(range(10))),
        (3, [0, 3, 6, 9]),
        (3.9, [0, 3, 6, 9]),
        (10, [0]),
        (1e30, [0]),
        (0, list(range(10))),
        (-4, list(range(10))),
    ],
)
@pytest.mark.parametrize("name", ["h", "h_gnb"])
def test_estimates_are_new_every_so_many_steps(name, every, steps):
    found = follow(normal_regression, (name,), 10, hessian_every=every)
    assert changes([moment[name] for moment in found]) == steps


# --- Gauss-Newton-Bartlett


@cache
def normal_regression() -> Problem:
    """A linear model with a squared error, of which labels can be drawn."""

    def predict(params: Any, batch: Any) -> jax.Array:
        return batch @ flat(params) ** 3

    return make_problem(
        lambda params, batch: jnp.mean((predict(params, batch) - batch[:, 0]) ** 2),
        draw_examples(),
        sampled_loss=lambda params, batch, key: (sampled_squared_error(predict(params, batch), key), len(batch)),
    )


@pytest.mark.parametrize("step", [0, 6])
def test_gauss_newton_is_what_numpy_says(step):
    problem = normal_regression()
    x, w = problem.train[:16].astype(np.float64), ravel(PARAMS).astype(np.float64)
    noise = np.sqrt(0.5) * np.asarray(jax.random.normal(jax.random.fold_in(KEY, step), (16,)), np.float64)
    jacobian = x * 3 * w**2
    gradient = -2 / 16 * noise @ jacobian
    found = compute(problem, "h_gnb", step=step)["h_gnb"]
    np.testing.assert_allclose(ravel(found), 16 * gradient**2, rtol=1e-4)
    assert jax.tree.structure(found) == jax.tree.structure(PARAMS)


def test_the_mean_of_gauss_newton_is_the_diagonal_of_the_gauss_newton_matrix():
    problem, keys = normal_regression(), jax.random.split(jax.random.key(1), 20_000)
    found = np.asarray(jax.jit(jax.vmap(lambda key: flat(compute(problem, "h_gnb", key=key)["h_gnb"])))(keys))
    jacobian = problem.train[:16] * 3 * ravel(PARAMS) ** 2
    np.testing.assert_allclose(found.mean(axis=0), 2 * (jacobian**2).mean(axis=0), rtol=5 * np.sqrt(2 / 20_000))


def test_gauss_newton_needs_a_task_that_can_draw_labels():
    with pytest.raises(
        TaskError, match="asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`"
    ):
        TrainingInputs(("h_gnb",), quadratic(symmetric()))
    TrainingInputs(tuple(name for name in TRAINED_INPUTS if name != "h_gnb"), quadratic(symmetric()))


# --- the gradient ahead


@pytest.mark.parametrize("rho", [0.0, 0.05, 2.0, -0.3])
def test_the_gradient_ahead_is_the_gradient_after_a_step_uphill(rho):
    hessian = symmetric().astype(np.float64)
    problem = quadratic(symmetric())
    mean, w = problem.train[:16].astype(np.float64).mean(axis=0), ravel(PARAMS).astype(np.float64)
    gradient = hessian @ (w - mean)
    ahead = w + rho * gradient / np.linalg.norm(gradient)
    found = compute(problem, "g_ahead", rho=rho)["g_ahead"]
    np.testing.assert_allclose(ravel(found), hessian @ (ahead - mean), rtol=1e-4, atol=1e-5)
    assert jax.tree.structure(found) == jax.tree.structure(PARAMS)


def test_the_gradient_ahead_of_a_flat_place_is_the_gradient_there():
    problem = make_problem(lambda params, batch: jnp.sum(flat(params) * 0.0), np.ones((4, SIZE), np.float32))
    found = compute(problem, "g_ahead", rho=5.0)["g_ahead"]
    np.testing.assert_array_equal(ravel(found), 0.0)


# --- a trained loss of its own, and a model with a state


def noisy(params: Any, batch: Any, key: jax.Array) -> jax.Array:
    """A quadratic of examples of which noise takes away some numbers, with that Hessian."""
    kept = jax.random.bernoulli(key, 0.5, (SIZE,))
    return 0.5 * jnp.sum(kept * jnp.mean((flat(params) - batch) ** 2, axis=0))


@cache
def noisy_quadratic() -> Problem:
    return make_problem(lambda params, batch: jnp.sum(flat(params) ** 2), draw_examples(), train_loss=noisy)


def scaled(params: Any, state: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
    """The same as often as the state says, which counts the batches."""
    return state["seen"] * noisy(params, batch, key), {"seen": state["seen"] + 1}


@cache
def counting_quadratic() -> Problem:
    return make_problem(
        lambda params, state, batch: jnp.sum(flat(params) ** 2),
        draw_examples(),
        train_loss=scaled,
        sampled_loss=lambda params, state, batch, key: (state["seen"] * jnp.sum(flat(params)), len(batch)),
        stateful=True,
    )


def one_step(problem: Problem, names: tuple[str, ...], step: int = 0, key: jax.Array = KEY, **settings: float) -> Any:
    """The gradient, the inputs and what is carried on, of a step on all examples; a state is 3 before it."""
    signals, params = TrainingInputs(names, problem), jax.tree.map(jnp.asarray, PARAMS)
    given = DEFAULTS | {"rho": np.float32(0)} | {name: np.float32(value) for name, value in settings.items()}
    carried = signals.start(params, {"seen": jnp.float32(3)} if problem.stateful else ())
    return signals.compute(carried, params, problem.train, problem.train, key, jnp.asarray(step), given)


@pytest.mark.parametrize(("make", "times"), [(noisy_quadratic, 1), (counting_quadratic, 3)])
def test_all_inputs_of_a_step_see_the_same_noise_and_state(make, times):
    """With no distance ahead, and the anchor here, all gradients are one; where a number is kept, the Hessian is 1."""
    for step in range(3):
        names = ("loss", "h", "g_ahead", "g_anchor", "g_full")
        gradients, extra, _ = one_step(make(), names, step, anchor_every=1)
        for name in ("g_ahead", "g_anchor", "g_full"):
            np.testing.assert_allclose(ravel(extra[name]), ravel(gradients), rtol=1e-5, err_msg=name)
        kept = ravel(gradients) != 0
        assert 0 < kept.sum() < SIZE
        np.testing.assert_allclose(ravel(extra["h"]), times * kept, rtol=1e-5)
        distances = ((ravel(PARAMS) - make().train) ** 2).mean(axis=0)
        assert float(extra["loss"]) == pytest.approx(times * 0.5 * distances[kept].sum(), rel=1e-5)


def test_noise_is_new_in_each_step_and_for_each_seed_and_the_same_for_all_programs():
    def draw(step: int, seed: int, names: tuple[str, ...]) -> bytes:
        gradients, _, _ = one_step(noisy_quadratic(), names, step, jax.random.key(seed))
        return (ravel(gradients) != 0).tobytes()

    runs = [[draw(step, seed, ()) for step in range(6)] for seed in (0, 1)]
    assert len(set(runs[0])) > 3
    assert runs[0] != runs[1]
    assert [draw(step, 0, ("h", "loss")) for step in range(6)] == runs[0]


def test_noise_is_apart_from_the_random_numbers_of_inputs():
    keys = make_problem(
        lambda params, batch: jnp.sum(flat(params) ** 2),
        draw_examples(),
        train_loss=lambda params, batch, key: flat(params) @ jax.random.uniform(key, (SIZE,)),
        sampled_loss=lambda params, batch, key: (flat(params) @ jnp.sqrt(jax.random.uniform(key, (SIZE,))), 1),
    )
    gradients, signals = zip(*(one_step(keys, ("h_gnb",), step)[:2] for step in range(3)), strict=True)
    drawn = [ravel(gradient).tobytes() for gradient in gradients]
    others = [ravel(extra["h_gnb"]) for extra in signals]
    assert len({*drawn}) == len({other.tobytes() for other in others}) == 3
    for gradient in gradients:
        assert not any(np.allclose(ravel(gradient), other, rtol=1e-3) for other in others)


def test_the_state_is_carried_on_from_the_gradient_alone():
    for names in ((), ("loss", "h", "h_gnb", "g_ahead", "g_anchor", "g_full")):
        _, extra, carried = one_step(counting_quadratic(), names)
        assert float(carried.model["seen"]) == 4
        if names:
            np.testing.assert_allclose(ravel(extra["h_gnb"]), EXAMPLES * 9.0, rtol=1e-6)


# --- the anchor


@pytest.mark.parametrize(("examples", "batch"), every(2, [(50, 16), (48, 16), (50, 50), (7, 6), (33, 1), (50, 49)]))
def test_the_full_gradient_is_that_of_the_mean_loss_over_all_training_examples(examples, batch):
    problem = replace(logistic(), train=draw_examples(examples))
    found = compute(problem, "g_full", batch=slice(0, batch))["g_full"]
    np.testing.assert_allclose(ravel(found), ravel(jax.grad(problem.loss)(PARAMS, problem.train)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("every", "anchors"), [(1, list(range(7))), (3, [0, 0, 0, 3, 3, 3, 6]), (100, [0] * 7), (0.5, list(range(7)))]
)
def test_the_anchor_is_where_the_weights_were(every, anchors):
    problem, gradient = logistic(), jax.jit(jax.grad(logistic().loss))
    found = follow(logistic, ("g_anchor", "g_full"), 7, anchor_every=every)
    for moment, anchor in zip(found, anchors, strict=True):
        params = found[anchor]["params"]
        expected = gradient(params, moment["batch"]), gradient(params, problem.train)
        for one, two in zip((moment["g_anchor"], moment["g_full"]), expected, strict=True):
            np.testing.assert_allclose(ravel(one), ravel(two), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["g_anchor", "g_full"])
def test_one_of_the_anchors_gradients_can_be_had_alone(name):
    both = follow(logistic, ("g_anchor", "g_full"), 5, anchor_every=2)
    for moment, expected in zip(follow(logistic, (name,), 5, anchor_every=2), both, strict=True):
        np.testing.assert_allclose(ravel(moment[name]), ravel(expected[name]), rtol=1e-5, atol=1e-7)


# --- in training


ALL_INPUTS = check_program(
    "def train(w, g, m, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full):\n"
    " m = interp(g - g_anchor + g_full + g_ahead, m, 0.5)\n"
    " return m * lr * 0.01 / (1 + abs(h) + h_gnb + loss), m"
)


class Training:
    """12 steps that read every input, compiled once."""

    def __init__(self) -> None:
        self.problem = normal_regression()
        measured = replace(self.problem, metrics=lambda params, batch: {"weights": flat(params)})
        self._train = jax.jit(build_trainer(measured, CompiledRule(ALL_INPUTS), TRAINED_INPUTS))

    def __call__(self, *, seed: int = 0, data: Any = None, probe: Any = None, final: Any = None, **settings: float):
        """Return the final weights."""
        batches = np.random.default_rng(1).integers(0, EXAMPLES, (3, 4, 16)).astype(np.int32)
        course = Course(jax.tree.map(jnp.asarray, PARAMS), jnp.asarray(batches), jax.random.key(seed))
        inputs = (jnp.ones((3, 4)), jnp.arange(1.0, 13.0).reshape(3, 4))
        given = DEFAULTS | {name: np.float32(value) for name, value in settings.items()}
        splits = [self.problem.train if split is None else split for split in (data, probe, final)]
        outcome = self._train(None, given, course, inputs, *splits, jnp.full(3, jnp.inf))
        return np.asarray(outcome.metrics["weights"])


@pytest.fixture(scope="module")
def training() -> Training:
    return Training()


def test_no_input_depends_on_the_examples_that_losses_are_measured_on(training):
    weights, others = training(), draw_examples(seed=2)
    np.testing.assert_array_equal(training(probe=3 * others + 1, final=others - 4), weights)
    assert np.isfinite(weights).all()
    assert not np.array_equal(training(data=1.01 * training.problem.train), weights)


@pytest.mark.parametrize("change", [{"hessian_every": 5}, {"rho": 1.0}, {"anchor_every": 4}, {"seed": 1}])
def test_settings_and_seed_reach_the_inputs(training, change):
    np.testing.assert_array_equal(training(), training())
    assert not np.array_equal(training(**change), training())


def test_steps_are_counted_through_the_chunks(training):
    """Chunks of 4 steps: an anchor every 12 steps is set once, an anchor every 4 steps in each chunk."""
    np.testing.assert_array_equal(training(anchor_every=12), training(anchor_every=1000))
    assert not np.array_equal(training(anchor_every=4), training(anchor_every=1000))
