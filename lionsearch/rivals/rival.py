"""What a rival may ask of training in one step, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax

from lionsearch.tasks.objective import full_gradient


class Costs(NamedTuple):
    """Evaluations on a batch: numbers, or arrays of one. Of more or fewer examples, as much more or less.

    Attributes:
        gradients: of the loss.
        losses: without a gradient.
        products: of the Hessian with a vector.
    """

    gradients: Any = 0.0
    losses: Any = 0.0
    products: Any = 0.0

    def plus(self, other: Costs) -> Costs:
        """Return the sum."""
        return Costs(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class Oracle:
    """What a rival sees of one step of training, and may ask of it.

    All losses are of what is trained on, but for `measured_at`; with the same dropout and noise within the step, and
    the model's state as it is before the step. What is asked is counted by the rival, in the `Costs` that its step
    returns. The loss and the gradient of the batch at the weights are there anyway, and count as one gradient, which
    the rival does not count.

    Attributes:
        weights: the parameter tree.
        loss: of the batch at the weights.
        gradient: of the batch's loss at the weights.
        batch: the step's examples.
        examples: int32 (batch,), which of all training examples those are.
        data: all training examples.
        step: from 0.
        lr: the learning rate of the step.
        weight_decay: 0 for a rival that has none.
        key: of random numbers, new in each step.
        measure: `measure(weights, batch) -> loss`.
        shape: what is done to each gradient, such as clipping; `gradient` had it.
        judge: `judge(weights, batch) -> loss`, of what is measured; None where that is what is trained on.
    """

    weights: Any
    loss: jax.Array
    gradient: Any
    batch: Any
    examples: jax.Array
    data: Any
    step: jax.Array
    lr: jax.Array
    weight_decay: jax.Array
    key: jax.Array
    measure: Callable[[Any, Any], jax.Array]
    shape: Callable[[Any], Any] = lambda gradient: gradient
    judge: Callable[[Any, Any], jax.Array] | None = None

    @property
    def count(self) -> int:
        """How many training examples there are."""
        return len(jax.tree.leaves(self.data)[0])

    @property
    def size(self) -> int:
        """How many examples are in the batch."""
        return len(self.examples)

    def loss_at(self, weights: Any, batch: Any = None) -> jax.Array:
        """Return the loss at weights, on the step's batch or other examples; one loss for a batch."""
        return self.measure(weights, self.batch if batch is None else batch)

    def measured_at(self, weights: Any, batch: Any = None) -> jax.Array:
        """Return the loss that is measured, such as a share of errors, on training examples; one loss for a batch."""
        return (self.judge or self.measure)(weights, self.batch if batch is None else batch)

    def gradient_at(self, weights: Any, batch: Any = None) -> Any:
        """Return the gradient at weights, on the step's batch or other examples; one gradient for a batch."""
        return self.shape(self._slope(weights, batch))

    def product(self, weights: Any, vector: Any, batch: Any = None) -> Any:
        """Return the Hessian at weights times a vector, a tree like them; one product for a batch."""
        return jax.jvp(lambda at: self._slope(at, batch), (weights,), (vector,))[1]

    def gradients_of_examples(self, weights: Any, batch: Any = None) -> Any:
        """Return the gradient of each example, along the first axis of each leaf; one gradient for a batch."""
        alone = jax.tree.map(lambda leaf: leaf[:, None], self.batch if batch is None else batch)
        return jax.vmap(lambda example: self.gradient_at(weights, example))(alone)

    def _slope(self, weights: Any, batch: Any) -> Any:
        return jax.grad(self.loss_at)(weights, batch)

    def full_gradient(self, weights: Any) -> Any:
        """Return the gradient of the mean loss over all training examples; `count / size` gradients."""
        return full_gradient(lambda batch: self.gradient_at(weights, batch), weights, self.data, self.size)


def uses_gradient(rival: Any) -> bool:
    """Return whether a rival takes the batch's gradient; one that does not has `uses_gradient = False`."""
    return bool(getattr(rival, "uses_gradient", True))


class Rival(Protocol):
    """An optimizer that looks at training itself. Its state is any pytree of arrays.

    One that takes neither `oracle.gradient` nor `oracle.loss` has `uses_gradient = False`, and is not charged for them.

    Examples:
        Gradient descent that halves its step until the loss of the batch falls, four times at most:

        >>> class Backtracking:
        ...     def init(self, weights, count):
        ...         return ()
        ...     def step(self, oracle, state):
        ...         def move(rate):
        ...             return jax.tree.map(lambda w, g: w - rate * g, oracle.weights, oracle.gradient)
        ...         rates = [oracle.lr * 0.5 ** number for number in range(5)]
        ...         falls = jnp.stack([oracle.loss_at(move(rate)) < oracle.loss for rate in rates])
        ...         chosen = jnp.stack(rates)[jnp.argmax(falls.at[-1].set(True))]
        ...         return move(chosen), state, Costs(losses=5)
    """

    def init(self, weights: Any, count: int) -> Any:
        """Return the state before the first step.

        Args:
            weights: the initial parameter tree.
            count: how many training examples there are.
        """
        ...

    def step(self, oracle: Oracle, state: Any) -> tuple[Any, Any, Costs]:
        """Return the weights and the state after a step, and what it asked of the oracle."""
        ...


class Stateless:
    """A rival that keeps nothing from step to step."""

    def init(self, weights: Any, count: int) -> tuple[()]:
        """Return the state before the first step: nothing."""
        del weights, count
        return ()
