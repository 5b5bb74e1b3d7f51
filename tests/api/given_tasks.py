"""Tasks as Python values that train in milliseconds."""

import jax
import jax.numpy as jnp
import numpy as np

import lionsearch


def make_problem(seed=0):
    """Return a small network that fits a sine."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(288, 8)).astype("float32")
    y = np.sin(x @ np.full(8, 0.4, "float32")) + 0.1 * rng.normal(size=288).astype("float32")
    train, validation, test = ((x[i::3], y[i::3]) for i in range(3))

    def init(key):
        first, second = jax.random.split(key)
        return {"hidden": jax.random.normal(first, (8, 16)) / 3, "out": jax.random.normal(second, (16,)) / 4}

    def loss(params, batch):
        inputs, targets = batch
        return jnp.mean((jnp.tanh(inputs @ params["hidden"]) @ params["out"] - targets) ** 2)

    return lionsearch.Problem(init, loss, train, validation, test)


def make_task(**settings):
    """Return a task on it, at a rate at which AdamW trains."""
    given = {"name": "sine", "steps": 60, "batch": 16, "learning_rate": 0.02, **settings}
    return lionsearch.Task(make_problem(), **given)


SHORT = {
    "programs": 40,
    "workers": 0,
    "progress": False,
    "search": {"population": 10, "islands": 1, "tournament": 3, "racing": {"seeds": 2}},
    "evaluation": {"elites": 2, "confirm_seeds": 2, "report_seeds": 2, "simplify": None},
}
"""A search of seconds."""
