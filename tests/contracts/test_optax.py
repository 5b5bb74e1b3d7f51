"""What the users of optax do with an optimizer, asked of every exported program."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from contracts.keeping import Contract, NotPossible, cases, keep, label
from contracts.rates import PARABOLA_RATES, ROSENBROCK_RATES, rate_of
from contracts.subjects import SUBJECTS, asks_for, target, without_decay
from jax.flatten_util import ravel_pytree

from lionsearch import optax_factory, to_optax

PARAMS = {"bias": jnp.array([0.5, -2.0]), "kernel": jnp.linspace(-1.0, 1.0, 6).reshape(3, 2)}
SCHEDULE = optax.linear_schedule(0.1, 0.05, 3)
_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
"""For what is compiled to be quick in this file: what it computes is small."""


def _make(subject: str, rate: Any = 0.1, **settings: Any):
    return to_optax(target(subject), rate, **settings)


def _inputs(subject: str, gradients: Any) -> dict[str, Any]:
    """Return something for all that a program asks for."""
    given = {name: jax.tree.map(lambda g: 0.9 * g, gradients) for name in ("g_ahead", "g_anchor", "g_full")}
    given |= {name: jax.tree.map(lambda g: g * g + 0.1, gradients) for name in ("h", "h_gnb")}
    given["value"] = 1.5
    return {name: given[name] for name in asks_for(subject)}


def _gradients(params: Any, moment: int) -> Any:
    return jax.tree.map(lambda w: jnp.cos(3 * w + moment).astype(w.dtype), params)


def _step(transform: Any, subject: str, params: Any, state: Any, moment: int = 0, **more: Any) -> Any:
    gradients = _gradients(params, moment)
    updates, state = transform.update(gradients, state, params, **_inputs(subject, gradients), **more)
    return optax.apply_updates(params, updates), state


def _train(transform: Any, subject: str, params: Any = PARAMS, moments: tuple[int, ...] = (0, 1), **more: Any) -> Any:
    state = transform.init(params)
    for moment in moments:
        params, state = _step(transform, subject, params, state, moment, **more)
    return params


def _assert_close(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance), found, expected)


def unknown_arguments_are_taken(subject: str) -> None:
    """Arguments of `update` that other transformations of a chain may want."""
    transform = _make(subject)
    _assert_close(_train(transform, subject, unknown=3), _train(transform, subject), 0)


def an_empty_tree_is_left_alone(subject: str) -> None:
    """A tree without leaves has updates without leaves."""
    transform = _make(subject)
    assert _train(transform, subject, {"nothing": {}}) == {"nothing": {}}


def leaves_that_are_none_are_left_alone(subject: str) -> None:
    """None is how frozen parameters are said."""
    transform = _make(subject)
    found = _train(transform, subject, {**PARAMS, "frozen": None})
    _assert_close(found, {**_train(transform, subject), "frozen": None}, 0)


def it_can_be_flattened(subject: str) -> None:
    """All parameters as one vector."""
    transform = _make(subject)
    vector, restore = ravel_pytree(PARAMS)
    _assert_close(_train(optax.flatten(transform), subject), restore(_train(transform, subject, vector)))


def it_can_be_masked(subject: str) -> None:
    """What is masked out counts for nothing."""
    transform = _make(subject)
    masked = optax.masked(transform, {"bias": False, "kernel": True}, mask_compatible_extra_args=True)
    alone = _train(transform, subject, {"kernel": PARAMS["kernel"]})
    _assert_close(_train(masked, subject)["kernel"], alone["kernel"])


def it_can_be_one_of_several_transforms(subject: str) -> None:
    """Each transform is for its own parameters."""
    parts = {"small": _make(subject, 0.01), "large": _make(subject)}
    labels = {"bias": "small", "kernel": "large"}
    found = _train(optax.multi_transform(parts, labels, mask_compatible_extra_args=True), subject)
    for name, part in labels.items():
        _assert_close(found[name], _train(parts[part], subject, {name: PARAMS[name]})[name])


def it_can_be_chained(subject: str) -> None:
    """A chain gives each what the one before returns."""
    found = _train(optax.chain(_make(subject), optax.scale(2.0)), subject, moments=(0,))
    once = _train(_make(subject), subject, moments=(0,))
    _assert_close(found, jax.tree.map(lambda x, w: w + 2 * (x - w), once, PARAMS))


def hyperparameters_can_be_injected(subject: str) -> None:
    """They live in the state, where they can be scheduled and changed."""
    make = optax_factory(target(subject))
    injected = optax.inject_hyperparams(make)(learning_rate=SCHEDULE)
    _assert_close(_train(injected, subject), _train(make(SCHEDULE), subject), 1e-4)
    changed = optax.inject_hyperparams(make)(learning_rate=0.5)
    state = changed.init(PARAMS)
    state.hyperparams["learning_rate"] = jnp.asarray(0.1)
    _assert_close(_step(changed, subject, PARAMS, state)[0], _train(_make(subject), subject, moments=(0,)), 1e-4)


def a_state_can_be_mapped(subject: str) -> None:
    """A state is a tree whose leaves are arrays, and knows which of them are of parameters."""
    transform = _make(subject)
    params, state = _step(transform, subject, PARAMS, transform.init(PARAMS))
    copied = jax.tree.map(np.array, state)
    assert type(copied) is type(state)
    expected = _step(transform, subject, params, state, 1)
    _assert_close(_step(transform, subject, params, copied, 1), expected, 0)
    mapped = optax.tree_utils.tree_map_params(transform, lambda leaf: leaf, state)
    _assert_close(_step(transform, subject, params, mapped, 1), expected, 0)
    assert int(optax.tree_utils.tree_get(expected[1], "count")) == 2


def what_is_not_finite_is_skipped(subject: str) -> None:
    """optax.apply_if_finite leaves parameters and state as they were."""
    transform = optax.apply_if_finite(_make(subject), max_consecutive_errors=5)
    broken, before = jax.tree.map(lambda w: w * jnp.nan, PARAMS), transform.init(PARAMS)
    updates, after = _jit(transform.update)(broken, before, PARAMS, **_inputs(subject, broken))
    _assert_close(updates, jax.tree.map(jnp.zeros_like, PARAMS), 0)
    _assert_close(after.inner_state, before.inner_state, 0)


def gradients_can_accumulate(subject: str) -> None:
    """optax.MultiSteps makes one step of several gradients."""
    several = optax.MultiSteps(_make(subject), every_k_schedule=2)
    step = _jit(functools.partial(_step, several, subject))
    params, state = PARAMS, several.init(PARAMS)
    for moment in (0, 0, 1, 1):
        params, state = step(params, state, moment)
    _assert_close(params, _train(_make(subject), subject), 1e-4)


def arrays_of_numpy_are_taken(subject: str) -> None:
    """They are what a checkpoint gives."""
    transform, arrays = _make(subject), jax.tree.map(np.asarray, PARAMS)
    gradients = jax.tree.map(np.asarray, _gradients(PARAMS, 0))
    found, _ = transform.update(gradients, transform.init(arrays), arrays, **_inputs(subject, gradients))
    _assert_close(optax.apply_updates(arrays, found), _train(transform, subject, moments=(0,)), 1e-6)


def dtypes_are_kept(subject: str) -> None:
    """Updates have that of the parameters, and a state stays as it began, so that no step compiles again."""
    for dtype in (jnp.float16, jnp.bfloat16, jnp.float32, jnp.float64):
        with jax.enable_x64(dtype == jnp.float64):
            transform, params = _make(subject), optax.tree_utils.tree_cast(PARAMS, dtype)
            state = jax.eval_shape(transform.init, params)
            step = functools.partial(_step, transform, subject)
            new_params, new_state = jax.eval_shape(step, params, state)
        assert {leaf.dtype for leaf in jax.tree.leaves(new_params)} == {jnp.dtype(dtype)}
        described = [jax.tree.map(lambda x: (x.shape, x.dtype, x.weak_type), each) for each in (state, new_state)]
        assert described[0] == described[1]


def a_second_jitted_step_compiles_nothing(subject: str) -> None:
    """One compilation serves all steps, even with the buffers given away, and makes the steps that eager ones are."""
    transform = _make(subject, SCHEDULE)
    step = jax.jit(functools.partial(_step, transform, subject), donate_argnums=(0, 1))
    params = jax.tree.map(jnp.copy, PARAMS)
    state = jax.jit(transform.init)(params)
    for moment in (0, 1):
        params, state = step(params, state, moment)
    assert step._cache_size() == 1
    _assert_close(params, _train(transform, subject), 1e-4)


def it_runs_in_a_scan_under_vmap(subject: str) -> None:
    """Several models at once train as each alone."""
    transform = _make(subject)

    def train(params: Any) -> Any:
        def step(carry: Any, moment: Any) -> Any:
            return _step(transform, subject, *carry, moment), None

        return jax.lax.scan(step, (params, transform.init(params)), jnp.arange(2))[0][0]

    models = {"kernel": jnp.stack([PARAMS["kernel"], 2 - PARAMS["kernel"]])}
    found = jax.jit(jax.vmap(train))(models)
    for number in range(2):
        model = jax.tree.map(lambda x, number=number: x[number], (found, models))
        _assert_close(model[0], _train(transform, subject, model[1]), 1e-4)


START, MINIMUM = np.array([[-1.0, 2.0], [0.0, 1.5]]), np.array([[1.0, -1.0], [0.5, 1.0]])
VALLEY, ITS_END = np.array([[0.0, 0.0], [-0.5, 0.5]]), np.ones((2, 2))
STEPS = {"float32": 10000, "ademamix_scheduled": 10000}


def _parabola(x: Any) -> Any:
    return jnp.sum((x - MINIMUM) ** 2)


def _rosenbrock(x: Any) -> Any:
    """Return Rosenbrock's function of each row."""
    return jnp.sum((1 - x[:, 0]) ** 2 + 100 * (x[:, 1] - x[:, 0] ** 2) ** 2)


def _true_inputs(subject: str, loss: Any, x: Any, start: Any) -> dict[str, Any]:
    """Return what the program asks for, as it is for a loss."""
    asked, gradient = asks_for(subject), jax.grad(loss)
    given: dict[str, Any] = {"value": loss(x)} if "value" in asked else {}
    if {"h", "h_gnb"} & {*asked}:
        given["h"] = given["h_gnb"] = jnp.diag(jax.hessian(loss)(x).reshape(x.size, x.size)).reshape(x.shape)
    if "g_ahead" in asked:
        norm = jnp.maximum(jnp.linalg.norm(gradient(x)), jnp.finfo(x.dtype).tiny)
        given["g_ahead"] = gradient(x + 0.05 * gradient(x) / norm)
    if "g_anchor" in asked:
        given["g_anchor"] = given["g_full"] = gradient(start)
    return {name: given[name] for name in asked}


@functools.cache
def _distances(subject: str, dtype: str, state_dtype: str | None = None) -> list[float]:
    """Return how far from the minimum training ends, on the parabola and in float32 on Rosenbrock's function."""
    rates = (rate_of(PARABOLA_RATES, subject), rate_of(ROSENBROCK_RATES, subject))
    settings = without_decay(subject) | ({"state_dtype": state_dtype} if state_dtype else {})
    steps, both = STEPS.get(dtype, STEPS.get(subject, 2000)), dtype == "float32"

    def train(valley: Any, rate: Any, start: Any) -> Any:
        def loss(x: Any) -> Any:
            x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
            return jnp.where(valley, _rosenbrock(x), _parabola(x)) if both else _parabola(x)

        def step(carry: Any, _: Any) -> Any:
            x, state = carry
            updates, state = transform.update(jax.grad(loss)(x), state, x, **_true_inputs(subject, loss, x, start))
            return (optax.apply_updates(x, updates), state), None

        transform = _make(subject, optax.cosine_decay_schedule(rate, steps), **settings)
        return jax.lax.scan(step, (start, transform.init(start)), None, length=steps)[0][0]

    with jax.enable_x64(dtype == "float64"):
        starts = jnp.asarray(np.stack([START, VALLEY]), dtype)
        ends = _jit(jax.vmap(train))(
            jnp.array([False, True])[: 1 + both], jnp.array(rates)[: 1 + both], starts[: 1 + both]
        )
    assert ends.dtype == dtype
    ends = np.asarray(ends, np.float64)
    return [float(np.max(np.abs(end - goal))) for end, goal in zip(ends, (MINIMUM, ITS_END)[: 1 + both], strict=True)]


def it_finds_the_minimum_of_a_parabola(subject: str) -> None:
    """In float32."""
    assert _distances(subject, "float32")[0] < 0.01


def it_follows_rosenbrocks_valley(subject: str) -> None:
    """In float32."""
    assert _distances(subject, "float32")[1] < 0.15


def a_wide_state_finds_the_minimum_in_half_precision(subject: str) -> None:
    """Where a state in half precision does not."""
    assert _distances(subject, "bfloat16", "float32")[0] < 0.1
    assert _distances(subject, "float16", "float32")[0] < 0.05


def it_finds_the_minimum_in_float64(subject: str) -> None:
    """In float64."""
    assert _distances(subject, "float64")[0] < 0.01


def it_finds_the_minimum_in_float16(subject: str) -> None:
    """With parameters, gradients and state in float16."""
    assert _distances(subject, "float16")[0] < 0.05


def it_finds_the_minimum_in_bfloat16(subject: str) -> None:
    """With parameters, gradients and state in bfloat16, whose steps at 1 are 0.008."""
    assert _distances(subject, "bfloat16")[0] < 0.1


CONTRACTS = (
    Contract(unknown_arguments_are_taken, 35),
    Contract(an_empty_tree_is_left_alone, 35),
    Contract(leaves_that_are_none_are_left_alone, 35),
    Contract(it_can_be_flattened, 35),
    Contract(it_can_be_masked, 35),
    Contract(it_can_be_one_of_several_transforms, 35),
    Contract(it_can_be_chained, 35),
    Contract(hyperparameters_can_be_injected, 35),
    Contract(a_state_can_be_mapped, 35),
    Contract(what_is_not_finite_is_skipped, 35),
    Contract(gradients_can_accumulate, 35),
    Contract(arrays_of_numpy_are_taken, 35),
    Contract(dtypes_are_kept, 35),
    Contract(a_second_jitted_step_compiles_nothing, 52),
    Contract(it_runs_in_a_scan_under_vmap, 52),
    Contract(it_finds_the_minimum_of_a_parabola, 52),
    Contract(it_follows_rosenbrocks_valley, 52),
    Contract(it_finds_the_minimum_in_float64, 52),
    Contract(it_finds_the_minimum_in_float16, 52),
    Contract(it_finds_the_minimum_in_bfloat16, 52),
    Contract(a_wide_state_finds_the_minimum_in_half_precision, 0, ("ademamix_scheduled", "dadapt_adamw", "prodigy")),
)

NOT_POSSIBLE = (
    NotPossible(
        (it_can_be_flattened,),
        [subject for subject in SUBJECTS if {*asks_for(subject)} - {"value"}],
        "ask for trees: optax.flatten flattens no arguments of `update`",
        "'dict' object has no attribute 'astype'",
    ),
    NotPossible(
        (
            it_finds_the_minimum_of_a_parabola,
            it_finds_the_minimum_in_float64,
            it_finds_the_minimum_in_float16,
            it_finds_the_minimum_in_bfloat16,
            it_follows_rosenbrocks_valley,
        ),
        ("lion_raw",),
        "take steps of 0.0002 at most: an arcsine has no larger argument",
        r"assert \d\S* < ",
    ),
    NotPossible(
        (it_follows_rosenbrocks_valley,),
        ("sam_alternating", "sam_sgd", "sam(adam)"),
        "seek flat ground: the valley is narrower than what they look ahead",
        r"assert \d\S* < ",
    ),
    NotPossible(
        (it_follows_rosenbrocks_valley,),
        ("acprop",),
        "divide by how much gradients change, which along the valley is next to nothing",
        r"assert \d\S* < ",
    ),
    NotPossible(
        (it_finds_the_minimum_in_float16,),
        ("dadapt_adamw",),
        "keep squares of a millionth, which float16 does not hold; state_dtype=float32 does",
        r"assert \d\S* < ",
    ),
    NotPossible(
        (it_finds_the_minimum_in_bfloat16,),
        ("ademamix_scheduled",),
        "average over 10000 steps, which bfloat16 does not; state_dtype=float32 does",
        r"assert \d\S* < ",
    ),
)


@pytest.mark.parametrize(("contract", "subject"), cases(CONTRACTS), ids=label)
def test_a_program_exported_to_optax_keeps(contract, subject, record_property):
    keep(contract, subject, NOT_POSSIBLE, record_property)
