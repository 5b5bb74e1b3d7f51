"""Which nodes get a name, and which: the program's own, as far as Python's scopes allow it.

A statement without a name of its own in the program (`v1` and the like) stands inside the one that reads it. A name
is used again, as in the program, once what it stood for is not read any more. Numbers and what belongs to parameters
never share a name, because the function of one parameter reads numbers from around it.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Mapping

from lionsearch.exports.passes import Pass
from lionsearch.exports.speller import Speller
from lionsearch.graph.lowering import AXES, LoweredProgram, is_unnamed
from lionsearch.lang import INPUTS, Kind

_WIDTH = 84
_RESERVED = {*dir(builtins), *keyword.kwlist, "jax", "jnp", "optax", "torch", "NamedTuple", "Any", "each", "clock"}
_OPTAX = (
    *("program", "learning_rate", "mask", "state_dtype", "init", "update"),  # the factory's, and of `to_optax`
    *("updates", "state", "params", "extra", "leaves", "structure", "rows", "numbers"),  # its update's
    *("count", "index"),  # the state's
)
_TORCH = (
    *("self", "params", "maximize", "defaults"),  # the constructor's
    "steps",  # the group's count
    *("step", "param_names", "initial_lr", "swa_lr", "max_lr", "min_lr", "capturable", "fused"),  # parameter groups'
)


def find_nested(lowered: LoweredProgram, passes: tuple[Pass, ...], speller: Speller) -> set[int]:
    """Return the nodes that stand inside the expression that reads them."""
    section = {i: (n, part) for n, each in enumerate(passes) for part in each.parts for i in part}
    nested: set[int] = set()

    def write(index: int) -> ast.expr:
        return speller.write(index, lambda read: write(int(read)) if read in nested else ast.Name(lowered.name(read)))

    for index in section:
        reads = [read for read in lowered.nodes[index].reads if isinstance(read, int)]
        for read in reads:
            if (
                section[read] == section[index]
                and is_unnamed(lowered.name(read))
                and lowered.readers[read] == [index]
                and read not in lowered.outputs
                and speller.reads_once(index, read)
            ):
                nested.add(read)
        inner = sorted(nested.intersection(reads), key=lambda read: (-len(ast.unparse(write(read))), read))
        while inner and len(ast.unparse(write(index))) > _WIDTH:
            nested.discard(inner.pop(0))
    return nested


def identifier(name: str, reserved: Iterable[str] = ()) -> str:
    """Return a name that Python and the exported module have no other use for.

    Examples:
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


def public_names(lowered: LoweredProgram, reserved: Iterable[str] = ()) -> dict[str, str]:
    r"""Return a name of its own for each input, slot and hyperparameter, the same in every kind of export.

    It is the program's where a field of a state, an argument and a key of a parameter group can have that.

    Args:
        lowered: the program.
        reserved: further names that the exported module has another use for.

    Examples:
        >>> from lionsearch.graph.lowering import lower
        >>> from lionsearch.lang import parse
        >>> text = "def train(w, g, m, _m, lr, *, mask=1.0):\n  m = m + g\n  _m = _m + m\n  return _m * mask, m, _m"
        >>> public_names(lower(parse(text)))
        {'w': 'w', 'g': 'g', 'lr': 'lr', 'm': 'm', '_m': 'm_', 'mask': 'mask_'}
    """
    kept = {name: name for name in lowered.leaves if name in INPUTS or name == AXES}
    taken = {*_OPTAX, *_TORCH, *reserved, *kept.values()}
    others = [name for name in lowered.leaves if name not in kept]
    for name in sorted(others, key=lambda name: identifier(name, taken) != name):  # who can keep its name comes first
        kept[name] = identifier(name, taken)
        taken.add(kept[name])
    return {name: kept[name] for name in lowered.leaves}


def choose_names(
    lowered: LoweredProgram, passes: tuple[Pass, ...], nested: set[int], leaves: Mapping[str, str]
) -> dict[int | str, str]:
    """Return a name for every leaf, and every node that is not nested and is read somewhere.

    Args:
        lowered: the program.
        passes: its passes.
        nested: the nodes that need no name.
        leaves: the names of what is there before the first statement.
    """
    order = [i for each in passes for part in each.parts for i in part if i not in nested]
    last = _last_reads(lowered, order, nested)
    names: dict[int | str, str] = {}
    holders: dict[str, int | str] = {}

    def is_free(name: str, index: int, position: int) -> bool:
        if name not in holders:
            return True
        holder = holders[name]
        same = (lowered.kind(holder) is Kind.SCALAR) == (lowered.kind(index) is Kind.SCALAR)
        return same and last.get(holder, -1) <= position

    for leaf in lowered.leaves:
        names[leaf], holders[leaves[leaf]] = leaves[leaf], leaf
    for position, index in enumerate(order):
        base = identifier(lowered.name(index))
        candidate, number = base, 1
        while not is_free(candidate, index, position):
            number += 1
            candidate = f"{base}_{number}"
        names[index], holders[candidate] = candidate, index
    return names


def _last_reads(lowered: LoweredProgram, order: list[int], nested: set[int]) -> dict[int | str, int]:
    """Return for each value the position in the order where it is read last; those that leave are read at the end."""

    def read_by(index: int) -> Iterable[int | str]:
        for read in lowered.nodes[index].reads:
            if isinstance(read, int) and read in nested:
                yield from read_by(read)
            else:
                yield read

    last: dict[int | str, int] = {}
    for position, index in enumerate(order):
        last.update(dict.fromkeys(read_by(index), position))
    return {**last, **dict.fromkeys(lowered.outputs, len(order))}
