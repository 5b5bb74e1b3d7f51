"""Program -> an optax transformation in this process, run by `semantics.execution` as everything else is."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import optax

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.export.optax_module import optax_name
from lionsearch.export.preparation import WEIGHT_DECAY, Prepared, can_mask_decay, prepare
from lionsearch.graph.lowering import LR_SCALE
from lionsearch.lang import INPUTS, Kind, Program, shape_of
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, leaf_shapes


def to_optax(
    program: Program | str,
    learning_rate: optax.ScalarOrSchedule,
    *,
    mask: Any = None,
    state_dtype: Any = None,
    **hyperparameters: Any,
) -> optax.GradientTransformationExtraArgs:
    """Return a program as an optax transformation.

    `learning_rate` is the one that acts: where the program reads `lr` only in `lr * lr_scale`, `lr_scale` is 1; any
    other program, such as one that a search found (`lr * 0.001`), gets it as its `lr`, where 1.0 is the program's own
    rate, and its `lr_scale` is a hyperparameter as any other. In training on a task, `lr` is the task's schedule, whose
    peak is tuned AdamW's learning rate divided by 0.001. Everything is computed in
    32 bits or more; the state has the dtypes of the parameters, and the updates have, as in optax, those that
    parameters and gradients have together.

    Args:
        program: a program, its name or file, a composition, or `RUN:ID`.
        learning_rate: a number, or a schedule of the count from 0.
        mask: a tree of booleans, or a function of the parameters that gives one: whose weights `weight_decay` acts on.
        state_dtype: of the state; a dictionary gives it by slot. The parameters' if None.
        **hyperparameters: values other than the program's defaults; one whose name is taken here, such as `mask`, has
            the exported file's name, `mask_`.

    Raises:
        UnknownNameError: if the program has no such hyperparameter or slot.
        SettingError: if the program's weight decay cannot be masked.

    The transformation's `update` takes what the program asks for as keyword arguments: `value` for the loss, and `h`,
    `h_gnb`, `g_ahead`, `g_anchor`, `g_full` by name.

    Example:
        >>> import lionsearch
        >>> transform = lionsearch.to_optax("lion", 1e-4, b1=0.95)
        >>> params = {"w": jnp.ones(2)}
        >>> updates, state = transform.update({"w": jnp.array([0.5, -2.0])}, transform.init(params), params)
        >>> [f"{update:.5f}" for update in updates["w"]], type(state).__name__, state.count.item()
        (['-0.00011', '0.00009'], 'LionState', 1)
    """
    return _Transform(_prepared(program), learning_rate, hyperparameters, mask, state_dtype).build()


def optax_factory(program: Program | str) -> Callable[..., optax.GradientTransformationExtraArgs]:
    """Return a function of the learning rate and the hyperparameters, as optax's own optimizers are.

    Its signature names them, which `optax.inject_hyperparams` wants.

    Example:
        >>> lion = optax_factory("lion")
        >>> list(inspect.signature(lion).parameters)
        ['learning_rate', 'b1', 'b2', 'weight_decay', 'mask', 'state_dtype']
        >>> state = optax.inject_hyperparams(lion)(learning_rate=0.1).init(jnp.ones(2))
        >>> round(float(state.hyperparams["b1"]), 3)
        0.9
    """
    prepared = _prepared(program)
    parameter, either = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
    rate = parameter("learning_rate", either, annotation=optax.ScalarOrSchedule)
    numbers = [parameter(prepared.names[key], either, default=value) for key, value in prepared.hyperparameters.items()]
    options = [parameter(name, parameter.KEYWORD_ONLY, default=None) for name in ("mask", "state_dtype")]
    signature = inspect.Signature([rate, *numbers, *options])

    def factory(*args: Any, **kwargs: Any) -> optax.GradientTransformationExtraArgs:
        given = signature.bind(*args, **kwargs).arguments
        rate, mask, dtype = given.pop("learning_rate"), given.pop("mask", None), given.pop("state_dtype", None)
        return _Transform(prepared, rate, given, mask, dtype).build()

    factory.__name__ = factory.__qualname__ = prepared.name
    factory.__doc__ = prepared.program.description
    factory.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    return factory


def _prepared(program: Program | str) -> Prepared:
    return prepare(*(load_target(program) if isinstance(program, str) else (program, Provenance("", "program"))))


class _Transform:
    """One transformation; checks what it was given before anything is traced."""

    def __init__(self, prepared: Prepared, rate: Any, given: Mapping[str, Any], mask: Any, state_dtype: Any):
        self._prepared, self._program, self._rate = prepared, prepared.program, rate
        self._mask, self._state_dtype = mask, state_dtype
        known = prepared.hyperparameters
        given = _by_own_name(prepared, given)
        if mask is not None and not can_mask_decay(self._program):
            raise SettingError(
                f"{prepared.provenance.name}: it has no weight_decay that could differ from parameter to parameter,"
                " so there is nothing to mask"
            )
        if isinstance(state_dtype, Mapping):
            for slot in state_dtype:
                if slot not in self._program.slots:
                    raise UnknownNameError("slot", slot, self._program.slots, prepared.provenance.name)
        self._hyperparameters = {**dict(self._program.hyperparameters), **known, **given}
        self._hyperparameters |= {} if prepared.lowered.scale is None else {LR_SCALE: 1.0}
        fields = tuple(prepared.names[slot] for slot in self._program.slots)
        self._state = _state_class(prepared.state_name, ("count", *fields))
        self._needs_params = prepared.lowered.reads("w") or mask is not None

    def build(self) -> optax.GradientTransformationExtraArgs:
        return optax.GradientTransformationExtraArgs(self._init, self._update)

    def _init(self, params: Any) -> Any:
        slots = (self._start(slot, kind, params) for slot, kind in self._program.state)
        return self._state(jnp.zeros([], jnp.int32), *slots)

    def _start(self, slot: str, kind: Kind, params: Any) -> Any:
        by_slot = isinstance(self._state_dtype, Mapping)
        dtype = self._state_dtype.get(slot) if by_slot else self._state_dtype
        if kind is Kind.SCALAR:
            return jnp.zeros((), jnp.result_type(float))
        if kind is Kind.TENSOR:
            return jax.tree.map(lambda w: jnp.zeros_like(w, dtype=dtype), params)
        return jax.tree.map(lambda w: jnp.zeros(shape_of(kind, w.shape), dtype or w.dtype), params)

    def _update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        if params is None and self._needs_params:
            raise SettingError(f"{self._prepared.provenance.name} reads the weights: call update with params")
        leaves, structure = jax.tree.flatten(updates)
        if not leaves:  # such as a label of multi_transform that nothing has
            return updates, state
        values: dict[str, Any] = {
            **self._hyperparameters,
            "g": _wide(leaves),
            "lr": self._rate(state.count) if callable(self._rate) else self._rate,
            "t": (state.count + 1).astype(jnp.result_type(float)),
        }
        if params is not None:
            values["w"] = _wide(structure.flatten_up_to(params))
        for name in self._prepared.extra_inputs:
            values[name] = self._extra(name, extra, structure)
        for (slot, kind), stored in zip(self._program.state, state[1:], strict=True):
            values[slot] = stored if kind is Kind.SCALAR else _wide(structure.flatten_up_to(stored))
        if self._mask is not None:
            values[WEIGHT_DECAY] = _masked(values[WEIGHT_DECAY], self._mask, params, structure)
        found, slots = run_statements(self._program, LeafSpace(jnp, leaf_shapes(leaves)), values)
        kept = (
            _cast(new, old, structure, kind)
            for new, old, (_, kind) in zip(slots, state[1:], self._program.state, strict=True)
        )
        changes = [(-u).astype(dtype) for u, dtype in zip(found, _dtypes(leaves, params, structure), strict=True)]
        return structure.unflatten(changes), self._state(optax.safe_increment(state.count), *kept)

    def _extra(self, name: str, extra: Mapping[str, Any], structure: Any) -> Any:
        keyword = optax_name(name)
        if extra.get(keyword) is None:
            raise SettingError(
                f"{self._prepared.provenance.name} asks for {name} ({self._prepared.describe_input(name)}):"
                f" pass it to update as {keyword}=..."
            )
        value = extra[keyword]
        return value if INPUTS[name].kind is Kind.SCALAR else _wide(structure.flatten_up_to(value))


def _by_own_name(prepared: Prepared, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters by the program's names for them; a caller may use those, or an exported file's."""
    known = prepared.hyperparameters
    names = {**{prepared.names[name]: name for name in known}, **{name: name for name in known}}
    for name in given:
        if name == LR_SCALE and name not in names:
            raise SettingError("an exported program has no lr_scale: learning_rate is the learning rate")
        if name not in names:
            raise UnknownNameError("hyperparameter", name, known, prepared.provenance.name)
    return {names[name]: value for name, value in given.items()}


def _dtypes(gradients: list[Any], params: Any, structure: Any) -> list[Any]:
    """Return the dtypes of the updates: what a gradient and its parameter have together."""
    weights = gradients if params is None else structure.flatten_up_to(params)
    return [jnp.result_type(g, w) for g, w in zip(gradients, weights, strict=True)]


def _wide(leaves: list[Any]) -> tuple[Any, ...]:
    """Return arrays of at least 32 bits."""
    return tuple(jnp.asarray(x, jnp.promote_types(jnp.result_type(x), jnp.float32)) for x in leaves)


def _cast(new: Any, old: Any, structure: Any, kind: Kind) -> Any:
    """Return a slot's next value in the shapes and dtypes of the last one."""
    if kind is Kind.SCALAR:
        return jnp.asarray(new, old.dtype)
    pairs = zip(new, structure.flatten_up_to(old), strict=True)
    return structure.unflatten([jnp.broadcast_to(jnp.asarray(x, y.dtype), y.shape) for x, y in pairs])


def _masked(value: Any, mask: Any, params: Any, structure: Any) -> tuple[Any, ...]:
    """Return for each parameter the value, or 0 where the mask says so."""
    mask = mask(params) if callable(mask) else mask
    chosen = jax.tree.map(lambda on, part: jax.tree.map(lambda _: value if on else 0.0, part), mask, params)
    return tuple(structure.flatten_up_to(chosen))


@cache
def _state_class(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    """Return the named tuple of a program's state: one class for one name and fields, so that trees compare equal."""
    made = namedtuple(name, fields)  # pyright: ignore[reportUntypedNamedTuple]
    made.__reduce__ = lambda self: (_restore, (name, fields, tuple(self)))  # type: ignore[assignment]
    return made


def _restore(name: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return _state_class(name, fields)(*values)
