"""Problem -> what can be known by shapes alone, and a clear error where the task interface is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.errors import TaskError
from lionsearch.tasks.calling import FAULTS, describe_fault
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.problem import Problem


def count_examples(tree: Any) -> int:
    """Return the number of examples: the length of the first axis of the tree's leaves."""
    return int(np.shape(jax.tree.leaves(tree)[0])[0])


def count_parameters(problem: Problem) -> int:
    """Return the number of trainable numbers."""
    params, _ = Objective(problem).shapes()
    return sum(int(np.prod(leaf.shape, dtype=int)) for leaf in jax.tree.leaves(params))


def validate_problem(problem: Problem, name: str = "task") -> None:
    """Check the interface by shapes alone; nothing is computed.

    Raises:
        TaskError: naming the part of the interface that is broken, what was found and what is expected.
    """
    if not isinstance(problem, Problem):
        raise TaskError(f"{name}: the factory returned {type(problem).__name__}; expected lionsearch.tasks.Problem")
    if problem.stateful and problem.train_loss is None:
        expected = "train_loss(params, state, batch, key) -> (loss, state), which says what the state is after a step"
        raise TaskError(f"{name}: stateful, but without a train_loss; expected {expected}")
    if not isinstance(problem.recipe, str):
        raise TaskError(f"{name}: recipe is {problem.recipe!r}; expected text that says how initial weights are made")
    for split in ("train", "validation", "test"):
        _check_split(name, split, getattr(problem, split), problem.train)
    given = _check_init(name, problem)
    what = f"{name}: {_call(problem, 'loss', 'batch')}"
    _check_scalar(what, _shapes_of(what, problem.loss, *given, problem.validation))
    if problem.train_loss is not None:
        _check_train_loss(name, problem, given)
    if problem.metrics is not None:
        what = f"{name}: {_call(problem, 'metrics', 'batch')}"
        metrics = _shapes_of(what, problem.metrics, *given, problem.validation)
        if not isinstance(metrics, dict) or any(getattr(value, "shape", None) != () for value in metrics.values()):
            raise TaskError(f"{what} must return scalars by name; found {metrics}")
    if problem.samples is not None:
        what = f"{name}: {_call(problem, 'samples', 'key')}"
        images = _shapes_of(what, problem.samples, *given, jax.random.key(0))
        if len(getattr(images, "shape", ())) != 3:
            raise TaskError(f"{what} must return images (count, height, width); found {images}")
    if problem.sampled_loss is not None:
        what = f"{name}: {_call(problem, 'sampled_loss', 'batch', 'key')}"
        sampled = _shapes_of(what, problem.sampled_loss, *given, problem.validation, jax.random.key(0))
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
    objective = Objective(problem)
    params, state = objective.shapes()
    part = jax.tree.map(lambda leaf: leaf[:batch], problem.train)
    trained = ("loss", "batch") if problem.train_loss is None else ("train_loss", "batch", "key")
    what = f"{name}: the gradient of {_call(problem, *trained)}"
    _shapes_of(what, jax.grad(objective.trained, has_aux=True), params, state, part, jax.random.key(0))
    _shapes_of(f"{name}: {_call(problem, 'loss', 'test')}", objective.measured, params, state, problem.test)


def _call(problem: Problem, function: str, *taken: str) -> str:
    """Return how a message names a function of the problem: with what it takes."""
    first = ("params", "state") if problem.stateful else ("params",)
    return f"{function}({', '.join((*first, *taken))})"


def _check_init(name: str, problem: Problem) -> tuple[Any, ...]:
    """Return the shapes of what all functions of the problem take first: of the parameters, and of the state if any."""
    made = _shapes_of(f"{name}: init(key)", problem.init, jax.random.key(0))
    if problem.stateful and not (isinstance(made, tuple) and len(made) == 2):
        raise TaskError(f"{name}: init(key) of a stateful problem must return (params, state); found {made}")
    given = tuple(made) if problem.stateful else (made,)
    leaves = jax.tree.leaves(given[0])
    if not leaves or any(leaf.dtype != jnp.float32 for leaf in leaves):
        found = sorted({str(leaf.dtype) for leaf in leaves}) or "no arrays"
        expected = "(params, state), with params a tree" if problem.stateful else "a tree"
        raise TaskError(f"{name}: init(key) must return {expected} of float32 arrays; found {found}")
    return given


def _check_train_loss(name: str, problem: Problem, given: tuple[Any, ...]) -> None:
    assert problem.train_loss is not None
    what = f"{name}: {_call(problem, 'train_loss', 'batch', 'key')}"
    found = _shapes_of(what, problem.train_loss, *given, problem.validation, jax.random.key(0))
    if not problem.stateful:
        _check_scalar(what, found)
        return
    if not (isinstance(found, tuple) and len(found) == 2):
        raise TaskError(f"{what} must return (loss, state); found {found}")
    loss, state = found
    _check_scalar(f"{what} -> (loss, state)", loss)
    found, expected = _leaves_by_path(state), _leaves_by_path(given[1])
    like = f"{what} must return a state like that of init(key)"
    for path in (*expected, *found):
        if found.get(path) != expected.get(path):
            is_there = (leaves.get(path, "not there") for leaves in (found, expected))
            raise TaskError("{}; state{} is {}; expected {}".format(like, path, *is_there))
    if jax.tree.structure(state) != jax.tree.structure(given[1]):
        raise TaskError(f"{like}; found {jax.tree.structure(state)}; expected {jax.tree.structure(given[1])}")


def _leaves_by_path(tree: Any) -> dict[str, str]:
    paths = jax.tree.leaves_with_path(tree)
    return {jax.tree_util.keystr(path): f"{leaf.dtype}{leaf.shape}" for path, leaf in paths}


def _check_scalar(what: str, loss: Any) -> None:
    if getattr(loss, "shape", None) != ():
        raise TaskError(f"{what} must return a scalar; found {jax.tree.map(jnp.shape, loss)}")


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
