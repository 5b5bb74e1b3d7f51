"""Which values get a name, and which: the program's own, as far as Python's scopes allow it.

A statement without a name of its own in the program (`v1` and the like) stands inside the one that reads it. A name
is used again, as in the program, once what it stood for is not read any more. Numbers and what belongs to parameters
never share a name, because the function of one parameter reads numbers from around it.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from lionsearch.export.expressions import Speller, Text
from lionsearch.export.flow import Flow, consumers, is_unnamed
from lionsearch.export.phases import Phase
from lionsearch.lang import Kind

_WIDTH = 84
_RESERVED = {*dir(builtins), *keyword.kwlist, "jax", "jnp", "optax", "torch", "NamedTuple", "Any", "each"}


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


def choose_names(flow: Flow, phases: tuple[Phase, ...], nested: set[int]) -> dict[int, str]:
    """Return a name for every value that is not nested and is read somewhere."""
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

    def name(index: int, position: int) -> None:
        base = identifier(flow.values[index].name)
        candidate, number = base, 1
        while not is_free(candidate, index, position):
            number += 1
            candidate = f"{base}_{number}"
        names[index], holders[candidate] = candidate, index

    for index in flow.initial.values():
        name(index, -2)
    for position, index in enumerate(order):
        name(index, position)
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
