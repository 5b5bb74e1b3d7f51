"""The parameters of `train`: slots and their kinds, optional inputs, hyperparameters."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lionsearch.errors import nearest_hint, quote, shorten
from lionsearch.lang.inputs import INPUTS, OPTIONAL_INPUTS, find_fault
from lionsearch.lang.kinds import SLOT_KINDS, Kind
from lionsearch.lang.source import SHAPE, Source, construct, number
from lionsearch.limits import PROGRAM_SLOTS


@dataclass(frozen=True, slots=True)
class Signature:
    """What a program declares; the attributes are those of `Program`."""

    slots: tuple[str, ...]
    kinds: tuple[Kind, ...]
    optional_inputs: tuple[str, ...]
    hyperparameters: tuple[tuple[str, float], ...]

    @property
    def names(self) -> set[str]:
        """The names that a body may read from the start."""
        return {"w", "g", "lr", *self.slots, *self.optional_inputs, *(name for name, _ in self.hyperparameters)}


def read_signature(function: ast.FunctionDef, source: Source) -> Signature:
    """Return what the parameters of `train` declare.

    Raises:
        ProgramError: if they are not those of a program.
    """
    arguments = function.args
    for stars, extra in (("*", arguments.vararg), ("**", arguments.kwarg)):
        if extra is not None:
            raise source.error(extra, f"'{stars}{shorten(extra.arg)}' is not allowed; expected {SHAPE}")
    if arguments.posonlyargs:
        raise source.error(arguments.posonlyargs[0], f"'/' is not allowed; expected {SHAPE}")
    if arguments.defaults:
        message = "defaults belong to hyperparameters, after '*': train(w, g, lr, *, b1=0.9)"
        raise source.error(arguments.defaults[0], message)
    if function.returns is not None:
        raise source.error(function.returns, "an annotation is not allowed")
    if (found := len(arguments.args) + len(arguments.kwonlyargs)) > PROGRAM_SLOTS:
        raise source.error(function, f"'train' has {found} parameters; it can have at most {PROGRAM_SLOTS}")
    positional = [argument.arg for argument in arguments.args]
    seen: set[str] = set()
    for argument in (*arguments.args, *arguments.kwonlyargs):
        _check_parameter(argument, seen, source)
    if positional[:2] != ["w", "g"] or "lr" not in positional:
        raise source.error(function, f"the parameters are ({shorten(', '.join(positional))}); expected {SHAPE}")
    split = positional.index("lr")
    slots, optional = tuple(positional[2:split]), tuple(positional[split + 1 :])
    kinds: list[Kind] = []
    for argument in arguments.args[2:split]:
        if argument.arg in INPUTS:
            raise source.error(argument, f"{argument.arg!r} is an input, not a slot; it goes after 'lr'")
        kinds.append(_slot_kind(argument, source))
    for argument in (*arguments.args[:2], *arguments.args[split:], *arguments.kwonlyargs):
        if argument.annotation is not None:
            raise source.error(argument.annotation, "an annotation is not allowed; only slots have a declared kind")
    for argument in arguments.args[split + 1 :]:
        if argument.arg not in OPTIONAL_INPUTS:
            hint = nearest_hint(argument.arg, OPTIONAL_INPUTS)
            message = f"unknown input {argument.arg!r} after 'lr' ({hint}); slots go between 'g' and 'lr'"
            raise source.error(argument, message)
    for argument in arguments.kwonlyargs:
        if argument.arg in INPUTS:
            raise source.error(argument, f"{argument.arg!r} is an input and cannot be a hyperparameter")
    hyperparameters = tuple(
        (argument.arg, _default(argument, default, source))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    )
    return Signature(slots, tuple(kinds), optional, hyperparameters)


def _slot_kind(argument: ast.arg, source: Source) -> Kind:
    node = argument.annotation
    if node is None:
        return Kind.TENSOR
    name = node.id if isinstance(node, ast.Name) else ""
    if name not in SLOT_KINDS:
        found = quote(name) if name else construct(node)
        hint = nearest_hint(name, SLOT_KINDS)
        raise source.error(node, f"{found} is not the kind of a slot; {hint}")
    return SLOT_KINDS[name]


def _check_parameter(argument: ast.arg, seen: set[str], source: Source) -> None:
    source.check_name(argument, argument.arg)
    if argument.arg in seen:
        raise source.error(argument, f"a second parameter {argument.arg!r}; the names of parameters must differ")
    seen.add(argument.arg)


def _default(argument: ast.arg, default: ast.expr | None, source: Source) -> float:
    value = number(default) if default is not None else None
    if value is None:
        raise source.error(default or argument, f"hyperparameter {argument.arg!r} needs a number as its default")
    if expected := find_fault(argument.arg, value):
        raise source.error(default or argument, f"hyperparameter {argument.arg!r} is {value:g}; expected {expected}")
    return source.finite(default or argument, value)
