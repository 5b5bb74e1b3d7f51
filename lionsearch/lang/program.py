"""A program as a frozen value: what `parse` returns, what everything else reads.

A program is a list of one-operation statements. A variable is a `str`, a constant is a `float`.

Invariants: constants are finite; every variable is written before it is read; `slots` are returned in this order.
Non-goal: kinds (see `lionsearch.graph.kind_inference`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape

from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.lang.inputs import INPUTS, REQUIRED_INPUTS, find_fault
from lionsearch.lang.kinds import Kind

Argument = str | float
"""A variable (its name) or a constant."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = operation(*arguments)`."""

    target: str
    operation: str
    arguments: tuple[Argument, ...]

    def map(self, change: Callable[[Argument], Argument]) -> Statement:
        """Return the statement with each argument changed."""
        return Statement(self.target, self.operation, tuple([change(argument) for argument in self.arguments]))


@dataclass(frozen=True, slots=True)
class Program:
    """An update rule: `w <- w - update`, with state slots that start at zero.

    Attributes:
        statements: executed in order, once per training step.
        update: the variable that holds the update at the end.
        slots: the state variables, in the order in which they are passed and returned.
        slot_kinds: the kind of each slot; () if all are tensors.
        optional_inputs: names from `OPTIONAL_INPUTS` that the program asks for.
        hyperparameters: keyword-only parameters with their defaults.
        description: the docstring of the file.

    Examples:
        >>> from lionsearch.lang import parse
        >>> program = parse("def train(w, g, lr): return g * lr")
        >>> len(program.statements), program.update, program.slots
        (1, 'v1', ())
    """

    statements: tuple[Statement, ...]
    update: str
    slots: tuple[str, ...] = ()
    slot_kinds: tuple[Kind, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    hyperparameters: tuple[tuple[str, float], ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        if self.slot_kinds and all(kind is Kind.TENSOR for kind in self.slot_kinds):
            object.__setattr__(self, "slot_kinds", ())  # one form for one program

    def __str__(self) -> str:
        """Return the program's text, which `parse` reads."""
        from lionsearch.lang.printing import format_program

        return format_program(self)

    def _repr_html_(self) -> str:
        return f"<pre><code>{escape(str(self))}</code></pre>"

    @property
    def state(self) -> tuple[tuple[str, Kind], ...]:
        """Each slot with its kind."""
        return tuple(zip(self.slots, self.slot_kinds or (Kind.TENSOR,) * len(self.slots), strict=True))

    @property
    def settings(self) -> dict[str, float]:
        """The hyperparameters that say how the optional inputs are computed, defaults included."""
        given = dict(self.hyperparameters)
        wanted = [INPUTS[name].setting for name in self.optional_inputs]
        return {name: given.get(name, default) for name, default in filter(None, wanted)}

    @property
    def inputs(self) -> tuple[str, ...]:
        """All inputs, the slots left out."""
        return REQUIRED_INPUTS + self.optional_inputs

    @property
    def initial_variables(self) -> tuple[str, ...]:
        """Every variable that has a value before the first statement."""
        return self.inputs + self.slots + tuple(name for name, _ in self.hyperparameters)

    def with_hyperparameters(self, values: Mapping[str, float]) -> Program:
        """Return the program with other defaults for some of its hyperparameters.

        Raises:
            UnknownNameError: if the program has no hyperparameter of that name.
            SettingError: if a value is not finite, or not what the setting of an input can be.
        """
        known = dict(self.hyperparameters)
        for name, value in values.items():
            if name not in known:
                raise UnknownNameError("hyperparameter", name, known)
            if not math.isfinite(value):
                raise SettingError(f"hyperparameter {name!r} is {value}; expected a finite number")
            if expected := find_fault(name, float(value)):
                raise SettingError(f"hyperparameter {name!r} is {value}; expected {expected}")
        merged = tuple((name, float(values.get(name, value))) for name, value in self.hyperparameters)
        return replace(self, hyperparameters=merged)

    def inline_hyperparameters(self) -> Program:
        """Return the same program with each hyperparameter replaced by its default, as the search sees it.

        Those that say how an input is computed stay.
        """
        if not self.hyperparameters:
            return self
        kept = tuple(item for item in self.hyperparameters if item[0] in self.settings)
        values: dict[str, float] = dict(item for item in self.hyperparameters if item not in kept)
        statements: list[Statement] = []
        for statement in self.statements:
            statements.append(statement.map(lambda a: values.get(a, a) if isinstance(a, str) else a))
            values.pop(statement.target, None)  # from here on the name is an ordinary variable
        if self.update in values:
            statements.append(Statement(self.update, "copy", (values[self.update],)))
        return replace(self, statements=tuple(statements), hyperparameters=kept)
