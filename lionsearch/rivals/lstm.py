"""A learned optimizer: a small recurrent network turns each coordinate's gradients into its updates.

Andrychowicz et al. 2016, "Learning to learn by gradient descent by gradient descent", arXiv 1606.04474, section 2.1: an
LSTM of two layers with one set of weights for all coordinates, and a state for each. `meta_training.py` trains it; what
it found is `lstm_weights.npz`. The update is the learning rate times the network's output, so that a schedule and a
tuner act on it as on any other optimizer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from lionsearch.errors import SettingError, one_line
from lionsearch.rivals.rival import Costs, Oracle

WEIGHTS = Path(__file__).with_name("lstm_weights.npz")
"""The weights that are shipped."""

LAYERS, UNITS = 2, 20
"""Section 3: two layers of 20 units."""

_P = 10.0
"""Appendix A: gradients below exp(-10) are told apart by their values, others by their logarithms."""


class Network(NamedTuple):
    """The weights of the network.

    Attributes:
        below: of each layer, (inputs, 4 units): from what is below to the four gates.
        before: of each layer, (units, 4 units): from its own last output.
        biases: of each layer, (4 units,).
        readout: (units,), from the last layer to the update.
        offset: (), of the update.
    """

    below: tuple[jax.Array, ...]
    before: tuple[jax.Array, ...]
    biases: tuple[jax.Array, ...]
    readout: jax.Array
    offset: jax.Array


class LearnedLstm:
    """The network as a rival. It asks for nothing but the gradient.

    Args:
        network: its weights.
    """

    def __init__(self, network: Network):
        self._network = network

    def init(self, weights: Any, count: int) -> jax.Array:
        """Return the network's states."""
        del count
        return init_state(self._network, sum(leaf.size for leaf in jax.tree.leaves(weights)))

    def step(self, oracle: Oracle, state: jax.Array) -> tuple[Any, jax.Array, Costs]:
        """Return the weights and the network's states after a step."""
        gradient, _ = ravel_pytree(oracle.gradient)
        weights, unravel = ravel_pytree(oracle.weights)
        output, state = apply_network(self._network, gradient, state)
        return unravel(weights + oracle.lr * output), state, Costs()


def lstm(weights: str | None = None) -> LearnedLstm:
    """Return the learned optimizer.

    Args:
        weights: file that `python -m lionsearch.rivals.meta_training` wrote; None for the shipped ones.

    Raises:
        SettingError: if the file is not there, or is none.
    """
    return LearnedLstm(load_network(Path(weights) if weights is not None else WEIGHTS))


def init_network(key: jax.Array) -> Network:
    """Return random weights, of variance 1 / inputs; the forget gates are open, and the updates small."""
    keys = jax.random.split(key, 2 * LAYERS + 1)
    inputs = (2, *(UNITS,) * (LAYERS - 1))
    open_gate = jnp.zeros(4 * UNITS).at[UNITS : 2 * UNITS].set(1.0)
    return Network(
        tuple(jax.random.normal(k, (n, 4 * UNITS)) / n**0.5 for k, n in zip(keys[:LAYERS], inputs, strict=True)),
        tuple(jax.random.normal(k, (UNITS, 4 * UNITS)) / UNITS**0.5 for k in keys[LAYERS:-1]),
        (open_gate,) * LAYERS,
        0.1 * jax.random.normal(keys[-1], (UNITS,)),
        jnp.zeros(()),
    )


def init_state(network: Network, coordinates: int) -> jax.Array:
    """Return the state before the first step, (layers, 2, coordinates, units): of a layer, its cells and its output."""
    return jnp.zeros((len(network.biases), 2, coordinates, network.readout.size))


def preprocess(gradient: jax.Array) -> jax.Array:
    """Return what the network sees of a gradient (coordinates,): (coordinates, 2), a size and a sign.

    Appendix A: (log |g| / p, sign g) where |g| is at least exp(-p), else (-1, exp(p) g).
    """
    size = jnp.abs(gradient)
    large = size >= np.exp(-_P)
    first = jnp.where(large, jnp.log(jnp.where(large, size, 1.0)) / _P, -1.0)
    return jnp.stack([first, jnp.where(large, jnp.sign(gradient), np.exp(_P) * gradient)], axis=-1)


def apply_network(network: Network, gradient: jax.Array, state: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the output of each coordinate, (coordinates,), and the new state.

    Args:
        network: the weights.
        gradient: (coordinates,).
        state: as `init_state` returns it.
    """
    x, states = preprocess(gradient), []
    for layer, (below, before, bias) in enumerate(zip(network.below, network.before, network.biases, strict=True)):
        cells, output = state[layer]
        gates = x @ below + output @ before + bias
        enter, keep, new, leave = jnp.split(gates, 4, axis=-1)
        cells = jax.nn.sigmoid(keep) * cells + jax.nn.sigmoid(enter) * jnp.tanh(new)
        x = jax.nn.sigmoid(leave) * jnp.tanh(cells)
        states.append(jnp.stack([cells, x]))
    return x @ network.readout + network.offset, jnp.stack(states)


def save_network(path: Path, network: Network) -> None:
    """Write the weights to an npz file, an array for each."""
    arrays: dict[str, Any] = {name: np.asarray(leaf) for name, leaf in _named(network).items()}
    np.savez(path, **arrays)


def load_network(path: Path) -> Network:
    """Return the weights of a file.

    Raises:
        SettingError: if the file is not there, or has other arrays.
    """
    like = jax.eval_shape(init_network, jax.random.key(0))
    expected = _named(like)
    try:
        with np.load(path) as file:
            found = {name: file[name] for name in expected}
    except (OSError, KeyError, ValueError) as error:
        raise SettingError(f"{path} has no weights of the LSTM: {one_line(str(error))}") from None
    for name, leaf in found.items():
        if leaf.shape != expected[name].shape:
            raise SettingError(f"{path}: {name} has the shape {leaf.shape}; expected {expected[name].shape}")
    return jax.tree.unflatten(jax.tree.structure(like), [jnp.asarray(leaf) for leaf in found.values()])


def _named(network: Network) -> dict[str, Any]:
    """Return the arrays by name, in the order of the tree's leaves."""
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(network)}
