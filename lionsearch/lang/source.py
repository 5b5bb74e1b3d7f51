"""The text of a program: what Python's grammar makes of it, and errors that name a place in it."""

from __future__ import annotations

import ast
import math
import re
import warnings
from typing import Any

from lionsearch.errors import Location, ProgramError, quote
from lionsearch.lang.table import ALIASES, OPERATIONS
from lionsearch.limits import NAME, PROGRAM_BYTES, PROGRAM_LINE

SHAPE = "def train(w, g, <slots>, lr): ... return update, <slots>"
_LINE_END = re.compile(r"\r\n|\r|\n")  # what Python's grammar ends a line at; `str.splitlines` knows more


class Source:
    """A program's text.

    Args:
        text: a program file.
        filename: shown in error messages.

    Raises:
        ProgramError: if the text or a line is longer than `lionsearch.limits` allows.
    """

    def __init__(self, text: str, filename: str):
        if len(text) > PROGRAM_BYTES:
            message = f"the text has {len(text)} characters; a program has at most {PROGRAM_BYTES}"
            raise ProgramError(message, filename=filename)
        self.text, self.filename = text, filename
        self._lines = _LINE_END.split(text)
        for number, line in enumerate(self._lines, 1):
            if len(line) > PROGRAM_LINE:
                message = f"a line of {len(line)} characters; a program's have at most {PROGRAM_LINE}"
                raise ProgramError(message, Location(number, 1), text, filename)

    def function(self) -> tuple[ast.FunctionDef, str]:
        """Return the function `train` and the file's docstring.

        Raises:
            ProgramError: if the text is not Python, or holds anything else.
        """
        if "\0" in self.text:  # what Python says of it differs between versions
            before = _LINE_END.split(self.text[: self.text.index("\0")])
            place = Location(len(before), len(before[-1]) + 1)
            raise ProgramError("not Python syntax: a null byte", place, self.text, self.filename)
        try:
            module = read_syntax(self.text)
        except SyntaxError as error:
            place = Location(error.lineno or 1, max(error.offset or 1, 1))
            raise ProgramError(f"not Python syntax: {error.msg}", place, self.text, self.filename) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ProgramError(f"not readable as Python: {error}", None, self.text, self.filename) from None
        body = list(module.body)
        description = ""
        if body and _is_docstring(body[0]):
            description = ast.get_docstring(module, clean=False) or ""
            body.pop(0)
        if not body:
            raise ProgramError(f"there is no function 'train'; expected {SHAPE}", None, self.text, self.filename)
        for node in body:
            if not isinstance(node, ast.FunctionDef) or node.name != "train":
                name = f"function {quote(node.name)}" if isinstance(node, ast.FunctionDef) else construct(node)
                raise self.error(node, f"{name} is not allowed here; a file is a docstring and {SHAPE}")
        if len(body) > 1:
            raise self.error(body[1], "a second 'train'; a file holds one")
        function = body[0]
        assert isinstance(function, ast.FunctionDef)
        if function.decorator_list:
            raise self.error(function.decorator_list[0], "a decorator is not allowed")
        return function, description

    def check_name(self, node: ast.AST, name: str) -> None:
        """Refuse a name that a variable cannot have."""
        if len(name) > NAME:
            raise self.error(node, f"a name of {len(name)} characters; names have at most {NAME}")
        if name in OPERATIONS or name in ALIASES:
            raise self.error(node, f"{name!r} is an operation and cannot be a variable")
        if not name.isascii():
            raise self.error(node, f"{name!r}: names are ASCII letters, digits and underscores")

    def finite(self, node: ast.AST, value: float) -> float:
        """Return a constant that a program can hold."""
        if not math.isfinite(value):
            raise self.error(node, "a constant must be a finite number")
        return value

    def place(self, node: ast.AST) -> Location:
        """Return where a piece of syntax begins, in characters."""
        # ast counts columns in UTF-8 bytes; people count characters
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        if line <= len(self._lines):
            offset = len(self._lines[line - 1].encode()[:offset].decode(errors="ignore"))
        return Location(line, offset + 1)

    def error(self, node: ast.AST, message: str) -> ProgramError:
        """Return an error at a piece of syntax."""
        return ProgramError(message, self.place(node), self.text, self.filename)


def read_syntax(text: str, mode: str = "exec") -> Any:
    """Return Python's syntax tree of a text; what else Python would say of it, such as `9if`, is not printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return ast.parse(text, mode=mode)


def number(node: ast.expr) -> float | None:
    """Return the value of a literal number with at most one sign, else None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        try:
            return float(node.value)
        except OverflowError:
            return math.inf
    return None


def construct(node: ast.AST) -> str:
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


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
