"""Which values get a name, and which: the program's own, as far as Python's scopes allow it.

A statement without a name of its own in the program (`v1` and the like) stands inside the one that reads it. A name
is used again, as in the program, once what it stood for is not read any more. Numbers and what belongs to parameters
never share a name, because the function of one parameter reads numbers from around it.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping

from lionsearch.export.expressions import Speller, Text
from lionsearch.export.flow import AXES, Flow, consumers, is_unnamed
from lionsearch.export.phases import Phase
from lionsearch.lang import INPUTS, Kind

_WIDTH = 84
_RESERVED = {*dir(builtins), *keyword.kwlist, "jax", "jnp", "optax", "torch", "NamedTuple", "Any", "each"}
_OPTAX = (
    *("program", "learning_rate", "mask", "state_dtype", "init", "update"),  # the factory's, and of `to_optax`
    *("updates", "state", "params", "extra", "leaves", "structure", "rows", "numbers"),  # its update's
    *("count", "index"),  # the state's
)
_TORCH = (
    *("self", "params", "maximize", "defaults"),  # the constructor's
    *("step", "param_names", "initial_lr", "swa_lr", "max_lr", "min_lr", "capturable", "fused"),  # parameter groups'
)


def find_nested(flow: Flow, phases: tuple[Phase, ...], speller: Speller) -> set[int]:
    """Return the values that stand inside the expression that reads them."""
    readers = consumers(flow, flow.needed())
    section = {i: (n, part) for n, phase in enumerate(phases) for part in (phase.numbers, phase.leaves) for i in part}
    nested: set[int] = set()

    def write(index: int) -> Text:
        return speller.write(index, lambda read: write(read) if read in nested else Text(flow.values[read].name))

    for index in (i for phase in phases for i in (*phase.numbers, *phase.leaves)):
        for read in flow.values[index].reads:
            if (
                section.get(read) == section[index]
                and is_unnamed(flow.values[read].name)
                and readers[read] == [index]
                and read not in flow.outputs
                and speller.reads_once(index, read)
            ):
                nested.add(read)
        inner = sorted(nested.intersection(flow.values[index].reads), key=lambda read: -len(write(read).text))
        while inner and len(write(index).text) > _WIDTH:
            nested.discard(inner.pop(0))
    return nested


def identifier(name: str, reserved: Iterable[str] = ()) -> str:
    """Return a name that Python and the exported module have no other use for.

    Example:
        >>> identifier("m"), identifier("_m"), identifier("map")
        ('m', 'm', 'map_')
    """
    stripped = name.lstrip("_")
    if not stripped or stripped[0].isdigit():
        stripped = f"x{stripped}"
    taken = _RESERVED.union(reserved)
    while stripped in taken or re.fullmatch(r"each_\d+", stripped):
        stripped += "_"
    return stripped


def public_names(flow: Flow, reserved: Iterable[str] = ()) -> dict[str, str]:
    r"""Return a name of its own for each input, slot and hyperparameter, the same in every kind of export.

    It is the program's where a field of a state, an argument and a key of a parameter group can have that.

    Args:
        flow: the program.
        reserved: further names that the exported module has another use for.

    Example:
        >>> from lionsearch.export.flow import build_flow
        >>> from lionsearch.lang import parse
        >>> text = "def train(w, g, m, _m, lr, *, mask=1.0):\n  m = m + g\n  _m = _m + m\n  return _m * mask, m, _m"
        >>> public_names(build_flow(parse(text)))
        {'w': 'w', 'g': 'g', 'lr': 'lr', 'm': 'm', '_m': 'm_', 'mask': 'mask_'}
    """
    kept = {name: name for name in flow.initial if name in INPUTS or name == AXES}
    taken = {*_OPTAX, *_TORCH, *reserved, *kept.values()}
    others = [name for name in flow.initial if name not in kept]
    for name in sorted(others, key=lambda name: identifier(name, taken) != name):  # who can keep its name comes first
        kept[name] = identifier(name, taken)
        taken.add(kept[name])
    return {name: kept[name] for name in flow.initial}


def choose_names(flow: Flow, phases: tuple[Phase, ...], nested: set[int], initial: Mapping[str, str]) -> dict[int, str]:
    """Return a name for every value that is not nested and is read somewhere.

    Args:
        flow: the program.
        phases: its phases.
        nested: the values that need no name.
        initial: the names of what is there before the first statement.
    """
    order = [i for phase in phases for i in (*phase.numbers, *phase.leaves) if i not in nested]
    last = _last_reads(flow, order, nested)
    names: dict[int, str] = {}
    holders: dict[str, int] = {}

    def is_free(name: str, index: int, position: int) -> bool:
        if name not in holders:
            return True
        holder = holders[name]
        same = (flow.values[holder].kind is Kind.SCALAR) == (flow.values[index].kind is Kind.SCALAR)
        return same and last.get(holder, -1) <= position

    for key, index in flow.initial.items():
        names[index], holders[initial[key]] = initial[key], index
    for position, index in enumerate(order):
        base = identifier(flow.values[index].name)
        candidate, number = base, 1
        while not is_free(candidate, index, position):
            number += 1
            candidate = f"{base}_{number}"
        names[index], holders[candidate] = candidate, index
    return names


def _last_reads(flow: Flow, order: list[int], nested: set[int]) -> dict[int, int]:
    """Return for each value the position in the order where it is read last; those that leave are read at the end."""

    def read_by(index: int) -> Iterable[int]:
        for read in flow.values[index].reads:
            if read in nested:
                yield from read_by(read)
            else:
                yield read

    last: dict[int, int] = {}
    for position, index in enumerate(order):
        last.update(dict.fromkeys(read_by(index), position))
    return {**last, **dict.fromkeys(flow.outputs, len(order))}
