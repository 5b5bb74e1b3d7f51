"""Text -> program. The text is a strict subset of Python, read with `ast` and never executed.

A file is an optional docstring and one function `train`. Nested expressions are flattened into one-operation
statements. Every error names file, line and column, what was expected, and the nearest valid name.
Non-goal: kinds (a tensor where a scalar is needed); `lionsearch.analysis.kinds` checks them.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from itertools import count

from lionsearch.errors import Location, ProgramError, nearest_hint
from lionsearch.lang.inputs import INPUTS, OPTIONAL_INPUTS, find_fault
from lionsearch.lang.kinds import SLOT_KINDS, Kind
from lionsearch.lang.operations import ALIASES, OPERATIONS, SYMBOLS
from lionsearch.lang.program import Argument, Program, Statement

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
_LINE_END = re.compile(r"\r\n|\r|\n")  # what Python's grammar ends a line at; `str.splitlines` knows more
_SHAPE = "def train(w, g, <slots>, lr): ... return update, <slots>"


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

    Example:
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
        self._text, self._filename = text, filename
        self._lines = _LINE_END.split(text)
        self._statements: list[Statement] = []
        self._locations: list[Location] = []
        self._defined: set[str] = set()
        self._temporaries = iter(())

    def parse(self) -> ParsedProgram:
        function, description = self._module()
        slots, kinds, optional, hyperparameters = self._signature(function)
        self._defined = {"w", "g", "lr", *slots, *optional, *(name for name, _ in hyperparameters)}
        taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} | self._defined
        self._temporaries = (f"v{i}" for i in count(1) if f"v{i}" not in taken)
        body = function.body
        if not isinstance(body[-1], ast.Return):
            raise self._error(body[-1], f"the last line must return the update and the slots: {_returns(slots)}")
        for node in body[:-1]:
            self._statement(node, slots)
        update = self._return(body[-1], slots)
        program = Program(tuple(self._statements), update, slots, kinds, optional, hyperparameters, description)
        return ParsedProgram(program, tuple(self._locations), self._text, self._filename, self._place(body[-1]))

    def _module(self) -> tuple[ast.FunctionDef, str]:
        if "\0" in self._text:  # what Python says of it differs between versions
            before = _LINE_END.split(self._text[: self._text.index("\0")])
            place = Location(len(before), len(before[-1]) + 1)
            raise ProgramError("not Python syntax: a null byte", place, self._text, self._filename)
        try:
            module = ast.parse(self._text)
        except SyntaxError as error:
            place = Location(error.lineno or 1, max(error.offset or 1, 1))
            raise ProgramError(f"not Python syntax: {error.msg}", place, self._text, self._filename) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ProgramError(f"not readable as Python: {error}", None, self._text, self._filename) from None
        body = list(module.body)
        description = ""
        if body and _is_docstring(body[0]):
            description = ast.get_docstring(module, clean=False) or ""
            body.pop(0)
        if not body:
            raise ProgramError(f"there is no function 'train'; expected {_SHAPE}", None, self._text, self._filename)
        for node in body:
            if not isinstance(node, ast.FunctionDef) or node.name != "train":
                name = f"function {node.name!r}" if isinstance(node, ast.FunctionDef) else _construct(node)
                raise self._error(node, f"{name} is not allowed here; a file is a docstring and {_SHAPE}")
        if len(body) > 1:
            raise self._error(body[1], "a second 'train'; a file holds one")
        function = body[0]
        assert isinstance(function, ast.FunctionDef)
        if function.decorator_list:
            raise self._error(function.decorator_list[0], "a decorator is not allowed")
        return function, description

    def _signature(
        self, function: ast.FunctionDef
    ) -> tuple[tuple[str, ...], tuple[Kind, ...], tuple[str, ...], tuple[tuple[str, float], ...]]:
        arguments = function.args
        for stars, extra in (("*", arguments.vararg), ("**", arguments.kwarg)):
            if extra is not None:
                raise self._error(extra, f"'{stars}{extra.arg}' is not allowed; expected {_SHAPE}")
        if arguments.posonlyargs:
            raise self._error(arguments.posonlyargs[0], f"'/' is not allowed; expected {_SHAPE}")
        if arguments.defaults:
            message = "defaults belong to hyperparameters, after '*': train(w, g, lr, *, b1=0.9)"
            raise self._error(arguments.defaults[0], message)
        if function.returns is not None:
            raise self._error(function.returns, "an annotation is not allowed")
        positional = [argument.arg for argument in arguments.args]
        seen: set[str] = set()
        for argument in (*arguments.args, *arguments.kwonlyargs):
            self._parameter(argument, seen)
        if positional[:2] != ["w", "g"] or "lr" not in positional:
            raise self._error(function, f"the parameters are ({', '.join(positional)}); expected {_SHAPE}")
        split = positional.index("lr")
        slots, optional = tuple(positional[2:split]), tuple(positional[split + 1 :])
        kinds: list[Kind] = []
        for argument in arguments.args[2:split]:
            if argument.arg in INPUTS:
                raise self._error(argument, f"{argument.arg!r} is an input, not a slot; it goes after 'lr'")
            kinds.append(self._slot_kind(argument))
        for argument in (*arguments.args[:2], *arguments.args[split:], *arguments.kwonlyargs):
            if argument.annotation is not None:
                raise self._error(argument.annotation, "an annotation is not allowed; only slots have a declared kind")
        for argument in arguments.args[split + 1 :]:
            if argument.arg not in OPTIONAL_INPUTS:
                hint = nearest_hint(argument.arg, OPTIONAL_INPUTS)
                message = f"unknown input {argument.arg!r} after 'lr' ({hint}); slots go between 'g' and 'lr'"
                raise self._error(argument, message)
        for argument in arguments.kwonlyargs:
            if argument.arg in INPUTS:
                raise self._error(argument, f"{argument.arg!r} is an input and cannot be a hyperparameter")
        hyperparameters = tuple(
            (argument.arg, self._default(argument, default))
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        )
        return slots, tuple(kinds), optional, hyperparameters

    def _slot_kind(self, argument: ast.arg) -> Kind:
        node = argument.annotation
        if node is None:
            return Kind.TENSOR
        name = node.id if isinstance(node, ast.Name) else ""
        if name not in SLOT_KINDS:
            found = repr(name) if name else _construct(node)
            hint = nearest_hint(name, SLOT_KINDS)
            raise self._error(node, f"{found} is not the kind of a slot; {hint}")
        return SLOT_KINDS[name]

    def _parameter(self, argument: ast.arg, seen: set[str]) -> None:
        self._name(argument, argument.arg)
        if argument.arg in seen:
            raise self._error(argument, f"a second parameter {argument.arg!r}; each name stands once")
        seen.add(argument.arg)

    def _default(self, argument: ast.arg, default: ast.expr | None) -> float:
        value = _number(default) if default is not None else None
        if value is None:
            raise self._error(default or argument, f"hyperparameter {argument.arg!r} needs a number as its default")
        if expected := find_fault(argument.arg, value):
            raise self._error(default or argument, f"hyperparameter {argument.arg!r} is {value:g}; expected {expected}")
        return self._finite(default or argument, value)

    def _statement(self, node: ast.stmt, slots: tuple[str, ...]) -> None:
        if isinstance(node, ast.Return):
            raise self._error(node, f"'return' must be the last line: {_returns(slots)}")
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            operation = self._operator(node, node.op)
            left = self._variable(node.target, node.target.id)
            self._emit(node, node.target.id, operation, (left, self._expression(node.value)))
            return
        if not isinstance(node, ast.Assign):
            raise self._error(node, f"{_construct(node)} is not allowed; a statement is 'name = operation(...)'")
        target = node.targets[0]
        if len(node.targets) > 1 or not isinstance(target, ast.Name):
            raise self._error(target, "assign to one name at a time: 'name = operation(...)'")
        self._name(target, target.id)
        self._expression(node.value, target.id)

    def _return(self, node: ast.Return, slots: tuple[str, ...]) -> str:
        values: list[ast.expr | None] = list(node.value.elts) if isinstance(node.value, ast.Tuple) else [node.value]
        returned = [value.id if isinstance(value, ast.Name) else None for value in values[1:]]
        if not values or values[0] is None or tuple(returned) != slots:
            raise self._error(node, f"the slots must be returned after the update, in their order: {_returns(slots)}")
        argument = self._expression(values[0])
        if isinstance(argument, str):
            return argument
        target = next(self._temporaries)
        self._emit(values[0], target, "copy", (argument,))
        return target

    def _expression(self, node: ast.expr, target: str | None = None) -> Argument:
        """Return the variable or constant that holds the expression; emit what it takes to compute it."""
        value = _number(node)
        if value is not None:
            argument: Argument = self._finite(node, value)
            return argument if target is None else self._emit(node, target, "copy", (argument,))
        match node:
            case ast.Name():
                name = self._variable(node, node.id)
                return name if target is None else self._emit(node, target, "copy", (name,))
            case ast.BinOp():
                operation, operands = self._operator(node, node.op), [node.left, node.right]
            case ast.Compare(ops=[operator], comparators=[right]):
                operation, operands = self._operator(node, operator), [node.left, right]
            case ast.Compare(ops=[_, _, *_]):
                raise self._error(node, "a chain of comparisons is not allowed; multiply two of them instead")
            case ast.UnaryOp(op=ast.USub()):
                operation, operands = "negative", [node.operand]
            case ast.UnaryOp(op=ast.UAdd()):
                return self._expression(node.operand, target)
            case ast.Call():
                operation, operands = self._call(node), node.args
            case _:
                raise self._error(node, f"{_construct(node)} is not allowed in a program")
        arguments = tuple(self._expression(operand) for operand in operands)
        return self._emit(node, target or next(self._temporaries), operation, arguments)

    def _call(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self._error(node.func, "call an operation by its plain name, such as sqrt(x)")
        name = ALIASES.get(node.func.id, node.func.id)
        if name not in OPERATIONS:
            hint = nearest_hint(node.func.id, [*OPERATIONS, *ALIASES])
            raise self._error(node.func, f"unknown operation {node.func.id!r}; {hint}")
        if node.keywords:
            raise self._error(node, f"{name} takes no keyword arguments")
        expected = OPERATIONS[name].arity
        if len(node.args) != expected:
            plural = "" if expected == 1 else "s"
            raise self._error(node, f"{name} takes {expected} argument{plural}, not {len(node.args)}")
        return name

    def _operator(self, node: ast.AST, operator: ast.operator | ast.cmpop) -> str:
        if type(operator) not in _OPERATORS:
            raise self._error(node, f"operator {type(operator).__name__} is not allowed; expected one of {_SYMBOLS}")
        return _OPERATORS[type(operator)]

    def _emit(self, node: ast.AST, target: str, operation: str, arguments: tuple[Argument, ...]) -> str:
        self._statements.append(Statement(target, operation, arguments))
        self._locations.append(self._place(node))
        self._defined.add(target)
        return target

    def _variable(self, node: ast.AST, name: str) -> str:
        if name not in self._defined:
            hint = nearest_hint(name, self._defined)
            raise self._error(node, f"{name!r} is read before it is written; {hint}")
        return name

    def _name(self, node: ast.AST, name: str) -> None:
        if name in OPERATIONS or name in ALIASES:
            raise self._error(node, f"{name!r} is an operation and cannot be a variable")
        if not name.isascii():
            raise self._error(node, f"{name!r}: names are ASCII letters, digits and underscores")

    def _finite(self, node: ast.AST, value: float) -> float:
        if not math.isfinite(value):
            raise self._error(node, "a constant must be a finite number")
        return value

    def _place(self, node: ast.AST) -> Location:
        # ast counts columns in UTF-8 bytes; people count characters
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        if line <= len(self._lines):
            offset = len(self._lines[line - 1].encode()[:offset].decode(errors="ignore"))
        return Location(line, offset + 1)

    def _error(self, node: ast.AST, message: str) -> ProgramError:
        return ProgramError(message, self._place(node), self._text, self._filename)


def _number(node: ast.expr) -> float | None:
    """Return the value of a literal number with at most one sign, else None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        try:
            return float(node.value)
        except OverflowError:
            return math.inf
    return None


def _returns(slots: tuple[str, ...]) -> str:
    return f"'return {', '.join(('update', *slots))}'"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _construct(node: ast.AST) -> str:
    """Return what a person calls this piece of syntax."""
    names = {
        "Import": "'import'",
        "ImportFrom": "'import'",
        "If": "'if'",
        "For": "'for'",
        "While": "'while'",
        "With": "'with'",
        "Compare": "a comparison",
        "BoolOp": "'and' / 'or'",
        "IfExp": "'if' / 'else'",
        "Lambda": "'lambda'",
        "Attribute": "an attribute",
        "Subscript": "an index",
        "Expr": "an expression without a name",
        "Constant": "this literal",
        "ClassDef": "'class'",
        "AnnAssign": "an annotation",
    }
    kind = type(node).__name__
    return names.get(kind, f"{kind!r}")
