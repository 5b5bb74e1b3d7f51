"""Nodes -> the function that both kinds of exported file hold: lists of parameters in, updates and slots out."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from lionsearch.exports.clock import CLOCK
from lionsearch.exports.helpers import called_helpers
from lionsearch.exports.naming import choose_names, find_nested, public_names
from lionsearch.exports.passes import Pass, split_passes
from lionsearch.exports.speller import Speller, constant
from lionsearch.graph import Reference
from lionsearch.graph.lowering import LoweredProgram, is_unnamed
from lionsearch.lang import MATRIX_KINDS, OPERATIONS, Kind

_LONGEST_RETURNED = 70


@dataclass(frozen=True, slots=True)
class Rule:
    """The text of the function, and how to call it.

    Attributes:
        lines: its body.
        names: of its parameters, by the program's name for them.
        helpers: the helpers that it calls.
        has_numbers: whether the program has slots that are one number.
    """

    lines: tuple[str, ...]
    names: dict[str, str]
    helpers: frozenset[str]
    has_numbers: bool

    def function(self) -> str:
        """Return the text of the whole function."""
        numbers = ", and the state that is one number" if self.has_numbers else ""
        head = f"def _train({', '.join(self.names.values())}):"
        docstring = f'    """Return an iterator over the parameters\' updates and next states{numbers}."""'
        return "\n".join([head, docstring, *(f"    {line}" if line else "" for line in self.lines)])


def write_rule(lowered: LoweredProgram, *, torch: bool, names: Mapping[str, str] | None = None) -> Rule:
    r"""Return the body of `_train`, which returns an iterator over (update, slots...).

    Where the program has slots that are one number, their next values follow as a tuple.

    Args:
        lowered: the program.
        torch: write PyTorch; else JAX.
        names: of what is there before the first statement; `public_names` gives them.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.graph.lowering import lower
        >>> print("\n".join(write_rule(lower(load_program("signum")), torch=False).lines))
        <BLANKLINE>
        def each(w, g, m):
            m = (1 - b1) * g + b1 * m
            return (jnp.sign(m) + w * weight_decay) * lr, m
        <BLANKLINE>
        return map(each, w, g, m)
    """
    writer = _Writer(lowered, torch, names or public_names(lowered))
    lines = writer.lines()
    given = {leaf: writer.names[leaf] for leaf in lowered.leaves if lowered.reads(leaf)}
    helpers = called_helpers("\n".join(lines))
    has_numbers = any(kind is Kind.SCALAR for _, kind in lowered.program.state)
    return Rule(tuple(lines), given, frozenset(helpers), has_numbers)


def uses_matrices(lowered: LoweredProgram) -> bool:
    """Return whether the program takes tensors for matrices, so that a vector has to become a stack of them."""
    by_operation = any(OPERATIONS[node.operation].as_matrix for node in lowered.nodes)
    return by_operation or any(kind in MATRIX_KINDS for _, kind in lowered.program.state)


def is_oriented(lowered: LoweredProgram) -> bool:
    """Return whether it counts which axis of a weight the inputs are on."""
    return any(OPERATIONS[node.operation].oriented for node in lowered.nodes)


class _Writer:
    def __init__(self, lowered: LoweredProgram, torch: bool, names: Mapping[str, str]):
        self._lowered, self._torch = lowered, torch
        self._passes = split_passes(lowered)
        self._speller = Speller(lowered, torch=torch)
        self._nested = find_nested(lowered, self._passes, self._speller)
        self.names = choose_names(lowered, self._passes, self._nested, names)
        self._order = {leaf: number for number, leaf in enumerate(lowered.leaves)}

    def lines(self) -> list[str]:
        lines: list[str] = []
        for number, each in enumerate(self._passes, start=1):
            lines += [self._assignment(index) for index in each.numbers if index not in self._nested]
            lines += self._clock(each) if each.clock or (number == 1 and self._reads_clock(())) else []
            if each is self._passes[-1]:
                lines += self._last_pass(each)
            elif each.leaves:
                lines += self._pass(each, f"each_{number}")
        return lines

    def _read(self, reference: int | str) -> ast.expr:
        if isinstance(reference, int) and reference in self._nested:
            return self._speller.write(reference, self._read)
        return ast.Name(self.names[reference])

    def _assignment(self, index: int) -> str:
        return f"{self.names[index]} = {self._expression(index)}"

    def _expression(self, index: int) -> str:
        return ast.unparse(self._speller.write(index, self._read))

    def _given(self, each: Pass, results: tuple[int | str, ...]) -> list[int | str]:
        """Return what the function of one parameter takes, leaves first: what it reads, and what it only passes on."""
        reads = [*results, *(read for index in each.leaves for read in self._lowered.nodes[index].reads)]
        given = {read for read in reads if self._lowered.kind(read) is not Kind.SCALAR}.difference(each.leaves)
        return sorted(given, key=lambda ref: (1, ref) if isinstance(ref, int) else (0, self._order[ref]))

    def _pass(self, each: Pass, name: str) -> list[str]:
        given = [self.names[reference] for reference in self._given(each, ())]
        results = [self.names[index] for index in each.results]
        stated = [index for index in each.leaves if index not in self._nested]
        if len(stated) == 1:
            inputs = given[0] if len(given) == 1 else f"zip({', '.join(given)}, strict=True)"
            return [f"{results[0]} = [{self._expression(stated[0])} for {', '.join(given)} in {inputs}]"]
        body = [f"    {self._assignment(index)}" for index in stated]
        head = [f"def {name}({', '.join(given)}):", *body, f"    return {', '.join(results)}", ""]
        calls = f"map({', '.join([name, *given])})"
        if len(results) == 1:
            return ["", *head, f"{results[0]} = list({calls})"]
        return ["", *head, f"{', '.join(results)} = zip(*{calls}, strict=True)"]

    def _reads_clock(self, clock: tuple[int, ...]) -> bool:
        """Return whether anything but some nodes reads the count of steps of a parameter."""
        is_own = self._lowered.leaves.get(CLOCK) is Kind.PER_TENSOR
        return is_own and not set(self._lowered.readers[CLOCK]).issubset(clock)

    def _clock(self, each: Pass) -> list[str]:
        """Return a function of a count of steps, and what it gives for each parameter."""
        name, readers = self.names[CLOCK], self._lowered.readers
        used = [i for i in each.clock if i in self._lowered.outputs or not set(readers[i]).issubset(each.clock)]
        results = [*([name] if self._reads_clock(each.clock) else []), *(self.names[index] for index in used)]
        lines = ["", f"def clock({name}):"]
        lines += [f"    {self._assignment(index)}" for index in each.clock if index not in self._nested]
        lines += [f"    return {', '.join(results)}", ""]
        if len(results) == 1:
            return [*lines, f"{results[0]} = _once(clock, {name})"]
        return [*lines, f"{', '.join(results)} = zip(*_once(clock, {name}), strict=True)"]

    def _last_pass(self, each: Pass) -> list[str]:
        """Return the last pass; an update that nothing else reads is computed in its return statement."""
        lowered, update = self._lowered, self._lowered.graph.update
        assert not isinstance(update, float)  # its kind is a tensor
        finals = list(zip(lowered.graph.slots, lowered.program.state, strict=True))
        of_leaves = [ref for ref, (_, kind) in finals if kind is not Kind.SCALAR]
        scalars = [self._scalar(ref) for ref, (_, kind) in finals if kind is Kind.SCALAR]
        values = [ref for ref in of_leaves if not isinstance(ref, float)]
        given = [self.names[reference] for reference in self._given(each, (update, *values))]
        stated = [index for index in each.leaves if index not in self._nested]
        inline = stated[-1:] == [update] and update not in of_leaves and is_unnamed(lowered.name(update))
        inline = inline and len(self._expression(stated[-1])) <= _LONGEST_RETURNED
        shown = self._expression(stated[-1]) if inline else self.names[update]
        results = [shown, *(self._result(ref) for ref in of_leaves)]
        body = [f"    {self._assignment(index)}" for index in (stated[:-1] if inline else stated)]
        returned = f"({results[0]},)" if len(results) == 1 else ", ".join(results)
        head = [f"def each({', '.join(given)}):", *body, f"    return {returned}", ""]
        tail = f", ({', '.join(scalars)}{',' if len(scalars) == 1 else ''})" if scalars else ""
        return ["", *head, f"return map({', '.join(['each', *given])}){tail}"]

    def _scalar(self, reference: Reference) -> str:
        return ast.unparse(constant(reference)) if isinstance(reference, float) else self.names[reference]

    def _result(self, reference: Reference) -> str:
        """Return a slot's next value; PyTorch's weights and gradients are overwritten, so a slot gets a copy."""
        if isinstance(reference, float):
            return self._scalar(reference)
        source: Reference = reference
        while isinstance(source, int) and OPERATIONS[self._lowered.nodes[source].operation].view:
            source = self._lowered.nodes[source].arguments[0]
        shown = self.names[reference]
        return f"{shown}.clone()" if self._torch and source in ("w", "g") else shown
