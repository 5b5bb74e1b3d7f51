"""Program -> an optimizer in this process: the exported file, run from memory.

What is run is text that this package wrote, of a program that its own text gives back: every name and number in it has
passed the parser, and the name of its file or composition stands in it as text alone. A module is made once for a
program and kept as long as the process lives, so its classes are the same however often they are asked for, and what
they make can be pickled: another process makes the module again.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.errors import SettingError, UnknownNameError, quote
from lionsearch.exports.optax_module import masks_decay, write_optax_module
from lionsearch.exports.preparation import Prepared, prepare
from lionsearch.exports.torch_module import write_torch_module
from lionsearch.graph.lowering import LR_SCALE
from lionsearch.lang import Program, format_program, parse

if TYPE_CHECKING:
    import optax


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

    Examples:
        >>> import jax.numpy as jnp
        >>> import lionsearch
        >>> transform = lionsearch.to_optax("lion", 1e-4, b1=0.95)
        >>> params = {"w": jnp.ones(2)}
        >>> updates, state = transform.update({"w": jnp.array([0.5, -2.0])}, transform.init(params), params)
        >>> [f"{update:.5f}" for update in updates["w"]], type(state).__name__, state.count.item()
        (['-0.00011', '0.00009'], 'LionState', 1)
    """
    prepared = _prepare(program)
    given = _by_exported_name(prepared, hyperparameters)
    if mask is not None:
        if not masks_decay(prepared):
            raise SettingError(
                f"{prepared.provenance.name}: it has no weight_decay that could differ from parameter to parameter,"
                " so there is nothing to mask"
            )
        given["mask"] = mask
    if state_dtype is not None:
        for slot in state_dtype if isinstance(state_dtype, Mapping) else ():
            if slot not in prepared.program.slots:
                raise UnknownNameError("slot", slot, prepared.program.slots, prepared.provenance.name)
        given |= {"state_dtype": state_dtype} if prepared.program.slots else {}
    return _optax_function(prepared)(learning_rate, **given)


def optax_factory(program: Program | str) -> Callable[..., optax.GradientTransformationExtraArgs]:
    """Return a function of the learning rate and the hyperparameters, as optax's own optimizers are.

    Its signature names them, which `optax.inject_hyperparams` wants.

    Examples:
        >>> import inspect
        >>> import jax.numpy as jnp
        >>> import optax
        >>> lion = optax_factory("lion")
        >>> list(inspect.signature(lion).parameters)
        ['learning_rate', 'b1', 'b2', 'weight_decay', 'mask', 'state_dtype']
        >>> state = optax.inject_hyperparams(lion)(learning_rate=0.1).init(jnp.ones(2))
        >>> round(float(state.hyperparams["b1"]), 3)
        0.9
    """
    return _optax_function(_prepare(program))


def to_torch(program: Program | str) -> type[Any]:
    """Return a program as a subclass of `torch.optim.Optimizer`.

    Its arguments are the parameters, `lr`, the hyperparameters by name, and `maximize`. `lr` is the learning rate
    that acts, where the program reads `lr` only in `lr * lr_scale`; its default is the program's `lr_scale`. Any other
    program, such as one that a search found (`lr * 0.001`), gets it as its own `lr`; the default, 1.0, is the program's
    own rate. In training on a task, `lr` is the task's schedule, whose peak is tuned AdamW's learning rate divided by
    0.001. A program that reads the loss takes it from the closure of `step`.

    Parameters may be sharded, as FSDP2 (`fully_shard`) has them: the state is too, and the weights become what they
    become in one piece. What is elementwise needs no communication; a program on matrices gathers one parameter at a
    time and computes it in every process, and its factors stay whole there. The loss is the mean of the processes'.

    Args:
        program: a program, its name or file, a composition, or `RUN:ID`.

    Raises:
        SettingError: if PyTorch is not installed, or the program asks for what an optimizer does not get.

    Examples:
        >>> from importlib.util import find_spec
        >>> import lionsearch
        >>> if find_spec("torch"):
        ...     import torch
        ...     model = torch.nn.Linear(3, 1)
        ...     optimizer = lionsearch.to_torch("lion")(model.parameters(), lr=1e-4, b1=0.95)
    """
    if find_spec("torch") is None:
        raise SettingError("PyTorch is not installed: pip install torch")
    prepared = _prepare(program)
    return getattr(_module(prepared, "torch"), prepared.class_name)


def _prepare(program: Any) -> Prepared:
    if isinstance(program, str | Path):
        return prepare(*load_target(str(program)))
    if isinstance(where := getattr(program, "target", None), str):  # of a run
        return prepare(*load_target(where))
    found = getattr(program, "program", program)
    if not isinstance(found, Program):
        raise SettingError(f"expected a program, its name, file or composition, or RUN:ID; not {quote(program)}")
    return prepare(found, Provenance("", "program"))


def _optax_function(prepared: Prepared) -> Callable[..., optax.GradientTransformationExtraArgs]:
    return getattr(_module(prepared, "optax"), prepared.name)


def _module(prepared: Prepared, library: str) -> ModuleType:
    """Return the module that a program's exported file is."""
    bare = replace(prepared.program, description="")
    text = format_program(bare)
    if parse(text) != bare:
        raise SettingError(f"{prepared.provenance.name}: not a program that its own text gives back")
    return _load(library, prepared.provenance.name, text, prepared.program.description)


@cache
def _load(library: str, name: str, program: str, description: str) -> ModuleType:
    write = {"optax": write_optax_module, "torch": write_torch_module}[library]
    prepared = prepare(parse(program), Provenance("", name))
    text = write(prepared, f"lionsearch.to_{library}")
    digest = blake2b("\0".join((library, name, program, description)).encode(), digest_size=8).hexdigest()
    module = ModuleType(f"lionsearch_exported_{prepared.name}_{digest}")
    sys.modules[module.__name__] = module  # torch.compile looks there
    filename = f"<lionsearch export {module.__name__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # for tracebacks
    exec(compile(text, filename, "exec"), module.__dict__)
    source = (library, name, program, description)
    called = getattr(module, prepared.class_name if library == "torch" else prepared.name)
    called.__doc__ = f"{description}\n\n{called.__doc__}".strip()
    kept = called if library == "torch" else getattr(module, prepared.state_name)
    kept.__reduce_ex__ = lambda self, protocol: _reduce(self, protocol, kept, source)
    return module


def _reduce(value: Any, protocol: int, kept: type[Any], source: tuple[str, str, str, str]) -> Any:
    """Return how what an exported module keeps is pickled and copied: with what the module is made of."""
    kind = type(value).__name__
    if type(value) is not kept:  # a user's own class
        return super(kept, value).__reduce_ex__(protocol)
    if isinstance(value, tuple):  # a state of optax
        return _again, (source, kind, *value)
    return _again, (source, kind), value.__getstate__()


def _again(source: tuple[str, str, str, str], kind: str, *values: Any) -> Any:
    made = getattr(_load(*source), kind)
    return made.__new__(made, *values)


def _by_exported_name(prepared: Prepared, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters by an exported file's names for them; a caller may use those, or the program's."""
    known = prepared.hyperparameters
    shown = {name: prepared.names[name] for name in known}
    names = {**dict(zip(shown.values(), shown.values(), strict=True)), **shown}
    for name in given:
        if name == LR_SCALE and name not in names:
            raise SettingError("an exported program has no lr_scale: learning_rate is the learning rate")
        if name not in names:
            raise UnknownNameError("hyperparameter", name, known, prepared.provenance.name)
    return {names[name]: value for name, value in given.items()}
