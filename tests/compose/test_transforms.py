"""Each transform against optax's, in float64; where optax has none, against its equations."""

import jax
import numpy as np
import optax
import pytest
from sampling import every

from lionsearch.catalog import load_program
from lionsearch.compose import TRANSFORMS
from lionsearch.graph import infer_kinds
from lionsearch.lang import format_program, parse
from lionsearch.semantics.oracle import run_oracle

RNG = np.random.default_rng(3)
WEIGHTS = (RNG.normal(size=(5, 3)), RNG.normal(size=4), np.array(0.7), RNG.normal(size=(2, 3, 2, 4)))
STEPS = 40
GRADIENTS = [tuple(RNG.normal(size=w.shape) for w in WEIGHTS) for _ in range(STEPS)]
RATE = 0.1
SGD = "sgd(lr_scale=1.0)"
ADAM = "adam(lr_scale=1.0)"


def run(expression: str, weights=WEIGHTS, gradients=GRADIENTS, rate=RATE, extra=()):
    return run_oracle(load_program(expression), weights, gradients, [rate] * len(gradients), extra)


def run_optax(transform: optax.GradientTransformation):
    with jax.enable_x64(True):
        weights, history = WEIGHTS, []
        state = transform.init(weights)
        for gradient in GRADIENTS:
            updates, state = transform.update(gradient, state, weights)
            weights = tuple(np.asarray(w) for w in optax.apply_updates(weights, updates))
            history.append(weights)
    return history


def assert_close(found, expected, tolerance=1e-12):
    for a, b in zip(found, expected, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


OPTAX = {
    f"l2({SGD}, weight_decay=0.3)": lambda: optax.chain(optax.add_decayed_weights(0.3), optax.sgd(RATE)),
    f"decay({ADAM}, weight_decay=0.3)": lambda: optax.adamw(RATE, weight_decay=0.3),
    f"clip_value({SGD}, limit=0.5)": lambda: optax.chain(optax.clip(0.5), optax.sgd(RATE)),
    f"clip_norm({ADAM}, limit=0.5)": lambda: optax.chain(optax.clip_by_global_norm(0.5), optax.adam(RATE)),
    f"clip_tensor_rms({SGD}, limit=0.5)": lambda: optax.chain(optax.clip_by_block_rms(0.5), optax.sgd(RATE)),
    f"clip_adaptive({SGD}, limit=0.2)": lambda: optax.chain(optax.adaptive_grad_clip(0.2), optax.sgd(RATE)),
    f"normalize({SGD})": lambda: optax.chain(optax.contrib.normalize(), optax.sgd(RATE)),
    f"clip_value(l2({SGD}, weight_decay=0.3), limit=0.5)": lambda: optax.chain(
        optax.clip(0.5), optax.add_decayed_weights(0.3), optax.sgd(RATE)
    ),
}


@pytest.mark.parametrize("expression", every(2, OPTAX))
def test_a_transform_is_what_optax_has(expression):
    assert_close(run(expression), run_optax(OPTAX[expression]()))


SCHEDULES = {
    "warmup({}, steps=7)": lambda: optax.linear_schedule(0.0, RATE, 7),
    "cosine({}, total=30)": lambda: optax.cosine_decay_schedule(RATE, 30),
    "warmup_cosine({}, warmup=6, total=30)": lambda: optax.warmup_cosine_decay_schedule(0.0, RATE, 6, 30),
    "one_cycle({}, total=30)": lambda: optax.cosine_onecycle_schedule(30, RATE),
    "exponential({}, rate=0.9, steps=3)": lambda: optax.exponential_decay(RATE, 3, 0.9),
    "restarts({}, period=11)": lambda: optax.sgdr_schedule(
        [{"init_value": RATE, "peak_value": RATE, "decay_steps": 11, "warmup_steps": 0}] * 4
    ),
}


def rates(expression: str) -> list[float]:
    """Return what a schedule makes of a learning rate of 1, by the steps of SGD on a constant gradient of 1."""
    one = (np.array([0.0]),)
    history = run(expression.format(SGD), one, [(np.array([1.0]),)] * STEPS, rate=1.0)
    return [-float(step) for step in np.diff([0.0, *(float(leaf[0]) for (leaf,) in history)])]


@pytest.mark.parametrize("expression", SCHEDULES)
def test_a_schedule_is_what_optax_has(expression):
    with jax.enable_x64(True):
        schedule = SCHEDULES[expression]()
        expected = [float(schedule(np.float64(step))) / RATE for step in range(STEPS)]
    np.testing.assert_allclose(rates(expression), expected, rtol=1e-12, atol=1e-14)


def test_schedules_that_optax_has_not():
    steps = range(1, STEPS + 1)
    root = [min(t / 8, (8 / t) ** 0.5) for t in steps]
    assert rates("inverse_sqrt({}, warmup=8)") == pytest.approx(root)
    wsd = [min(s / 5, 1) * min(max((35 - s) / 10, 0), 1) for s in range(STEPS)]
    assert rates("wsd({}, warmup=5, decay_at=25, total=35)") == pytest.approx(wsd)


def test_lookahead_is_what_optax_has():
    expected = []
    with jax.enable_x64(True):
        transform = optax.lookahead(optax.adam(RATE), 4, 0.3)
        params = optax.LookaheadParams.init_synced(WEIGHTS)
        state = transform.init(params)
        for gradient in GRADIENTS:
            updates, state = transform.update(gradient, state, params)
            params = optax.apply_updates(params, updates)
            expected.append(tuple(np.asarray(w) for w in params.fast))
    assert_close(run(f"lookahead({ADAM}, k=4, alpha=0.3)"), expected)


def test_lookahead_twice_keeps_two_slow_copies_apart():
    program = load_program(f"lookahead(lookahead({SGD}, k=2, alpha=0.5), k=3, alpha=0.25)")
    assert len(program.slots) == len(set(program.slots)) == 2
    slow, slower, expected = 1.0, 1.0, []
    fast = 1.0
    for t in range(1, 13):
        step = fast - RATE * 2.0
        if t % 2 == 0:
            step = slow = 0.5 * slow + 0.5 * step
        if t % 3 == 0:
            step = slower = 0.75 * slower + 0.25 * step
        fast = step
        expected.append(fast)
    history = run_oracle(program, (np.array([1.0]),), [(np.array([2.0]),)] * 12, [RATE] * 12)
    assert [float(leaf[0]) for (leaf,) in history] == pytest.approx(expected)


def test_clipping_each_tensor_by_its_norm():
    history = run(f"clip_tensor_norm({SGD}, limit=0.9)")
    for before, after, gradient in zip((WEIGHTS, *history[:-1]), history, GRADIENTS, strict=True):
        for w, new, g in zip(before, after, gradient, strict=True):
            norm = np.sqrt(np.sum(g**2))
            np.testing.assert_allclose(w - new, RATE * g * min(1.0, 0.9 / norm), rtol=1e-9, atol=1e-14)


def test_sam_steps_with_the_gradient_ahead():
    ahead = [tuple(RNG.normal(size=w.shape) for w in WEIGHTS) for _ in range(STEPS)]
    found = run(f"sam({ADAM})", extra=[{"g_ahead": g} for g in ahead])
    assert_close(found, run(ADAM, gradients=ahead))
    assert load_program(f"sam({ADAM}, rho=0.2)").settings == {"rho": 0.2}


def test_cautious_is_the_shipped_program():
    lion = "lion(weight_decay=0, lr_scale=1.0)"
    assert_close(run(f"cautious({lion})"), run("cautious_lion(weight_decay=0, lr_scale=1.0)"), 1e-9)


def test_matrices_takes_the_rule_by_the_number_of_axes():
    momentum = "momentum(lr_scale=1.0)"
    both = run(f"matrices({momentum}, {ADAM})")
    for mixed, first, second in zip(both, run(momentum), run(ADAM), strict=True):
        for leaf, a, b in zip(mixed, first, second, strict=True):
            np.testing.assert_array_equal(leaf, a if leaf.ndim > 1 else b)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_wraps_what_overwrites_its_inputs(name):
    transform = TRANSFORMS[name]
    inner = ["adamw", "lion", "adamw_debiased"]
    for first in inner:
        arguments = [first, "lion_raw"][: transform.programs]
        program = load_program(f"{name}({', '.join(arguments)})")
        infer_kinds(program)
        assert parse(format_program(program)) == program
        assert len(set(program.slots)) == len(program.slots)
        names = [key for key, _ in program.hyperparameters]
        assert len(set(names)) == len(names)
