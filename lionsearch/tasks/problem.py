"""What a proxy task is to the training loop: the whole interface that a user's own task implements.

A `Problem` is a model and its data. Parameters are any pytree of float arrays, so flax, equinox and plain JAX fit;
`adapters.py` makes a problem of a flax or an equinox module.

Examples:
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


@dataclass(frozen=True, eq=False)  # arrays cannot be compared
class Problem:
    """A model, its loss and its data.

    A model may have a state of its own, such as BatchNorm's running statistics: with `stateful`, the functions take and
    give it as written below behind "stateful". No optimizer sees it, and it is new after each step.

    Attributes:
        init: `init(key) -> params`, a pytree of float32 arrays. Stateful: `init(key) -> (params, state)`, the state any
            pytree of arrays.
        loss: `loss(params, batch) -> scalar`, what is measured; a batch is a tree like `train`. It is trained on too,
            and then has to be differentiable, unless there is a `train_loss`. Stateful: `loss(params, state, batch)`.
        train: a pytree of arrays, examples along the first axis; batches are drawn from it without replacement.
        validation: a tree like `train`; its loss is what a score is made of during the search.
        test: a tree like `train`; its loss is what the end of a search reports.
        metrics: `metrics(params, batch) -> {name: scalar}`, shown beside the loss; optional. Stateful:
            `metrics(params, state, batch)`.
        sampled_loss: `sampled_loss(params, batch, key) -> (loss, predictions)`: the mean loss with labels drawn from
            the model's own predictions, and how many there are in the batch; optional, for programs that ask for
            `h_gnb`. Stateful: `sampled_loss(params, state, batch, key)`.
        train_loss: `train_loss(params, batch, key) -> scalar`, what is trained on where that is not what is measured:
            with dropout, noise or augmentation; differentiable; optional. The key is new in each step, and the same for
            all that is computed in the step. Stateful: `train_loss(params, state, batch, key) -> (loss, state)`, with
            the state after the step, and required.
        samples: `samples(params, key) -> images`, what a trained model draws, for a run's page: floats from 0 to 1 of
            shape (count, height, width); optional. Stateful: `samples(params, state, key)`.
        stateful: whether the model has a state.
        recipe: how the initial weights are made, where that is a computation such as pretraining, whose last digits
            differ between machines. A task is known again by its data, code and initial weights; with a recipe, by that
            in place of the weights. Optional.

    Examples:
        A model that subtracts a running mean of its inputs, and is trained with noise on them:

        >>> import jax, jax.numpy as jnp, numpy as np
        >>> from lionsearch.tasks.validation import validate_problem
        >>> def squares(w, mean, x):
        ...     return jnp.mean(((x - mean) * w - 1) ** 2)
        >>> def train_loss(w, mean, x, key):
        ...     noisy = x + 0.1 * jax.random.normal(key, x.shape)
        ...     return squares(w, jnp.mean(x), noisy), 0.9 * mean + 0.1 * jnp.mean(x)
        >>> data = np.arange(8, dtype="float32")
        >>> validate_problem(Problem(
        ...     init=lambda key: (jnp.ones(()), jnp.zeros(())),
        ...     loss=squares, train_loss=train_loss, stateful=True, train=data, validation=data, test=data))
    """

    init: Callable[[jax.Array], Any]
    loss: Callable[..., jax.Array]
    train: Any
    validation: Any
    test: Any
    metrics: Callable[..., dict[str, jax.Array]] | None = None
    sampled_loss: Callable[..., tuple[jax.Array, Any]] | None = None
    train_loss: Callable[..., Any] | None = None
    samples: Callable[..., jax.Array] | None = None
    stateful: bool = False
    recipe: str = ""
