from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lionsearch.catalog import load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.tasks import Problem
from lionsearch.tasks.adapters import equinox_problem, flax_problem
from lionsearch.tasks.spec import TaskSpec, load_problem
from lionsearch.tasks.validation import count_parameters, validate_batch, validate_problem

LIMITS = Limits(max_length=24, max_slots=4)
KEY = jax.random.key(3)


def draw_split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """64 examples of 6 numbers with means far from 0, and one of 3 classes each."""
    x = np.random.default_rng(seed).normal(1.0, 2.0, (64, 6)).astype(np.float32)
    return x, np.argmax(x[:, :3], axis=1).astype(np.int32)


SPLITS = tuple(map(draw_split, range(3)))


def cross_entropy(outputs: Any, batch: Any) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()


def accuracy(outputs: Any, batch: Any) -> dict[str, jax.Array]:
    return {"accuracy": jnp.mean(jnp.argmax(outputs, axis=1) == batch[1])}


class Normalized(nn.Module):
    """BatchNorm and dropout; a bias before them would have no gradient but rounding, of which Adam makes a walk."""

    dropout: float = 0.3

    @nn.compact
    def __call__(self, x: Any, train: bool) -> Any:
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(nn.Dense(8, use_bias=False)(x))
        x = nn.Dropout(self.dropout, deterministic=not train)(nn.relu(x))
        return nn.Dense(3)(x)


def flax_normalized(dropout: float = 0.3) -> Problem:
    return flax_problem(Normalized(dropout), cross_entropy, *SPLITS, metrics=accuracy)


class EquinoxNet(eqx.Module):
    """The same of equinox, with an array of integers, which is not trained."""

    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    drop: eqx.nn.Dropout
    last: eqx.nn.Linear
    order: jax.Array

    def __init__(self, key: jax.Array):
        one, two = jax.random.split(key)
        self.first, self.last = eqx.nn.Linear(6, 8, use_bias=False, key=one), eqx.nn.Linear(8, 3, key=two)
        self.norm, self.drop = eqx.nn.BatchNorm(8, "batch", mode="batch"), eqx.nn.Dropout(0.3)
        self.order = jnp.arange(6)

    def __call__(self, x: Any, state: Any, *, key: Any = None) -> Any:
        x, state = self.norm(self.first(x[self.order]), state)
        return self.last(self.drop(jax.nn.relu(x), key=key)), state


def equinox_normalized() -> Problem:
    return equinox_problem(eqx.nn.make_with_state(EquinoxNet), cross_entropy, *SPLITS, metrics=accuracy)


BOTH = pytest.mark.parametrize("make", [flax_normalized, equinox_normalized])


def make_spec(factory: str, **changes: Any) -> TaskSpec:
    settings = {"steps": 40, "batch": 16, "warmup": 4, "chunks": 4, "learning_rate": 0.01, "weight_decay": 0.01}
    return TaskSpec(name="adapted", factory=f"test_adapters:{factory}", **{**settings, **changes})


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))


# --- the problem


@BOTH
def test_a_module_with_a_state_and_dropout_is_a_problem(make):
    problem = make()
    validate_problem(problem)
    validate_batch(problem, 16)
    assert problem.stateful
    assert count_parameters(problem) == 6 * 8 + 2 * 8 + (8 + 1) * 3


@BOTH
def test_what_is_trained_has_dropout_and_the_batchs_statistics_and_what_is_measured_has_not(make):
    problem = make()
    params, state = jax.jit(problem.init)(KEY)
    trained, loss = jax.jit(problem.train_loss), jax.jit(problem.loss)
    losses = [float(trained(params, state, problem.train, jax.random.key(seed))[0]) for seed in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]
    for _ in range(30):
        _, state = trained(params, state, problem.train, KEY)
    one_by_one = [
        float(loss(params, state, jax.tree.map(lambda leaf, at=at: leaf[at : at + 1], problem.validation)))
        for at in range(4)
    ]
    few = jax.tree.map(lambda leaf: leaf[:4], problem.validation)
    assert float(loss(params, state, few)) == pytest.approx(np.mean(one_by_one), rel=1e-5)
    assert float(jax.jit(problem.metrics)(params, state, few)["accuracy"]) in (0.0, 0.25, 0.5, 0.75, 1.0)


@BOTH
def test_each_seed_has_its_own_initial_weights(make):
    init = jax.jit(make().init)
    one, two, again = (jax.tree.leaves(init(jax.random.key(seed))[0]) for seed in (0, 1, 0))
    assert any(not np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))


@BOTH
def test_labels_are_drawn_from_the_outputs_of_measuring(make):
    seen = []

    def sampled(outputs: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        seen.append(outputs)
        return jax.random.normal(key) * jnp.sum(outputs), len(batch[1])

    plain = make()
    built = (
        flax_problem(Normalized(), cross_entropy, *SPLITS, sampled_loss=sampled)
        if make is flax_normalized
        else equinox_problem(eqx.nn.make_with_state(EquinoxNet), cross_entropy, *SPLITS, sampled_loss=sampled)
    )
    params, state = built.init(KEY)
    loss, count = built.sampled_loss(params, state, built.train, KEY)
    assert count == 64
    assert float(loss) == pytest.approx(float(jax.random.normal(KEY) * jnp.sum(seen[0])), rel=1e-5)
    assert float(cross_entropy(seen[0], built.train)) == pytest.approx(float(plain.loss(params, state, plain.train)))


# --- training


def flax_with_its_mean(dropout: float = 0.0) -> Problem:
    """The running mean as metrics."""

    def metrics(params: Any, state: Any, batch: Any) -> dict[str, jax.Array]:
        mean = state["batch_stats"]["BatchNorm_0"]["mean"]
        return {f"mean{i}": mean[i] for i in range(8)}

    return replace(flax_normalized(dropout), metrics=metrics)


@pytest.mark.thorough
def test_a_flax_module_trains_as_in_a_loop_of_flax_and_optax():
    spec = make_spec("flax_with_its_mean")
    runner = TaskRunner(spec, LIMITS)
    result = runner.trainer.compile(load_program("adamw_debiased"), 0, "validation", runner.trainer.never)()
    module, (x, label) = Normalized(dropout=0.0), SPLITS[0]
    variables = module.init(jax.random.key(0), x[:1], train=False)
    params, statistics = variables["params"], variables["batch_stats"]
    schedule = jnp.asarray(spec.schedule() * 0.001)
    optimizer = optax.adamw(lambda step: schedule[step], weight_decay=0.01)
    state = optimizer.init(params)

    @jax.jit
    def step(params: Any, statistics: Any, state: Any, examples: Any) -> Any:
        def loss(params: Any) -> Any:
            given = {"params": params, "batch_stats": statistics}
            logits, new = module.apply(given, jnp.asarray(x)[examples], train=True, mutable=["batch_stats"])
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.asarray(label)[examples])
            return losses.mean(), new["batch_stats"]

        gradients, statistics = jax.grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, updates), statistics, state

    rng = np.random.default_rng([0, 1])
    for examples in np.concatenate([rng.permutation(64) for _ in range(10)]).reshape(-1, 16):
        params, statistics, state = step(params, statistics, state, examples)
    logits = module.apply({"params": params, "batch_stats": statistics}, SPLITS[1][0], train=False)
    expected = optax.softmax_cross_entropy_with_integer_labels(logits, SPLITS[1][1]).mean()
    assert float(result.loss) == pytest.approx(float(expected), rel=1e-4)
    mean = np.asarray(statistics["BatchNorm_0"]["mean"])
    np.testing.assert_allclose([result.metrics[f"mean{i}"] for i in range(8)], mean, rtol=1e-4, atol=1e-5)
    assert np.abs(mean).max() > 0.5


@pytest.mark.parametrize("factory", ["flax_normalized", "equinox_normalized"])
@pytest.mark.thorough
def test_tuned_adamw_scores_zero_by_its_own_reference(factory):
    runner = TaskRunner(make_spec(factory), LIMITS)
    adamw = load_program("adamw").with_hyperparameters({"weight_decay": 0.01})
    result, reference = runner.evaluate(adamw, Seeds((0,), early_exit=True)), runner.reference(0, "validation")
    assert (result.failure, result.score) == (None, 0.0)
    assert reference.loss < 0.8 * reference.chance
    assert dict(result.metrics)["accuracy"] > 0.5


# --- flax


class Argument(nn.Module):
    """Says in its outputs what it was told."""

    @nn.compact
    def __call__(self, x: Any, **told: bool) -> Any:
        return nn.Dense(1)(x) * 0 + sum(10**i * value for i, value in enumerate(told.values()))


class Train(Argument):
    def __call__(self, x: Any, train: bool = False) -> Any:
        return super().__call__(x, train=train)


class Training(Argument):
    def __call__(self, x: Any, *, training: bool) -> Any:
        return super().__call__(x, training=training)


class Deterministic(Argument):
    def __call__(self, x: Any, deterministic: bool | None = None) -> Any:
        return super().__call__(x, no=deterministic is False)


def total(outputs: Any, batch: Any) -> jax.Array:
    return jnp.mean(outputs)


@pytest.mark.parametrize(
    ("module", "trained"), [(Train(), 1.0), (Training(), 1.0), (Deterministic(), 1.0), (Argument(), 0.0)]
)
def test_a_flax_module_is_told_by_the_name_of_its_argument(module, trained):
    problem = flax_problem(module, total, *SPLITS)
    params, state = problem.init(KEY)
    loss, after = problem.train_loss(params, state, problem.train, KEY)
    assert (float(loss), float(problem.loss(params, state, problem.train))) == (trained, 0.0)
    assert state == after == {}


class Jittered(nn.Module):
    """Draws random numbers of its own name, and keeps a count in a collection of its own."""

    @nn.compact
    def __call__(self, x: Any, train: bool) -> Any:
        count = self.variable("counts", "batches", lambda: jnp.int32(0))
        if train:
            count.value += 1
            x = x + jax.random.normal(self.make_rng("jitter"), x.shape)
        return nn.Dense(1)(x)


def test_random_numbers_and_collections_may_have_any_name():
    problem = flax_problem(Jittered(), total, *SPLITS, rngs=("dropout", "jitter"))
    validate_problem(problem)
    params, state = problem.init(KEY)
    one, after = problem.train_loss(params, state, problem.train, KEY)
    two, _ = problem.train_loss(params, state, problem.train, jax.random.key(4))
    assert float(one) != float(two)
    assert (int(state["counts"]["batches"]), int(after["counts"]["batches"])) == (0, 1)
    with pytest.raises(TaskError, match=r"train_loss\(params, state, batch, key\) failed: InvalidRngError: .*jitter"):
        validate_problem(flax_problem(Jittered(), total, *SPLITS))


# --- equinox


class Permuted(eqx.Module):
    """A layer without a state, behind a permutation of the seed's own, with functions that differ from call to call."""

    layer: eqx.nn.Linear
    order: jax.Array
    function: Any
    scale: Any = eqx.field(static=True)

    def __init__(self, key: jax.Array):
        self.layer, self.order = eqx.nn.Linear(6, 3, key=key), jax.random.permutation(key, 6)
        self.function, self.scale = (lambda x: x + 1), (lambda x: 2 * x)

    def __call__(self, x: Any) -> Any:
        return self.scale(self.function(self.layer(x[self.order])))


def test_arrays_that_are_no_floats_are_the_seeds_own_and_stay_what_they_are():
    problem = equinox_problem(Permuted, cross_entropy, *SPLITS)
    validate_problem(problem)
    assert count_parameters(problem) == 7 * 3
    for seed in (0, 1):
        key = jax.random.key(seed)
        params, state = jax.jit(problem.init)(key)
        module = Permuted(key)
        expected = cross_entropy(jax.vmap(module)(problem.train[0]), problem.train)
        loss, after = jax.jit(problem.train_loss)(params, state, problem.train, KEY)
        assert float(loss) == pytest.approx(float(expected), rel=1e-5)
        for tree in (state, after):
            np.testing.assert_array_equal(jax.tree.leaves(tree)[0], module.order)


class Drawing(eqx.Module):
    """Wants a key whether it is trained or measured."""

    layer: eqx.nn.Linear

    def __call__(self, x: Any, key: Any) -> Any:
        return self.layer(x) + jax.random.normal(key)


def test_each_example_has_a_key_of_its_own_and_a_key_without_default_is_always_given():
    problem = equinox_problem(lambda key: Drawing(eqx.nn.Linear(6, 1, key=key)), spread, *SPLITS)
    params, state = jax.tree.map(jnp.zeros_like, problem.init(KEY))
    one, two = (float(problem.train_loss(params, state, problem.train, jax.random.key(s))[0]) for s in (0, 1))
    assert one != two
    assert min(one, two) > 0.5
    measured = [float(problem.loss(params, state, problem.train)) for _ in range(2)]
    assert measured[0] == measured[1] > 0.5


def spread(outputs: Any, batch: Any) -> jax.Array:
    return jnp.std(outputs)


# --- what cannot be used


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: flax_problem(Normalized, total, *SPLITS),
            "flax_problem takes a flax.linen module, such as Net().*class",
        ),
        (lambda: flax_problem(len, total, *SPLITS), "flax_problem takes .*; found a builtin_function_or_method"),
        (
            lambda: flax_problem(Normalized(), total, {"x": SPLITS[0][0]}, None, None),
            r"flax_problem: a batch is a dict of 'x'; say what of it goes into the module, such as inputs=lambda batch",
        ),
        (
            lambda: equinox_problem(lambda key: jnp.ones(2), total, *SPLITS),
            r"make\(key\) must return an equinox module",
        ),
        (
            lambda: equinox_problem(lambda key: (EquinoxNet(key), 3), total, *SPLITS),
            "found a pair of a module and a int",
        ),
        (
            lambda: equinox_problem(EquinoxNet, total, *SPLITS),
            r"EquinoxNet has a state, and make\(key\) must return .*make_with_state; found the module alone",
        ),
    ],
)
def test_what_cannot_be_used_is_named(make, message):
    with pytest.raises(TaskError, match=message):
        make()


@pytest.mark.parametrize(("inputs", "splits"), [(lambda batch: batch["x"], "dict"), (None, "array"), (None, "list")])
def test_what_goes_into_the_module(inputs, splits):
    chosen = {
        "dict": [{"y": y, "x": x} for x, y in SPLITS],
        "array": [x for x, _ in SPLITS],
        "list": [[x, y] for x, y in SPLITS],
    }[splits]
    make = lambda key: eqx.nn.MLP(6, 3, 4, 1, key=key)  # noqa: E731
    for problem in (
        flax_problem(nn.Dense(3), total, *chosen, inputs=inputs),
        equinox_problem(make, total, *chosen, inputs=inputs),
    ):
        validate_problem(problem)


@pytest.mark.parametrize(("package", "module"), [("flax", "flax.linen"), ("equinox", "equinox")])
def test_a_library_that_is_missing_is_named_with_how_to_get_it(monkeypatch, package, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        TaskError, match=f"{package}_problem needs {package}, which is not installed; .* pip install {package}"
    ):
        getattr(sys.modules["lionsearch.tasks.adapters"], f"{package}_problem")(None, total, *SPLITS)


def test_neither_library_is_imported_with_ours():
    code = "import sys, lionsearch.cli, lionsearch.tasks.adapters; print({'flax', 'equinox'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- what the user's code raises

USERS = """
import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from lionsearch.tasks.adapters import equinox_problem, flax_problem

DATA = np.ones((16, 6), np.float32), np.ones((16, 3), np.float32)

def loss(outputs, batch):
    return jnp.mean((outputs - batch[1]) ** 2)

class Net(nn.Module):
    wrong: str
    @nn.compact
    def __call__(self, x, train):
        x = nn.Dense(8)(x)
        if train and self.wrong == "shapes":
            return x @ jnp.ones((3, 3))
        if self.wrong == "layer":
            x = nn.Dense(8, kernel_init=lambda *given: jnp.ones(3))(x)
        if self.wrong == "raises":
            raise ValueError("as told")
        if train and self.wrong == "random":
            x = x + jax.random.normal(self.make_rng("other"), x.shape)
        return nn.Dense(3)(x)

class Eqx(eqx.Module):
    layer: eqx.nn.Linear
    def __call__(self, x, key=None):
        if key is not None:
            x = jnp.concatenate([x, x])
        return self.layer(x)

def of_flax(wrong):
    return flax_problem(Net(wrong), loss, DATA, DATA, DATA)

def of_equinox():
    return equinox_problem(lambda key: Eqx(eqx.nn.Linear(6, 3, key=key)), loss, DATA, DATA, DATA)

def of_loss():
    return flax_problem(nn.Dense(4), loss, DATA, DATA, DATA)
"""


@pytest.mark.parametrize(
    ("factory", "options", "part", "line"),
    [
        ("of_flax", {"wrong": "shapes"}, "train_loss(params, state, batch, key)", "return x @ jnp.ones((3, 3))"),
        ("of_flax", {"wrong": "layer"}, "init(key)", "x = nn.Dense(8, kernel_init=lambda *given: jnp.ones(3))(x)"),
        ("of_flax", {"wrong": "raises"}, "init(key)", 'raise ValueError("as told")'),
        ("of_flax", {"wrong": "random"}, "train_loss(params, state, batch, key)", 'self.make_rng("other")'),
        ("of_equinox", {}, "train_loss(params, state, batch, key)", "return self.layer(x)"),
        ("of_loss", {}, "loss(params, state, batch)", "return jnp.mean((outputs - batch[1]) ** 2)"),
    ],
)
def test_an_error_names_the_users_line(tmp_path, monkeypatch, factory, options, part, line):
    (tmp_path / "users.py").write_text(USERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "users", raising=False)
    (number,) = (at for at, text in enumerate(USERS.splitlines(), 1) if line in text)
    spec = make_spec("x").model_copy(update={"factory": f"users:{factory}", "options": options})
    with pytest.raises(TaskError) as raised:
        load_problem(spec)
    assert str(raised.value).startswith(f"adapted: {part} failed: ")
    assert str(raised.value).endswith(f" ({tmp_path}/users.py:{number})")
