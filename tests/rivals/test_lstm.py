import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from lionsearch.errors import SettingError
from lionsearch.rivals.lstm import (
    LAYERS,
    UNITS,
    WEIGHTS,
    apply_network,
    init_network,
    init_state,
    load_network,
    lstm,
    preprocess,
    save_network,
)
from lionsearch.rivals.making import resolve_rival
from lionsearch.rivals.rival import Oracle
from lionsearch.tasks import networks

STEPS, RATE = 100, 0.005


@pytest.fixture(scope="module")
def network():
    return load_network(WEIGHTS)


def make_data(examples=256):
    """A regression onto a random function of 10 numbers; nothing that the network was trained on."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(examples, 10)).astype(np.float32)
    y = np.sin(x @ rng.normal(size=10)) + 0.1 * rng.normal(size=examples)
    return jnp.asarray(x), jnp.asarray(y.astype(np.float32))


def squared_error(weights, batch):
    x, y = batch
    return jnp.mean((networks.apply_mlp(weights, x)[:, 0] - y) ** 2)


def quadratic(weights, batch):
    x, y = batch
    return jnp.mean((x @ weights - y) ** 2)


def train(update, weights, loss, state=None):
    """Return the loss at the end; `update(gradient, state) -> (output, state)` on flat vectors, batches of 32."""
    data = make_data()
    flat, unravel = ravel_pytree(weights)

    def step(carry, number):
        flat, state = carry
        chosen = jax.random.randint(jax.random.fold_in(jax.random.key(0), number), (32,), 0, len(data[0]))
        gradient, _ = ravel_pytree(jax.grad(loss)(unravel(flat), tuple(each[chosen] for each in data)))
        output, state = update(gradient, state)
        return (flat + RATE * output, state), None

    (flat, _), _ = jax.jit(lambda carry: jax.lax.scan(step, carry, jnp.arange(STEPS)))((flat, state))
    return float(loss(unravel(flat), data))


def learned(network):
    return lambda gradient, state: apply_network(network, gradient, state)


def make_oracle(weights, gradient, rate=1.0):
    zero, batch, key = jnp.float32(0), jnp.zeros((1, 1)), jax.random.key(0)
    asked = quadratic
    return Oracle(weights, zero, gradient, batch, jnp.arange(1), batch, zero, jnp.float32(rate), zero, key, asked)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("loss", "weights"),
    [
        (squared_error, networks.init_mlp(jax.random.key(3), (10, 16, 1))),
        (quadratic, jax.random.normal(jax.random.key(4), (10,))),
    ],
    ids=["perceptron", "quadratic"],
)
def test_what_was_learned_trains_better_than_nothing_learned_and_than_sgd(network, loss, weights):
    size = ravel_pytree(weights)[0].size
    found = train(learned(network), weights, loss, init_state(network, size))
    untrained = init_network(jax.random.key(7))
    sgd = train(lambda gradient, state: (-gradient, state), weights, loss)
    assert found < 0.9 * train(learned(untrained), weights, loss, init_state(untrained, size))
    assert found < 0.9 * sgd, "at the same learning rate"


def test_it_is_the_same_for_each_coordinate(network):
    gradients = jax.random.normal(jax.random.key(0), (3, 12))
    order = jax.random.permutation(jax.random.key(1), 12)
    outputs = {}
    for name, chosen in (("as they are", jnp.arange(12)), ("permuted", order)):
        state, outputs[name] = init_state(network, 12), []
        for gradient in gradients:
            output, state = apply_network(network, gradient[chosen], state)
            outputs[name].append(output)
    np.testing.assert_allclose(jnp.stack(outputs["permuted"]), jnp.stack(outputs["as they are"])[:, order], atol=1e-6)
    assert np.ptp(outputs["as they are"][0]) > 0.1, "the coordinates differ"


def test_what_it_does_depends_on_the_gradients_before(network):
    state = init_state(network, 1)
    first, state = apply_network(network, jnp.array([0.1]), state)
    second, state = apply_network(network, jnp.array([0.1]), state)
    assert float(first[0]) != pytest.approx(float(second[0]), rel=1e-3)


def test_a_step_is_the_rate_times_the_output_on_a_tree(network):
    weights = {"a": jnp.ones((2, 3)), "b": jnp.zeros(4)}
    gradient = jax.tree.map(lambda leaf: 0.1 * jnp.arange(1.0, leaf.size + 1).reshape(leaf.shape), weights)
    rival = lstm()
    state = rival.init(weights, 1)
    assert state.shape == (LAYERS, 2, 10, UNITS)
    moves = {}
    for rate in (1.0, 0.5):
        moved, after, costs = rival.step(make_oracle(weights, gradient, rate), state)
        assert jax.tree.map(jnp.shape, moved) == jax.tree.map(jnp.shape, weights)
        assert after.shape == state.shape
        assert sum(costs) == 0
        moves[rate], _ = ravel_pytree(jax.tree.map(lambda new, old: new - old, moved, weights))
    np.testing.assert_allclose(moves[0.5], moves[1.0] / 2, atol=1e-6)
    output, _ = apply_network(network, ravel_pytree(gradient)[0], state)
    np.testing.assert_allclose(moves[1.0], output, atol=1e-6)
    again, _, _ = rival.step(make_oracle(weights, gradient), state)
    np.testing.assert_array_equal(ravel_pytree(again)[0], ravel_pytree(weights)[0] + moves[1.0])


def test_gradients_are_seen_by_size_and_sign():
    threshold = np.exp(-10.0)
    seen = preprocess(jnp.array([1.0, -np.exp(-5.0), threshold / 2, -threshold / 2, 0.0]))
    expected = [[0.0, 1.0], [-0.5, -1.0], [-1.0, 0.5], [-1.0, -0.5], [-1.0, 0.0]]
    np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_the_shipped_weights_are_small_and_those_that_the_name_stands_for(network):
    numbers = sum(leaf.size for leaf in jax.tree.leaves(network))
    assert numbers == (2 + UNITS) * 4 * UNITS + 2 * UNITS * 4 * UNITS + LAYERS * 4 * UNITS + UNITS + 1
    assert WEIGHTS.stat().st_size < 60_000
    found = resolve_rival("rival:lstm")
    assert (found.lr_scale, found.is_absolute, found.takes_rate) == (RATE, True, True)


def test_weights_are_written_and_read(tmp_path):
    made = init_network(jax.random.key(3))
    save_network(tmp_path / "mine.npz", made)
    read = lstm(str(tmp_path / "mine.npz"))._network
    assert jax.tree.structure(read) == jax.tree.structure(made)
    jax.tree.map(np.testing.assert_array_equal, read, made)


def test_files_that_have_no_weights(tmp_path):
    with pytest.raises(SettingError, match="has no weights of the LSTM"):
        lstm(str(tmp_path / "none.npz"))
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(SettingError, match="has no weights of the LSTM"):
        lstm(str(tmp_path / "other.npz"))
    wide = init_network(jax.random.key(0))._replace(readout=jnp.zeros(7))
    save_network(tmp_path / "wide.npz", wide)
    with pytest.raises(SettingError, match=r"readout has the shape \(7,\); expected \(20,\)"):
        lstm(str(tmp_path / "wide.npz"))
