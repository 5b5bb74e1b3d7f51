"""Text -> program. The text is a strict subset of Python, read with `ast` and never executed.

A file is an optional docstring and one function `train`. Nested expressions are flattened into one-operation
statements. Every error names file, line and column, what was expected, and the nearest valid name.
Non-goal: kinds (a tensor where a scalar is needed); `lionsearch.graph.kind_inference` checks them.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import count

from lionsearch.errors import Location, ProgramError, nearest_hint, quote
from lionsearch.lang.program import Argument, Program, Statement
from lionsearch.lang.signature import read_signature
from lionsearch.lang.source import Source, construct, number
from lionsearch.lang.table import ALIASES, COPY, OPERATIONS, SYMBOLS
from lionsearch.limits import PROGRAM_STATEMENTS

_OPERATORS: dict[type[ast.operator | ast.cmpop], str] = {
    ast.Add: SYMBOLS["+"],
    ast.Sub: SYMBOLS["-"],
    ast.Mult: SYMBOLS["*"],
    ast.Div: SYMBOLS["/"],
    ast.Pow: SYMBOLS["**"],
    ast.Mod: SYMBOLS["%"],
    ast.Lt: SYMBOLS["<"],
    ast.LtE: SYMBOLS["<="],
    ast.Gt: SYMBOLS[">"],
    ast.GtE: SYMBOLS[">="],
    ast.Eq: SYMBOLS["=="],
    ast.NotEq: SYMBOLS["!="],
}
_SYMBOLS = " ".join(SYMBOLS)


@dataclass(frozen=True, slots=True)
class ParsedProgram:
    """A program, and where in the text each statement came from."""

    program: Program
    locations: tuple[Location, ...]
    text: str
    filename: str
    return_location: Location


def parse(text: str, filename: str = "<program>") -> Program:
    r"""Return the program that `text` holds.

    Args:
        text: a program file: an optional docstring and one function `train`.
        filename: shown in error messages.

    Raises:
        ProgramError: if the text is not in the language.

    Examples:
        >>> program = parse("def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return m * lr, m")
        >>> [statement.operation for statement in program.statements]
        ['interp', 'multiply']
    """
    return parse_with_locations(text, filename).program


def parse_with_locations(text: str, filename: str = "<program>") -> ParsedProgram:
    """Return the program and the place of each statement, for later errors.

    Raises:
        ProgramError: if the text is not in the language.
    """
    try:
        return _Parser(text, filename).parse()
    except RecursionError:
        message = "an expression is nested too deeply; give names to its parts"
        raise ProgramError(message, None, text, filename) from None


class _Parser:
    """One pass over one file; `_expression` appends the statements that an expression needs."""

    def __init__(self, text: str, filename: str):
        self._source = Source(text, filename)
        self._statements: list[Statement] = []
        self._locations: list[Location] = []
        self._defined: set[str] = set()
        self._temporaries = iter(())

    def parse(self) -> ParsedProgram:
        source = self._source
        function, description = source.function()
        signature = read_signature(function, source)
        slots, self._defined = signature.slots, signature.names
        taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} | self._defined
        self._temporaries = (f"v{i}" for i in count(1) if f"v{i}" not in taken)
        body = function.body
        if not isinstance(body[-1], ast.Return):
            raise self._source.error(body[-1], f"the last line must return the update and the slots: {_returns(slots)}")
        for node in body[:-1]:
            self._statement(node, slots)
        update = self._return(body[-1], slots)
        program = Program(
            tuple(self._statements),
            update,
            slots,
            signature.kinds,
            signature.optional_inputs,
            signature.hyperparameters,
            description,
        )
        place = source.place(body[-1])
        return ParsedProgram(program, tuple(self._locations), source.text, source.filename, place)

    def _statement(self, node: ast.stmt, slots: tuple[str, ...]) -> None:
        if isinstance(node, ast.Return):
            raise self._source.error(node, f"'return' must be the last line: {_returns(slots)}")
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            operation = self._operator(node, node.op)
            left = self._variable(node.target, node.target.id)
            self._emit(node, node.target.id, operation, (left, self._expression(node.value)))
            return
        if not isinstance(node, ast.Assign):
            raise self._source.error(node, f"{construct(node)} is not allowed; a statement is 'name = operation(...)'")
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            raise self._source.error(target, "assign to one name at a time: 'name = operation(...)'")
        self._source.check_name(target, target.id)
        self._expression(node.value, target.id)

    def _return(self, node: ast.Return, slots: tuple[str, ...]) -> str:
        """Return the variable of the update; slots that are returned as other values are written last."""
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] if node.value else []
        if len(values) != 1 + len(slots):
            raise self._source.error(
                node, f"the slots' next values must be returned after the update, in their order: {_returns(slots)}"
            )
        update, *finals = values
        written = {slot: final for slot, final in zip(slots, finals, strict=True) if not _is_name(final, slot)}
        argument = self._expression(update)
        if not isinstance(argument, str) or argument in written:
            argument = self._emit(update, next(self._temporaries), COPY, (argument,))
        late: list[tuple[ast.expr, str, Argument]] = []
        for slot, final in written.items():
            later = [other for other in finals[slots.index(slot) + 1 :] if other in written.values()]
            if any(_is_name(each, slot) for other in later for each in ast.walk(other)):
                late.append((final, slot, self._expression(final, next(self._temporaries))))
            else:
                self._expression(final, slot)
        for final, slot, value in late:
            self._emit(final, slot, COPY, (value,))
        return argument

    def _expression(self, node: ast.expr, target: str | None = None) -> Argument:
        """Return the variable or constant that holds the expression; emit what it takes to compute it."""
        value = number(node)
        if value is not None:
            argument: Argument = self._source.finite(node, value)
            return argument if target is None else self._emit(node, target, COPY, (argument,))
        match node:
            case ast.Name():
                name = self._variable(node, node.id)
                return name if target is None else self._emit(node, target, COPY, (name,))
            case ast.BinOp():
                operation, operands = self._operator(node, node.op), [node.left, node.right]
            case ast.Compare(ops=[operator], comparators=[right]):
                operation, operands = self._operator(node, operator), [node.left, right]
            case ast.Compare(ops=[_, _, *_]):
                raise self._source.error(node, "a chain of comparisons is not allowed; multiply two of them instead")
            case ast.UnaryOp(op=ast.USub()):
                operation, operands = "negative", [node.operand]
            case ast.UnaryOp(op=ast.UAdd()):
                return self._expression(node.operand, target)
            case ast.Call():
                operation, operands = self._call(node), node.args
            case _:
                raise self._source.error(node, f"{construct(node)} is not allowed in a program")
        arguments = tuple(self._expression(operand) for operand in operands)
        return self._emit(node, target or next(self._temporaries), operation, arguments)

    def _call(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self._source.error(node.func, "call an operation by its plain name, such as sqrt(x)")
        name = ALIASES.get(node.func.id, node.func.id)
        if name not in OPERATIONS:
            hint = nearest_hint(node.func.id, [*OPERATIONS, *ALIASES])
            raise self._source.error(node.func, f"unknown operation {quote(node.func.id)}; {hint}")
        if node.keywords:
            raise self._source.error(node, f"{name} takes no keyword arguments")
        expected = OPERATIONS[name].arity
        if len(node.args) != expected:
            plural = "" if expected == 1 else "s"
            raise self._source.error(node, f"{name} takes {expected} argument{plural}, not {len(node.args)}")
        return name

    def _operator(self, node: ast.AST, operator: ast.operator | ast.cmpop) -> str:
        if type(operator) not in _OPERATORS:
            raise self._source.error(
                node, f"operator {type(operator).__name__} is not allowed; expected one of {_SYMBOLS}"
            )
        return _OPERATORS[type(operator)]

    def _emit(self, node: ast.AST, target: str, operation: str, arguments: tuple[Argument, ...]) -> str:
        if len(self._statements) == PROGRAM_STATEMENTS:
            raise self._source.error(node, f"more than {PROGRAM_STATEMENTS} statements; that is the most there can be")
        self._statements.append(Statement(target, operation, arguments))
        self._locations.append(self._source.place(node))
        self._defined.add(target)
        return target

    def _variable(self, node: ast.AST, name: str) -> str:
        if name not in self._defined:
            hint = nearest_hint(name, self._defined)
            raise self._source.error(node, f"{quote(name)} is read before it is written; {hint}")
        return name


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _returns(slots: tuple[str, ...]) -> str:
    return f"'return {', '.join(('update', *slots))}'"
