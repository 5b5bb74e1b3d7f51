"""Tasks that train in a millisecond; TOML and specs name them as `small_tasks:regression`."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.tasks import Problem
from lionsearch.tasks.networks import sampled_squared_error
from lionsearch.tasks.spec import TaskSpec


class Affine(NamedTuple):
    kernel: Any
    bias: Any


def regression(features: int = 6, seed: int = 0, sampled: bool = False) -> Problem:
    """Return a small network on a noisy function; parameters are a dict of a list of named tuples, and one number.

    With `sampled`, labels can be drawn from the model.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(192, features)).astype(np.float32)
    y = np.tanh(x @ rng.normal(size=features) + 0.1 * rng.normal(size=192)).astype(np.float32)

    def init(key: jax.Array) -> Any:
        one, two = jax.random.split(key)
        layers = [
            Affine(jax.random.normal(one, (features, 8)) / features**0.5, jnp.zeros(8)),
            Affine(jax.random.normal(two, (8, 1)) / 8**0.5, jnp.zeros(1)),
        ]
        return {"layers": layers, "scale": jnp.float32(1.0)}

    def predict(params: Any, batch: Any) -> jax.Array:
        first, second = params["layers"]
        hidden = jnp.tanh(batch["x"] @ first.kernel + first.bias)
        return params["scale"] * (hidden @ second.kernel + second.bias)[:, 0]

    def loss(params: Any, batch: Any) -> jax.Array:
        return jnp.mean((predict(params, batch) - batch["y"]) ** 2)

    def metrics(params: Any, batch: Any) -> dict[str, jax.Array]:
        return {"worst": jnp.max(jnp.abs(predict(params, batch) - batch["y"]))}

    def sampled_loss(params: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, int]:
        return sampled_squared_error(predict(params, batch), key), len(batch["y"])

    parts = [{"x": x[i : i + 64], "y": y[i : i + 64]} for i in (0, 64, 128)]
    return Problem(init, loss, *parts, metrics=metrics, sampled_loss=sampled_loss if sampled else None)


def normalized_regression(dropout: float = 0.5) -> Problem:
    """Return `regression` with a layer that is normalized over the batch, and dropout behind it.

    The state is the layer's running mean and the number of steps, which are also the metrics.
    """
    plain, features = regression(), 6

    def init(key: jax.Array) -> tuple[Any, Any]:
        params = {"hidden": jax.random.normal(key, (features, 8)) / features**0.5, "output": jnp.zeros(8)}
        return params, {"mean": jnp.zeros(8), "steps": jnp.zeros((), jnp.int32)}

    def error(params: Any, mean: jax.Array, batch: Any, mask: Any) -> jax.Array:
        hidden = jnp.tanh(batch["x"] @ params["hidden"] - mean)
        return jnp.mean(((mask * hidden) @ params["output"] - batch["y"]) ** 2)

    def loss(params: Any, state: Any, batch: Any) -> jax.Array:
        return error(params, state["mean"], batch, 1.0)

    def train_loss(params: Any, state: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        mean = jnp.mean(batch["x"] @ params["hidden"], axis=0)
        mask = jax.random.bernoulli(key, 1 - dropout, (len(batch["y"]), 8)) / (1 - dropout)
        after = {"mean": 0.9 * state["mean"] + 0.1 * mean, "steps": state["steps"] + 1}
        return error(params, mean, batch, mask), after

    def metrics(params: Any, state: Any, batch: Any) -> dict[str, jax.Array]:
        return {"steps": state["steps"], **{f"mean{i}": state["mean"][i] for i in range(8)}}

    return Problem(
        init, loss, plain.train, plain.validation, plain.test, metrics=metrics, train_loss=train_loss, stateful=True
    )


def make_spec(**changes: Any) -> TaskSpec:
    settings: dict[str, Any] = {
        "name": "small",
        "factory": "small_tasks:regression",
        "steps": 60,
        "batch": 16,
        "warmup": 6,
        "learning_rate": 0.02,
        "weight_decay": 0.1,
    }
    return TaskSpec(**{**settings, **changes})
