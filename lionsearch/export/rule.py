"""Values -> the function that both kinds of exported file hold: lists of parameters in, updates and slots out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lionsearch.export.expressions import Speller, Text, constant_text
from lionsearch.export.flow import Constant, Flow, Ref, is_unnamed
from lionsearch.export.naming import choose_names, find_nested, public_names
from lionsearch.export.phases import Phase, split_phases
from lionsearch.lang import OPERATIONS, Kind

_LONGEST_RETURNED = 70
_MATRIX_KINDS = (Kind.ROW, Kind.COLUMN, Kind.LEFT, Kind.RIGHT)


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


def write_rule(flow: Flow, *, torch: bool, names: Mapping[str, str] | None = None) -> Rule:
    r"""Return the body of `_train`, which returns an iterator over (update, slots...).

    Where the program has slots that are one number, their next values follow as a tuple.

    Args:
        flow: the program.
        torch: write PyTorch; else JAX.
        names: of what is there before the first statement; `public_names` gives them.

    Example:
        >>> from lionsearch.catalog import load_program
        >>> from lionsearch.export.flow import build_flow
        >>> print("\n".join(write_rule(build_flow(load_program("signum")), torch=False).lines))
        <BLANKLINE>
        def each(w, g, m):
            m = (1 - b1) * g + b1 * m
            return (jnp.sign(m) + w * weight_decay) * lr, m
        <BLANKLINE>
        return map(each, w, g, m)
    """
    writer = _Writer(flow, torch, names or public_names(flow))
    lines = writer.lines()
    given = {name: writer.names[index] for name, index in flow.initial.items() if flow.reads(name)}
    helpers = set(re.findall(r"(?<![\w.])_[a-z]\w*(?=\()", "\n".join(lines)))
    has_numbers = any(kind is Kind.SCALAR for _, kind in flow.program.state)
    return Rule(tuple(lines), given, frozenset(helpers), has_numbers)


def uses_matrices(flow: Flow) -> bool:
    """Return whether the program takes tensors for matrices, so that a vector has to become a stack of them."""
    operations = {flow.values[index].operation or "" for index in flow.needed()}
    by_operation = any(OPERATIONS[name].group == "matrix" or name in ("rows", "columns") for name in operations)
    return by_operation or any(kind in _MATRIX_KINDS for _, kind in flow.program.state)


class _Writer:
    def __init__(self, flow: Flow, torch: bool, names: Mapping[str, str]):
        self._flow, self._torch = flow, torch
        self._phases = split_phases(flow)
        self._speller = Speller(flow, torch=torch)
        self._nested = find_nested(flow, self._phases, self._speller)
        self.names = choose_names(flow, self._phases, self._nested, names)

    def lines(self) -> list[str]:
        lines: list[str] = []
        for number, phase in enumerate(self._phases, start=1):
            lines += [self._assignment(index) for index in phase.numbers if index not in self._nested]
            if phase is self._phases[-1]:
                lines += self._last_pass(phase)
            elif phase.leaves:
                lines += self._pass(phase, f"each_{number}")
        return lines

    def _read(self, index: int) -> Text:
        return self._speller.write(index, self._read) if index in self._nested else Text(self.names[index])

    def _assignment(self, index: int) -> str:
        return f"{self.names[index]} = {self._expression(index)}"

    def _expression(self, index: int) -> str:
        return self._speller.write(index, self._read).text

    def _given(self, phase: Phase, results: tuple[Ref, ...]) -> list[int]:
        """Return what the function of one parameter takes: what it reads, and what it only passes on."""
        values = self._flow.values
        reads = [*results, *(read for index in phase.leaves for read in values[index].reads)]
        given = {read for read in reads if isinstance(read, int) and values[read].kind is not Kind.SCALAR}
        return sorted(given.difference(phase.leaves))

    def _pass(self, phase: Phase, name: str) -> list[str]:
        given = [self.names[index] for index in self._given(phase, ())]
        results = [self.names[index] for index in phase.results]
        stated = [index for index in phase.leaves if index not in self._nested]
        if len(stated) == 1:
            inputs = given[0] if len(given) == 1 else f"zip({', '.join(given)}, strict=True)"
            return [f"{results[0]} = [{self._expression(stated[0])} for {', '.join(given)} in {inputs}]"]
        body = [f"    {self._assignment(index)}" for index in stated]
        head = [f"def {name}({', '.join(given)}):", *body, f"    return {', '.join(results)}", ""]
        calls = f"map({', '.join([name, *given])})"
        if len(results) == 1:
            return ["", *head, f"{results[0]} = list({calls})"]
        return ["", *head, f"{', '.join(results)} = zip(*{calls}, strict=True)"]

    def _last_pass(self, phase: Phase) -> list[str]:
        """Return the last pass; an update that nothing else reads is computed in its return statement."""
        flow, values = self._flow, self._flow.values
        leaf_slots = tuple(r for r in flow.slots if isinstance(r, int) and values[r].kind is not Kind.SCALAR)
        scalars = [self._scalar(ref) for ref in flow.slots if ref not in leaf_slots]
        given = [self.names[index] for index in self._given(phase, (flow.update, *leaf_slots))]
        stated = [index for index in phase.leaves if index not in self._nested]
        inline = stated[-1:] == [flow.update] and flow.update not in leaf_slots and is_unnamed(values[flow.update].name)
        inline = inline and len(self._expression(flow.update)) <= _LONGEST_RETURNED
        update = self._expression(flow.update) if inline else self.names[flow.update]
        results = [update, *(map(self._result, leaf_slots))]
        body = [f"    {self._assignment(index)}" for index in (stated[:-1] if inline else stated)]
        returned = f"({results[0]},)" if len(results) == 1 else ", ".join(results)
        head = [f"def each({', '.join(given)}):", *body, f"    return {returned}", ""]
        tail = f", ({', '.join(scalars)}{',' if len(scalars) == 1 else ''})" if scalars else ""
        return ["", *head, f"return map({', '.join(['each', *given])}){tail}"]

    def _scalar(self, ref: Ref) -> str:
        return constant_text(ref.value)[0] if isinstance(ref, Constant) else self.names[ref]

    def _result(self, index: int) -> str:
        """Return a slot's next value; PyTorch's weights and gradients are overwritten, so a slot gets a copy."""
        source = index
        while self._flow.values[source].operation == "transpose":
            source = self._flow.values[source].reads[0]
        is_input = self._flow.values[source].name in ("w", "g") and self._flow.values[source].operation is None
        return f"{self.names[index]}.clone()" if self._torch and is_input else self.names[index]
