"""Problem -> what can be known by shapes alone, and a clear error where the task interface is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.errors import TaskError
from lionsearch.tasks.calling import FAULTS, describe_fault
from lionsearch.tasks.problem import Problem


def count_examples(tree: Any) -> int:
    """Return the number of examples: the length of the first axis of the tree's leaves."""
    return int(np.shape(jax.tree.leaves(tree)[0])[0])


def count_parameters(problem: Problem) -> int:
    """Return the number of trainable numbers."""
    shapes = jax.eval_shape(problem.init, jax.random.key(0))
    return sum(int(np.prod(leaf.shape, dtype=int)) for leaf in jax.tree.leaves(shapes))


def validate_problem(problem: Problem, name: str = "task") -> None:
    """Check the interface by shapes alone; nothing is computed.

    Raises:
        TaskError: naming the part of the interface that is broken, what was found and what is expected.
    """
    if not isinstance(problem, Problem):
        raise TaskError(f"{name}: the factory returned {type(problem).__name__}; expected lionsearch.tasks.Problem")
    for split in ("train", "validation", "test"):
        _check_split(name, split, getattr(problem, split), problem.train)
    params = _shapes_of(f"{name}: init(key)", problem.init, jax.random.key(0))
    leaves = jax.tree.leaves(params)
    if not leaves or any(leaf.dtype != jnp.float32 for leaf in leaves):
        found = sorted({str(leaf.dtype) for leaf in leaves}) or "no arrays"
        raise TaskError(f"{name}: init(key) must return a tree of float32 arrays; found {found}")
    loss = _shapes_of(f"{name}: loss(params, batch)", problem.loss, params, problem.validation)
    if getattr(loss, "shape", None) != ():
        raise TaskError(f"{name}: loss(params, batch) must return a scalar; found {jax.tree.map(jnp.shape, loss)}")
    if problem.metrics is not None:
        metrics = _shapes_of(f"{name}: metrics(params, batch)", problem.metrics, params, problem.validation)
        if not isinstance(metrics, dict) or any(getattr(value, "shape", None) != () for value in metrics.values()):
            raise TaskError(f"{name}: metrics(params, batch) must return scalars by name; found {metrics}")
    if problem.sampled_loss is not None:
        what = f"{name}: sampled_loss(params, batch, key)"
        sampled = _shapes_of(what, problem.sampled_loss, params, problem.validation, jax.random.key(0))
        if not (isinstance(sampled, tuple) and len(sampled) == 2 and getattr(sampled[0], "shape", None) == ()):
            raise TaskError(f"{what} must return a loss and the number of predictions; found {sampled}")


def validate_batch(problem: Problem, batch: int, name: str = "task") -> None:
    """Check, by shapes alone, that the problem can be trained on batches of this size.

    Raises:
        TaskError: naming what cannot be done.
    """
    examples = count_examples(problem.train)
    if batch > examples:
        raise TaskError(f"{name}: a batch of {batch} from {examples} training examples")
    params = jax.eval_shape(problem.init, jax.random.key(0))
    part = jax.tree.map(lambda leaf: leaf[:batch], problem.train)
    _shapes_of(f"{name}: the gradient of loss(params, batch)", jax.grad(problem.loss), params, part)
    _shapes_of(f"{name}: loss(params, test)", problem.loss, params, problem.test)


def _check_split(name: str, split: str, tree: Any, train: Any) -> None:
    leaves = jax.tree.leaves(tree)
    if not leaves or any(np.ndim(leaf) == 0 for leaf in leaves) or any(len(leaf) == 0 for leaf in leaves):
        raise TaskError(f"{name}: {split} must be a tree of arrays with examples along the first axis")
    lengths = {len(leaf) for leaf in leaves}
    if len(lengths) > 1:
        raise TaskError(f"{name}: the arrays of {split} have different numbers of examples: {sorted(lengths)}")
    if jax.tree.structure(tree) != jax.tree.structure(train):
        raise TaskError(f"{name}: {split} is {jax.tree.structure(tree)}; train is {jax.tree.structure(train)}")
    for leaf, expected in zip(leaves, jax.tree.leaves(train), strict=True):
        found, wanted = (f"{x.dtype}{x.shape[1:]}" for x in (np.asarray(leaf), np.asarray(expected)))
        if found != wanted:
            raise TaskError(f"{name}: an example of {split} is {found}; of train it is {wanted}")


def _shapes_of(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return jax.eval_shape(function, *arguments)
    except FAULTS as error:  # the user's own code: any error is theirs to see, in one line
        raise TaskError(f"{what} failed: {describe_fault(error)}") from error
