"""Program -> its form up to names, order and units of state, and constants: what two versions of one method share.

Hyperparameters are numbers here. Each slot is kept in the units in which what it takes up has the coefficient 1, and
slots are put in an order that does not depend on their names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lionsearch.algebra.program_values import Normalized, normalize
from lionsearch.algebra.value import Base, Product, leaf, walk
from lionsearch.graph import Graph, Reference, remove_dead_code, to_graph, to_program
from lionsearch.lang import OPERATIONS, Kind, Program

_ROUNDS = 6
_CLOSE = 1e-9
_SMALLEST = 1e-100  # units beyond it, and its inverse, would overflow


@dataclass(frozen=True, slots=True)
class Canonical:
    """A program's canonical form.

    Attributes:
        skeleton: equal for programs that are the same up to constants.
        values: the update, then the slots' next values.
        settings: the numbers that say how inputs are computed.
    """

    skeleton: bytes
    values: tuple[Product, ...]
    settings: tuple[float, ...]


def canonicalize(program: Program) -> Canonical:
    """Return the canonical form of a valid program.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> lion = load_program("lion")
        >>> other = lion.with_hyperparameters({"b1": 0.7, "lr_scale": 2.0})
        >>> canonicalize(lion).skeleton == canonicalize(other).skeleton
        True
    """
    live = remove_dead_code(program.inline_hyperparameters())
    live = remove_dead_code(_inlined_settings(live))
    named = _with_slots(live, {slot: f"#{i}" for i, slot in enumerate(live.slots)})
    order = _slot_order(named)
    ordered = _with_slots(named, {slot: f"#{new}" for new, slot in enumerate(order)})
    values = _in_units(ordered)
    kinds = b"".join(b"%d" % kind for _, kind in ordered.state)
    parts = (kinds, *(name.encode() for name in sorted(live.optional_inputs)), *(value.skeleton for value in values))
    settings = tuple(value for _, value in sorted(live.settings.items()))
    return Canonical(_digest(*parts), values, settings)


def aligned_constants(ours: Canonical, theirs: Canonical) -> tuple[np.ndarray, np.ndarray]:
    """Return the constants of two forms of one skeleton, each beside its counterpart."""
    pairs = [*zip(ours.settings, theirs.settings, strict=True)]
    seen: set[tuple[bytes, bytes]] = set()
    waiting = [*zip(ours.values, theirs.values, strict=True)]
    while waiting:
        one, other = waiting.pop()
        if (one.key, other.key) in seen:
            continue
        seen.add((one.key, other.key))
        pairs.append((one.coefficient, other.coefficient))
        for (base, _, _), (twin, _, _) in zip(one.factors, other.factors, strict=True):
            waiting += zip(base.arguments, twin.arguments, strict=True)
    return np.array([one for one, _ in pairs]), np.array([other for _, other in pairs])


def _inlined_settings(program: Program) -> Program:
    """Return the program with numbers where statements read what says how inputs are computed."""
    values = dict(program.hyperparameters)
    statements = tuple(
        statement.map(lambda a: values.get(a, a) if isinstance(a, str) else a) for statement in program.statements
    )
    return replace(program, statements=statements)


def _with_slots(program: Program, names: Mapping[str, str]) -> Program:
    """Return the program with slots of other names, in those names' order."""

    def renamed(reference: Reference) -> Reference:
        return names.get(reference, reference) if isinstance(reference, str) else reference

    graph = to_graph(program)
    nodes = tuple(node.map(renamed) for node in graph.nodes)
    finals = map(renamed, graph.slots)
    rows = sorted(
        zip((names[slot] for slot in program.slots), finals, (k for _, k in program.state), strict=True), key=_number
    )
    named = replace(program, slots=tuple(row[0] for row in rows), slot_kinds=tuple(row[2] for row in rows))
    return to_program(Graph(nodes, renamed(graph.update), tuple(row[1] for row in rows), named))


def _number(row: tuple[str, object, Kind]) -> int:
    return int(row[0][1:])


def _slot_order(program: Program) -> list[str]:
    """Return the slots in an order that follows from what they do: colours, refined until they tell slots apart."""
    found = normalize(program)
    colours = {slot: b"%d" % kind for slot, kind in program.state}
    for _ in program.slots:
        if len(set(colours.values())) == len(colours):
            break
        memo: dict[bytes, bytes] = {}
        values = [_coloured(value, colours, memo) for value in found.slots]
        reads = [_coloured_reads(found, slot, colours) for slot in program.slots]
        colours = {
            slot: _digest(colours[slot], value, read)
            for slot, value, read in zip(program.slots, values, reads, strict=True)
        }
    return sorted(program.slots, key=lambda slot: colours[slot])


def _coloured_reads(found: Normalized, slot: str, colours: Mapping[str, bytes]) -> bytes:
    """Return what the update looks like with this slot marked: tells apart what is used in different places."""
    return _coloured(found.update, {**colours, slot: b"!" + colours[slot]}, {})


def _coloured(value: Product, colours: Mapping[str, bytes], memo: dict[bytes, bytes]) -> bytes:
    """Return a digest of the value's structure with slots as colours, whatever the order of terms and factors."""
    parts = [
        _digest(b"%d" % odd, str(power).encode(), _coloured_base(base, colours, memo))
        for base, odd, power in value.factors
    ]
    return _digest(*sorted(parts))


def _coloured_base(base: Base, colours: Mapping[str, bytes], memo: dict[bytes, bytes]) -> bytes:
    if base.key not in memo:
        if base.is_leaf:
            memo[base.key] = colours.get(base.operation, base.operation.encode())
        else:
            parts = [_coloured(argument, colours, memo) for argument in base.arguments]
            unordered = base.is_sum or OPERATIONS[base.operation].commutative
            memo[base.key] = _digest(base.operation.encode(), *(sorted(parts) if unordered else parts))
    return memo[base.key]


def _in_units(program: Program) -> tuple[Product, ...]:
    """Return the update and the slots' values, each slot in its canonical units."""
    units = dict.fromkeys(program.slots, 1.0)
    rounds = _ROUNDS
    while True:
        starts = {slot: Product(unit, leaf(slot).factors) for slot, unit in units.items()}
        found = normalize(program, starts)
        values = zip(program.slots, found.slots, strict=True)
        slots = {slot: found.algebra.scaled(value, 1 / units[slot]) for slot, value in values}
        factors = {slot: _uptake(value, slot) for slot, value in slots.items()}
        rounds -= 1
        if not rounds or all(abs(factor - 1) < _CLOSE for factor in factors.values()):
            return (found.update, *slots.values())
        units = {slot: unit * factors[slot] for slot, unit in units.items()}


def _uptake(value: Product, slot: str) -> float:
    """Return the coefficient of what a slot takes up: in a sum, of the first term that is not the slot itself."""
    inner = value.sum
    found = value.coefficient
    if inner is not None:
        own = leaf(slot).unit
        first = next((term for term in inner.arguments if term.unit != own and slot not in _leaves(term)), None)
        found = 1.0 if first is None else value.coefficient * first.coefficient
    return found if _SMALLEST < abs(found) < 1 / _SMALLEST else 1.0


def _leaves(value: Product) -> Iterator[str]:
    return (base.operation for base in walk([value]) if base.is_leaf)


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"|".join((b"%d" % len(parts), *parts)), digest_size=12).digest()
