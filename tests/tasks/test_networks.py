import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.tasks import networks

pytestmark = pytest.mark.thorough
KEY = jax.random.key(0)
# jitted, because one by one each of their operations would be compiled
init_mlp = jax.jit(networks.init_mlp, static_argnames="widths")
apply_mlp = jax.jit(networks.apply_mlp)
init_recurrent = jax.jit(networks.init_recurrent, static_argnames=("inputs", "width", "gated"))
init_transformer = jax.jit(networks.init_transformer, static_argnames=("layers", "width"))
apply_transformer = jax.jit(networks.apply_transformer, static_argnames=("tokens", "heads", "causal"))


def as_numpy(tree):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), tree)


def numpy_transformer(blocks, x, heads, causal):
    """One sequence (tokens, width), written with loops over heads and tokens."""
    gelu = np.vectorize(lambda v: 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))))
    unit = lambda v: v / np.sqrt((v**2).mean(axis=1, keepdims=True) + 1e-6)  # noqa: E731
    dense = lambda layer, v: v @ layer["kernel"] + layer["bias"]  # noqa: E731
    tokens, width = x.shape
    size = width // heads
    for block in blocks:
        q, k, v = np.split(dense(block["qkv"], unit(x) * block["norm1"]), 3, axis=1)
        mixed = np.zeros_like(x)
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for token in range(tokens):
                seen = token + 1 if causal else tokens
                weights = np.exp(k[:seen, part] @ q[token, part] / math.sqrt(size))
                mixed[token, part] = weights / weights.sum() @ v[:seen, part]
        x = x + dense(block["out"], mixed)
        x = x + dense(block["down"], gelu(dense(block["up"], unit(x) * block["norm2"])))
    return unit(x)


def test_mlp_is_what_numpy_says():
    layers = init_mlp(KEY, (5, 7, 3, 2))
    x = np.random.default_rng(0).normal(size=(4, 5))
    one, two, three = as_numpy(layers)
    hidden = np.maximum(x @ one["kernel"] + one["bias"], 0)
    hidden = np.maximum(hidden @ two["kernel"] + two["bias"], 0)
    expected = hidden @ three["kernel"] + three["bias"]
    np.testing.assert_allclose(apply_mlp(layers, jnp.asarray(x, jnp.float32)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gated", [False, True])
def test_a_recurrent_layer_neither_shrinks_nor_stretches_its_state(gated):
    params = as_numpy(init_recurrent(KEY, 20, 30, gated=gated))
    kernels = np.concatenate([layer["kernel"] for layer in params.values()], axis=1)
    assert kernels.shape == (50, 90 if gated else 30)
    for part in np.split(kernels, kernels.shape[1] // 30, axis=1):
        np.testing.assert_allclose(part[20:] @ part[20:].T, np.eye(30), atol=1e-5)
        assert part[:20].std() == pytest.approx(20**-0.5, rel=0.1)


@pytest.mark.parametrize("gated", [False, True])
def test_recurrent_is_what_numpy_says(gated):
    params = init_recurrent(KEY, 3, 5, gated=gated)
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    dense = lambda layer, v: v @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer["bias"])  # noqa: E731
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    found = jax.jit(networks.apply_recurrent)(params, jnp.asarray(x, jnp.float32))
    for sequence, last in zip(x, found, strict=True):
        h = np.zeros(5)
        for seen in sequence:
            keep, reset = np.zeros(5), np.ones(5)
            if gated:
                gates = sigmoid(dense(params["gates"], np.r_[seen, h]))
                keep, reset = gates[:5], gates[5:]
            h = keep * h + (1 - keep) * np.tanh(dense(params["cell"], np.r_[seen, reset * h]))
        np.testing.assert_allclose(last, h, rtol=1e-4, atol=1e-5)


def test_dense_starts_with_the_variance_that_keeps_the_scale():
    layer = networks.init_dense(KEY, 100, 400)
    assert float(jnp.std(layer["kernel"])) == pytest.approx(0.1, rel=0.02)
    assert not layer["bias"].any()


@pytest.mark.parametrize("causal", [True, False])
def test_transformer_is_what_numpy_says(causal):
    blocks = init_transformer(KEY, 2, 8)
    rng = np.random.default_rng(1)
    blocks = jax.tree.map(
        lambda leaf: leaf + 0.1 * rng.normal(size=leaf.shape).astype(np.float32), blocks
    )  # no zero bias
    x = rng.normal(size=(3, 5, 8)).astype(np.float32)
    found = apply_transformer(blocks, jnp.asarray(x.reshape(15, 8)), 5, 2, causal=causal)
    expected = [numpy_transformer(as_numpy(blocks), sequence.astype(np.float64), 2, causal) for sequence in x]
    np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("token", [0, 2, 4])
def test_a_later_token_changes_nothing_earlier_when_causal(token):
    blocks = init_transformer(KEY, 2, 8)
    x = np.random.default_rng(2).normal(size=(10, 8)).astype(np.float32)
    changed = x.copy()
    changed[token] += 1.0
    for causal in (True, False):
        before, after = (np.asarray(apply_transformer(blocks, v, 5, 2, causal=causal)) for v in (x, changed))
        touched = (before != after).any(axis=1)
        assert touched[token:5].all()
        assert touched[:token].all() != causal or token == 0
        assert not touched[5:].any(), "the other sequence"


def test_cross_entropy_is_the_mean_negative_log_likelihood():
    logits = np.array([[2.0, 0.0, -1.0], [1.0, 5.0, 0.5]])
    labels = np.array([0, 2])
    likelihood = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(likelihood[[0, 1], labels]).mean()
    found = networks.cross_entropy(jnp.asarray(logits, jnp.float32), jnp.asarray(labels))
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(networks.cross_entropy(jnp.zeros((4, 10)), jnp.arange(4))) == pytest.approx(math.log(10))


def test_cross_entropy_of_huge_logits_is_finite():
    assert float(networks.cross_entropy(jnp.array([[1e4, -1e4]]), jnp.array([1]))) == pytest.approx(2e4)


def test_sampled_labels_follow_the_predictions():
    logits = jnp.log(jnp.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]]))
    rows = jnp.tile(logits, (5000, 1))
    entropy = -np.sum(np.exp(logits) * logits, axis=1)
    found = [float(networks.sampled_cross_entropy(rows, key)) for key in jax.random.split(KEY, 4)]
    assert len(set(found)) == 4
    assert np.mean(found) == pytest.approx(float(entropy.mean()), abs=0.02)
    certain = jnp.array([[0.0, 200.0]])
    assert float(networks.sampled_cross_entropy(certain, KEY)) == 0.0


def test_sampled_squared_errors_have_a_mean_of_a_half_and_no_slope_in_the_labels():
    predictions = 10.0 * jax.random.normal(KEY, (40_000,))
    error, slope = jax.value_and_grad(networks.sampled_squared_error)(predictions, jax.random.key(3))
    assert float(error) == pytest.approx(0.5, abs=5 * 0.5 * math.sqrt(2 / 40_000))
    residuals = np.asarray(slope) * len(slope) / 2
    assert np.mean(residuals**2) == pytest.approx(float(error), rel=1e-3)
    assert abs(np.mean(residuals)) < 5 * math.sqrt(0.5 / 40_000)


def test_accuracy_is_the_share_of_hits():
    logits = jnp.array([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0], [5.0, 4.0]])
    assert float(networks.accuracy(logits, jnp.array([1, 0, 0, 0]))) == 0.75


def test_normalize_gives_unit_root_mean_square():
    x = 3.0 * jax.random.normal(KEY, (4, 16))
    np.testing.assert_allclose(jnp.sqrt(jnp.mean(networks.normalize(x) ** 2, axis=1)), 1.0, rtol=1e-4)
