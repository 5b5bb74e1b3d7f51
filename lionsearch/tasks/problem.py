"""What a proxy task is to the training loop: the whole interface that a user's own task implements.

A `Problem` is a model and its data. Parameters are any pytree of float arrays, so flax, equinox and plain JAX fit.

Example:
    A linear regression; `factory = "mymodule:make"` in a task's TOML names the function.

    >>> import jax, jax.numpy as jnp, numpy as np
    >>> from lionsearch.tasks.validation import validate_problem
    >>> def make(examples: int = 32) -> Problem:
    ...     x = np.random.default_rng(0).normal(size=(3 * examples, 4)).astype("float32")
    ...     data = {"x": x, "y": x @ np.ones(4, "float32")}
    ...     part = lambda i: {name: a[i * examples : (i + 1) * examples] for name, a in data.items()}
    ...     return Problem(
    ...         init=lambda key: {"w": jax.random.normal(key, (4,))},
    ...         loss=lambda params, batch: jnp.mean((batch["x"] @ params["w"] - batch["y"]) ** 2),
    ...         train=part(0), validation=part(1), test=part(2))
    >>> validate_problem(make())
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jax


@dataclass(frozen=True)
class Problem:
    """A model, its loss and its data.

    Attributes:
        init: `init(key) -> params`, a pytree of float32 arrays.
        loss: `loss(params, batch) -> scalar`, differentiable; a batch is a tree like `train`.
        train: a pytree of arrays, examples along the first axis; batches are drawn from it without replacement.
        validation: a tree like `train`; its loss is what a score is made of during the search.
        test: a tree like `train`; its loss is what the end of a search reports.
        metrics: `metrics(params, batch) -> {name: scalar}`, shown beside the loss; optional.
        sampled_loss: `sampled_loss(params, batch, key) -> (loss, predictions)`: the mean loss with labels drawn from
            the model's own predictions, and how many there are in the batch; optional, for programs that ask for
            `h_gnb`.
    """

    init: Callable[[jax.Array], Any]
    loss: Callable[[Any, Any], jax.Array]
    train: Any
    validation: Any
    test: Any
    metrics: Callable[[Any, Any], dict[str, jax.Array]] | None = None
    sampled_loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]] | None = None
