"""Modules of flax and equinox -> `Problem`, with dropout in training and BatchNorm's running statistics as state.

Neither library is imported before a problem of it is made.

What both make of the functions that they are given:

- `loss(outputs, batch) -> scalar` and, if given, `metrics(outputs, batch) -> {name: scalar}` and
  `sampled_loss(outputs, batch, key) -> (loss, predictions)`, as in `Problem`, get the module's outputs for a batch.
- What is trained on is `loss` of the outputs in training; all else is of the outputs in measuring, without dropout and
  with running statistics. The problem is stateful, whether or not the module has a state.
- `inputs(batch)` is what goes into the module. Without it, that is the first of a batch that is a tuple or a list, and
  the batch itself where that is one array.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from lionsearch.errors import TaskError
from lionsearch.tasks.problem import Problem

_IN_TRAINING = {"train": True, "training": True, "deterministic": False}
"""What a flax module's argument of such a name is in training; in measuring it is the other."""


def flax_problem(
    module: Any,
    loss: Callable[[Any, Any], jax.Array],
    train: Any,
    validation: Any,
    test: Any,
    *,
    inputs: Callable[[Any], Any] | None = None,
    rngs: Sequence[str] = ("dropout",),
    metrics: Callable[[Any, Any], dict[str, jax.Array]] | None = None,
    sampled_loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]] | None = None,
) -> Problem:
    """Return the problem of a flax.linen module.

    The module is called as `module.apply(variables, inputs(batch))`. Arguments of its `__call__` that are named `train`
    or `training` are True in training and False in measuring; one named `deterministic` is the other way round. A
    module without any of them is called in the same way in both. The initial weights are made as in measuring.

    The collection "params" is trained; every other that `module.init` makes, such as "batch_stats", is the state.

    Args:
        module: a module, not its class.
        loss: `loss(outputs, batch) -> scalar`.
        train: the training examples, as in `Problem`.
        validation: a tree like `train`.
        test: a tree like `train`.
        inputs: what of a batch goes into the module.
        rngs: the names of the random numbers that the module draws in training, as in `module.make_rng(name)`.
        metrics: `metrics(outputs, batch) -> {name: scalar}`.
        sampled_loss: `sampled_loss(outputs, batch, key) -> (loss, predictions)`.

    Raises:
        TaskError: if flax is not installed, this is no flax.linen module, or it is not clear what goes into it.

    Examples:
        >>> import numpy as np, optax
        >>> import flax.linen as nn
        >>> from lionsearch.tasks.validation import validate_problem
        >>> class Net(nn.Module):
        ...     @nn.compact
        ...     def __call__(self, x, train):
        ...         x = nn.BatchNorm(use_running_average=not train)(nn.Dense(8)(x))
        ...         x = nn.Dropout(0.1, deterministic=not train)(nn.relu(x))
        ...         return nn.Dense(3)(x)
        >>> def loss(outputs, batch):
        ...     return optax.softmax_cross_entropy_with_integer_labels(outputs, batch[1]).mean()
        >>> data = np.ones((16, 4), np.float32), np.arange(16) % 3
        >>> problem = flax_problem(Net(), loss, data, data, data)
        >>> validate_problem(problem)
        >>> params, state = jax.eval_shape(problem.init, jax.random.key(0))
        >>> sorted(params), sorted(state)
        (['BatchNorm_0', 'Dense_0', 'Dense_1'], ['batch_stats'])
    """
    linen = _load("flax.linen", "flax_problem")
    if not isinstance(module, linen.Module):
        raise TaskError(f"flax_problem takes a flax.linen module, such as Net(); found {_describe(module)}")
    take = _choose_inputs(inputs, train, "flax_problem")
    example = jax.tree.map(lambda leaf: leaf[:1], train)
    named = [name for name in inspect.signature(type(module).__call__).parameters if name in _IN_TRAINING]
    training = {name: _IN_TRAINING[name] for name in named}
    measuring = {name: not value for name, value in training.items()}

    def draw(key: jax.Array) -> dict[str, jax.Array]:
        return {name: jax.random.fold_in(key, number) for number, name in enumerate(rngs)}

    def init(key: jax.Array) -> tuple[Any, Any]:
        variables = module.init({**draw(key), "params": key}, take(example), **measuring)
        return variables.get("params", {}), {name: each for name, each in variables.items() if name != "params"}

    def apply(params: Any, state: Any, batch: Any, key: jax.Array | None) -> tuple[Any, Any]:
        variables, x = {"params": params, **state}, take(batch)
        if key is None:
            return module.apply(variables, x, **measuring), state
        outputs, new = module.apply(variables, x, rngs=draw(key), mutable=list(state), **training)
        return outputs, {**state, **new}

    return _assemble(init, apply, (train, validation, test), loss, metrics, sampled_loss)


def equinox_problem(
    make: Callable[[jax.Array], Any],
    loss: Callable[[Any, Any], jax.Array],
    train: Any,
    validation: Any,
    test: Any,
    *,
    inputs: Callable[[Any], Any] | None = None,
    metrics: Callable[[Any, Any], dict[str, jax.Array]] | None = None,
    sampled_loss: Callable[[Any, Any, jax.Array], tuple[jax.Array, Any]] | None = None,
) -> Problem:
    """Return the problem of an equinox module.

    The module is called on one example at a time, by `jax.vmap` with `axis_name="batch"`: as `module(x)`, or as
    `module(x, state)`, which returns the outputs and the state, if `make` returns one. If its `__call__` has an
    argument named `key`, it gets in training a key of its own for each example. In measuring it is in
    `eqx.nn.inference_mode`, and gets no key where that has a default, else always the same.

    Arrays of floats are trained; all other arrays, and what `eqx.nn.make_with_state` sets apart, are the state.

    A BatchNorm should have `mode="batch"`: with "ema", its running variance is 0 before the first step, and the loss of
    the untrained network, against which progress is measured, is of outputs divided by that.

    Args:
        make: `make(key)` returns a module, or a module and its state, as `eqx.nn.make_with_state(Net)(key)` does.
        loss: `loss(outputs, batch) -> scalar`.
        train: the training examples, as in `Problem`.
        validation: a tree like `train`.
        test: a tree like `train`.
        inputs: what of a batch goes into the module, examples along the first axis.
        metrics: `metrics(outputs, batch) -> {name: scalar}`.
        sampled_loss: `sampled_loss(outputs, batch, key) -> (loss, predictions)`.

    Raises:
        TaskError: if equinox is not installed, `make` returns something else, or it is not clear what goes into it.

    Examples:
        >>> import equinox as eqx, numpy as np
        >>> from lionsearch.tasks.validation import validate_problem
        >>> def make(key):
        ...     one, two = jax.random.split(key)
        ...     layers = [eqx.nn.Linear(4, 8, key=one), eqx.nn.Dropout(0.1), eqx.nn.Linear(8, "scalar", key=two)]
        ...     return eqx.nn.Sequential(layers)
        >>> def loss(outputs, batch):
        ...     return jnp.mean((outputs - batch[1]) ** 2)
        >>> data = np.ones((16, 4), np.float32), np.ones(16, np.float32)
        >>> validate_problem(equinox_problem(make, loss, data, data, data))
    """
    eqx = _load("equinox", "equinox_problem")
    take = _choose_inputs(inputs, train, "equinox_problem")
    model = _EquinoxModel(eqx, make)

    def apply(params: Any, state: Any, batch: Any, key: jax.Array | None) -> tuple[Any, Any]:
        return model.apply(params, state, take(batch), key)

    return _assemble(model.init, apply, (train, validation, test), loss, metrics, sampled_loss)


class _EquinoxModel:
    """A module as two trees of arrays, parameters and state, and what is no array, which is the same for all keys.

    The state is of two: arrays of the module that are not trained, and equinox's own state, None if there is none.

    Args:
        eqx: equinox.
        make: `make(key)` returns a module, or a module and its state.
    """

    def __init__(self, eqx: Any, make: Callable[[jax.Array], Any]):
        self._eqx, self._make = eqx, make
        module, held = eqx.filter_eval_shape(self._build, jax.random.key(0))
        _check_equinox(eqx, module, held)
        self._has_state = held is not None
        self._key = inspect.signature(type(module).__call__).parameters.get("key")
        params, others, self._static = self._split(module)
        self._structure = jax.tree.structure((params, (others, held)))

    def init(self, key: jax.Array) -> tuple[Any, Any]:
        """Return parameters and state; always of the same structure, which those of two calls of `make` need not be."""
        module, held = self._build(key)
        params, others, _ = self._split(module)
        return jax.tree.unflatten(self._structure, jax.tree.leaves((params, (others, held))))

    def apply(self, params: Any, state: Any, inputs: Any, key: jax.Array | None) -> tuple[Any, Any]:
        """Return the outputs for a batch and the state after it; without a key, those of measuring."""
        others, held = jax.tree.map(lambda leaf: leaf, state)  # a copy, as equinox lets a state be changed only once
        module = self._eqx.combine(params, others, self._static)
        if key is None:
            module = self._eqx.nn.inference_mode(module)

        def call(x: Any, held: Any, key: jax.Array | None) -> tuple[Any, Any]:
            named = {} if key is None else {"key": key}
            return module(x, held, **named) if self._has_state else (module(x, **named), None)

        mapped = jax.vmap(call, in_axes=(0, None, 0), out_axes=(0, None), axis_name="batch")
        outputs, held = mapped(inputs, held, self._draw(key, len(jax.tree.leaves(inputs)[0])))
        return outputs, (others, held)

    def _build(self, key: jax.Array) -> tuple[Any, Any]:
        made = self._make(key)
        return made if isinstance(made, tuple) and len(made) == 2 else (made, None)

    def _split(self, module: Any) -> tuple[Any, Any, Any]:
        """Return the arrays of floats, all other arrays, and the rest."""

        def is_array(leaf: Any) -> bool:
            return isinstance(leaf, jax.ShapeDtypeStruct) or self._eqx.is_array(leaf)

        def is_trained(leaf: Any) -> bool:
            return is_array(leaf) and jnp.issubdtype(leaf.dtype, jnp.inexact)

        params, rest = self._eqx.partition(module, is_trained)
        return params, *self._eqx.partition(rest, is_array)

    def _draw(self, key: jax.Array | None, count: int) -> jax.Array | None:
        """Return a key for each example, None if the module takes none."""
        if self._key is None or (key is None and self._key.default is not inspect.Parameter.empty):
            return None
        return jax.random.split(jax.random.key(0) if key is None else key, count)


def _assemble(
    init: Callable[[jax.Array], Any],
    apply: Callable[..., tuple[Any, Any]],
    splits: tuple[Any, Any, Any],
    loss: Callable[..., jax.Array],
    metrics: Callable[..., Any] | None,
    sampled_loss: Callable[..., Any] | None,
) -> Problem:
    """Return the problem of `apply(params, state, batch, key) -> (outputs, state)`, which in measuring gets no key."""

    def train_loss(params: Any, state: Any, batch: Any, key: jax.Array) -> tuple[jax.Array, Any]:
        outputs, state = apply(params, state, batch, key)
        return loss(outputs, batch), state

    def measured(function: Callable[..., Any] | None) -> Any:
        if function is None:
            return None
        return lambda params, state, batch, *key: function(apply(params, state, batch, None)[0], batch, *key)

    measures = {"metrics": measured(metrics), "sampled_loss": measured(sampled_loss)}
    return Problem(init, measured(loss), *splits, **measures, train_loss=train_loss, stateful=True)


def _choose_inputs(inputs: Callable[[Any], Any] | None, train: Any, name: str) -> Callable[[Any], Any]:
    if inputs is not None:
        return inputs
    if isinstance(train, tuple | list) and train:
        return lambda batch: batch[0]
    if hasattr(train, "shape"):
        return lambda batch: batch
    found = f"{_describe(train)} of {', '.join(map(repr, train))}" if isinstance(train, dict) else _describe(train)
    raise TaskError(
        f"{name}: a batch is {found}; say what of it goes into the module, such as inputs=lambda batch: batch['x']"
    )


def _check_equinox(eqx: Any, module: Any, state: Any) -> None:
    expected = "make(key) must return an equinox module, or the two of eqx.nn.make_with_state"
    if not isinstance(module, eqx.Module) or not callable(module):
        raise TaskError(f"equinox_problem: {expected}; found {_describe(module)}")
    if state is not None:
        if not isinstance(state, eqx.nn.State):
            raise TaskError(f"equinox_problem: {expected}; found a pair of a module and {_describe(state)}")
        return
    leaves = jax.tree.leaves(module, is_leaf=lambda leaf: isinstance(leaf, eqx.nn.StateIndex))
    if any(isinstance(leaf, eqx.nn.StateIndex) for leaf in leaves):
        raise TaskError(f"equinox_problem: {type(module).__name__} has a state, and {expected}; found the module alone")


def _describe(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def _load(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # installed, but without something that it needs
        raise TaskError(f"{name} needs {package}, which is not installed; run: pip install {package}") from None
