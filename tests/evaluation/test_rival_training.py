import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.errors import SettingError
from lionsearch.evaluation.rival_training import OracleInputs, RivalRule, RivalTrainer
from lionsearch.evaluation.training import Course, build_trainer
from lionsearch.rivals.rival import Costs
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.tasks.problem import Problem

X = np.arange(12, dtype=np.float32).reshape(6, 2) / 10
PROBLEM = Problem(
    init=lambda key: {"w": jnp.array([1.0, -2.0])},
    loss=lambda params, x: jnp.mean((x @ params["w"]) ** 2),
    train=jnp.asarray(X),
    validation=X,
    test=X,
)
CHUNKS, STEPS = 2, 3


class Watching:
    """Goes down the gradient, and keeps what the oracle has shown."""

    def init(self, weights, count):
        return {"seen": jnp.zeros((6,)), "count": jnp.int32(count)}

    def step(self, oracle, state):
        rows = X[np.asarray([0, 1])]
        told = jnp.array(
            [
                oracle.step,
                oracle.lr,
                oracle.weight_decay,
                oracle.loss - oracle.loss_at(oracle.weights),
                jnp.sum(oracle.batch - jnp.asarray(X)[oracle.examples]),
                oracle.loss_at(oracle.weights, rows),
            ]
        )
        moved = jax.tree.map(lambda w, g: w - oracle.lr * g, oracle.weights, oracle.gradient)
        return moved, {**state, "seen": told}, Costs(losses=2.0, products=jnp.float32(0.5))


def run(rival, rates, decay=0.25, problem=PROBLEM):
    rule = RivalRule(rival, 6)
    trainer = build_trainer(problem, rule, given=OracleInputs(problem))
    batches = jnp.asarray(np.arange(CHUNKS * STEPS * 2).reshape(CHUNKS, STEPS, 2) % 6, jnp.int32)
    course = Course(problem.init(jax.random.key(0)), batches, jax.random.key(1))
    limits = jnp.full(CHUNKS, jnp.inf)
    return trainer(jnp.float32(decay), {}, course, (rates, batches), problem.train, X, X, limits)


def test_a_rival_trains_on_the_tasks_batches_with_the_tasks_rates():
    rates = jnp.linspace(0.1, 0.6, CHUNKS * STEPS).reshape(CHUNKS, STEPS)
    w = np.array([1.0, -2.0])
    for step, rate in enumerate(np.asarray(rates).ravel()):
        x = X[[(2 * step) % 6, (2 * step + 1) % 6]]
        w = w - rate * 2 * x.T @ (x @ w) / 2
    outcome = run(Watching(), rates)
    assert float(outcome.loss) == pytest.approx(np.mean((X @ w) ** 2), rel=1e-4)
    assert [float(each) for each in outcome.costs] == [6.0, 12.0, 3.0]  # the batch's gradient is counted by itself


def test_the_oracle_shows_the_step():
    seen = []

    class Telling(Watching):
        def step(self, oracle, state):
            moved, state, costs = super().step(oracle, state)
            jax.debug.callback(lambda told: seen.append(np.asarray(told)), state["seen"])
            return moved, state, costs

    run(Telling(), jnp.full((CHUNKS, STEPS), 0.1))
    jax.effects_barrier()
    told = np.array(sorted(seen, key=lambda each: each[0]))
    np.testing.assert_allclose(told[:, 0], np.arange(CHUNKS * STEPS))
    np.testing.assert_allclose(told[:, 1], 0.1, rtol=1e-6)
    np.testing.assert_allclose(told[:, 2], 0.25)
    np.testing.assert_allclose(told[:, 3:5], 0.0, atol=1e-6)
    assert told[0, 5] == pytest.approx(float(np.mean((X[:2] @ np.array([1.0, -2.0])) ** 2)), rel=1e-5)


def test_dropout_is_the_same_within_a_step_and_another_in_the_next():
    def noisy(params, batch, key):
        return jnp.mean((batch @ params["w"]) ** 2) + jax.random.normal(key)

    losses = []

    class Asking:
        def init(self, weights, count):
            return ()

        def step(self, oracle, state):
            jax.debug.callback(lambda *each: losses.append(each), oracle.loss, oracle.loss_at(oracle.weights))
            return oracle.weights, state, Costs()

    run(Asking(), jnp.full((CHUNKS, STEPS), 0.1), problem=replace(PROBLEM, train_loss=noisy))
    jax.effects_barrier()
    first, again = np.array(losses, float).T
    np.testing.assert_allclose(first, again, rtol=1e-5)
    assert len({round(float(each), 4) for each in first}) == CHUNKS * STEPS


def test_the_loss_that_is_measured_is_another_than_the_one_that_is_trained_on():
    def twice(params, batch, key):
        return 2 * jnp.mean((batch @ params["w"]) ** 2)

    asked = []

    class Asking:
        def init(self, weights, count):
            return ()

        def step(self, oracle, state):
            slope = oracle.gradient_at(oracle.weights)["w"]
            told = oracle.loss, oracle.measured_at(oracle.weights), slope - oracle.gradient["w"]
            jax.debug.callback(lambda *each: asked.append(each), *told)
            return oracle.weights, state, Costs()

    run(Asking(), jnp.full((CHUNKS, STEPS), 0.1), problem=replace(PROBLEM, train_loss=twice))
    jax.effects_barrier()
    assert len(asked) == CHUNKS * STEPS
    for loss, measured, difference in asked:
        assert float(loss) == pytest.approx(2 * float(measured), rel=1e-5)
        np.testing.assert_allclose(difference, 0.0, atol=1e-5)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("return o.nothing", r"AttributeError.*raising_step\.py:4"),
        ("return np.sqrt(o.lr), s", r"TracerArray.*raising_step\.py:4\); .*NumPy cannot"),
        ("return (o.weights if o.loss > 0 else 0), s", r"TracerBool.*raising_step\.py:4\); .*`jnp\.where` chooses"),
    ],
)
def test_what_a_step_raises_names_the_rival(does, said, tmp_path, monkeypatch):
    methods = f" def init(self, w, n): return ()\n def step(self, o, s): {does}"
    text = f"import numpy as np\nclass R:\n{methods}\ndef make(): return R()\n"
    (tmp_path / "raising_step.py").write_text(text)
    monkeypatch.delitem(sys.modules, "raising_step", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    spec = RivalSpec("raising_step:make", "raising_step", "make", lr_scale=1.0)
    trainer = RivalTrainer(PROBLEM, spec)
    batches = jnp.zeros((CHUNKS, STEPS, 2), jnp.int32)
    course = Course(PROBLEM.init(jax.random.key(0)), batches, jax.random.key(1))
    with pytest.raises(SettingError, match=f"raising_step:make: its step failed: {said}"):
        trainer.train(spec, course, np.ones(CHUNKS * STEPS, np.float32), (X, X, X), np.full(CHUNKS, np.inf))


def test_state_is_counted_without_costs():
    spec = RivalSpec("optax:adam", "optax", "adam", lr_scale=0.001)
    assert RivalTrainer(PROBLEM, spec).state({"w": jnp.zeros(100)}) == pytest.approx(2.01)
