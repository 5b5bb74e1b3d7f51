"""Program -> text, in one canonical form: `parse(format_program(p)) == p`."""

from __future__ import annotations

import re

from lionsearch.lang.kinds import SLOT_KINDS, Kind
from lionsearch.lang.program import Argument, Program, Statement
from lionsearch.lang.table import OPERATIONS

_KIND_NAMES = {kind: name for name, kind in SLOT_KINDS.items()}


def format_program(program: Program) -> str:
    """Return the program as text that `parse` reads back to an equal program.

    Examples:
        >>> from lionsearch.lang import parse
        >>> print(format_program(parse("def train(w, g, lr): return lr * sign(g)")))
        def train(w, g, lr):
            v1 = sign(g)
            v2 = lr * v1
            return v2
        <BLANKLINE>
    """
    lines: list[str] = []
    if program.description:
        lines += [_format_description(program.description), "", ""]
    lines.append(f"def train({format_parameters(program)}):")
    lines += [f"    {format_statement(statement)}" for statement in program.statements]
    lines.append(f"    return {', '.join((program.update, *program.slots))}")
    return "\n".join(lines) + "\n"


def format_statement(statement: Statement) -> str:
    """Return one statement as text, such as `m = interp(g, m, 0.9)`."""
    operation = OPERATIONS[statement.operation]
    arguments = [_format_argument(argument) for argument in statement.arguments]
    if operation.symbol is not None:
        left, right = arguments
        if operation.symbol == "**" and left.startswith("-"):
            left = f"({left})"  # a minus binds weaker than a power
        return f"{statement.target} = {left} {operation.symbol} {right}"
    if operation.name == "copy":
        return f"{statement.target} = {arguments[0]}"
    return f"{statement.target} = {operation.name}({', '.join(arguments)})"


def format_parameters(program: Program) -> str:
    """Return the parameter list, such as `w, g, m, lr, *, b1=0.9`."""
    slots = (name if kind is Kind.TENSOR else f"{name}: {_KIND_NAMES[kind]}" for name, kind in program.state)
    positional = ("w", "g", *slots, "lr", *program.optional_inputs)
    keywords = [f"{name}={_format_argument(value)}" for name, value in program.hyperparameters]
    return ", ".join([*positional, *(["*", *keywords] if keywords else [])])


def _format_argument(argument: Argument) -> str:
    return argument if isinstance(argument, str) else repr(float(argument))


def _format_description(description: str) -> str:
    escaped = description.replace("\\", "\\\\").replace("\r", "\\r").replace("\0", "\\x00")
    escaped = re.sub(r'"(?=""|\Z)', r'\\"', escaped)  # three quotes, or one at the end, would close the string
    return f'"""{escaped}"""'.encode(errors="backslashreplace").decode()  # a lone surrogate has no bytes of its own
