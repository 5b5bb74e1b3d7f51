"""`lookahead(adamw(b1=0.95), k=5)` -> a program: names of programs and transforms, with numbers by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from lionsearch.compose.describing import describe_transformed, entitle
from lionsearch.compose.transforms import TRANSFORMS
from lionsearch.compose.weaving import weave
from lionsearch.errors import SettingError, UnknownNameError, one_line, quote
from lionsearch.lang import Program
from lionsearch.lang.source import read_syntax
from lionsearch.limits import COMPOSITION, COMPOSITION_DEPTH, PROGRAM_SLOTS, PROGRAM_STATEMENTS

Load = Callable[[str], Program]
"""Gives the program of a name or path."""

_QUOTED_OR_FILE = re.compile(
    r"""(?P<quoted>"[^"]*"|'[^']*')|(?P<before>(?:^|[(,])\s*)(?P<file>[^\s'"(),=][^'"(),=]*(?:\.py|:\d+))(?=\s*[(),])"""
)
_EXPECTED = "expected something like lookahead(adamw, k=5)"


def is_expression(text: str) -> bool:
    """Return whether the text is a composition and not a plain name or path."""
    return text.rstrip().endswith(")") and "(" in text


def compose(text: str, load: Load) -> Program:
    """Return the program that an expression stands for.

    Args:
        text: such as `lookahead(adamw, k=5)`, `clip_norm(my/rule.py, limit=0.5)` or `decay(my/run:7)`; a path that does
            not end in .py or a candidate's number, or has a comma, a parenthesis or = in it, stands in quotes.
        load: gives the program of a name or path.

    Raises:
        SettingError: if the text is not such an expression, or sets what is not there.
        UnknownNameError: if a transform, program or setting has no such name.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> program = compose("lookahead(sgd(lr_scale=0.1), k=3)", load_program)
        >>> program.slots, dict(program.hyperparameters)["k"]
        (('slow',), 3.0)
    """
    if len(text) > COMPOSITION:
        raise SettingError(f"{quote(text)}: {len(text)} characters; a composition has at most {COMPOSITION}")
    try:
        node = read_syntax(_QUOTED_OR_FILE.sub(_quote_file, text.strip()), "eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        check_parentheses(text)
        raise SettingError(f"{quote(text)} is not a composition such as lookahead(adamw, k=5)") from None
    return entitle(text.strip(), _Composer(text, load).program(node))


def check_parentheses(text: str) -> None:
    """Raise if parentheses are left open, or closed without being open.

    Raises:
        SettingError: saying which of the two.
    """
    missing = text.count("(") - text.count(")")
    if missing:
        wrong = "is not closed" if missing > 0 else "is closed that was not opened"
        raise SettingError(f"{one_line(text)}: a parenthesis {wrong}; {_EXPECTED}")


def _quote_file(found: re.Match[str]) -> str:
    """Return the path of a program's file in quotes; what is in quotes stays."""
    return found["quoted"] or found["before"] + repr(found["file"])


class _Composer:
    """Walks one expression."""

    def __init__(self, text: str, load: Load):
        self._text, self._load = text, load
        self._depth = 0

    def program(self, node: ast.expr) -> Program:
        """Return what a part of the expression stands for."""
        if self._depth == COMPOSITION_DEPTH:
            raise self._error(f"more than {COMPOSITION_DEPTH} programs inside one another")
        self._depth += 1
        program = self._program(node)
        self._depth -= 1
        if len(program.statements) > PROGRAM_STATEMENTS or len(program.slots) > PROGRAM_SLOTS:
            found = f"{len(program.statements)} statements and {len(program.slots)} slots"
            most = f"{PROGRAM_STATEMENTS} and {PROGRAM_SLOTS} are the most there can be"
            raise self._error(f"the program would have {found}; {most}")
        return program

    def _program(self, node: ast.expr) -> Program:
        match node:
            case ast.Name(id=name) | ast.Constant(value=str(name)):
                return self._load(name)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
                settings = self._settings(keywords, name)
                if not arguments and name not in TRANSFORMS:
                    return self._load(name).with_hyperparameters(settings)
                return self._transformed(name, arguments, settings)
            case ast.Call(func=ast.Constant(value=str(name)), args=[], keywords=keywords):
                return self._load(name).with_hyperparameters(self._settings(keywords, name))
        raise self._error(f"{_unparse(node)} is neither a program nor a transform")

    def _transformed(self, name: str, arguments: list[ast.expr], settings: dict[str, float]) -> Program:
        if name not in TRANSFORMS:
            raise UnknownNameError("transform", name, TRANSFORMS, one_line(self._text))
        transform = TRANSFORMS[name]
        if len(arguments) != transform.programs:
            plural = "" if transform.programs == 1 else "s"
            raise self._error(f"{name} takes {transform.programs} program{plural}, not {len(arguments)}")
        for key in settings:
            if key not in transform.settings:
                raise UnknownNameError(f"setting of {name}", key, transform.settings, one_line(self._text))
        inner = [(_prefix(argument), self.program(argument)) for argument in arguments]
        program = weave(transform.template.with_hyperparameters(settings), inner, name)
        described = [(_label(argument), part) for argument, (_, part) in zip(arguments, inner, strict=True)]
        return replace(program, description=describe_transformed(transform, described))

    def _settings(self, keywords: list[ast.keyword], name: str) -> dict[str, float]:
        settings: dict[str, float] = {}
        for keyword in keywords:
            if keyword.arg is None:
                raise self._error(f"{name} takes settings by name")
            if keyword.arg in settings:
                raise self._error(f"{one_line(name)} is given {quote(keyword.arg)} twice")
            settings[keyword.arg] = self._number(keyword.value, name)
        return settings

    def _number(self, node: ast.expr, name: str) -> float:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError, MemoryError):
            value = None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(f"a setting of {name} is {_unparse(node)}; expected a number")
        try:
            return float(value)
        except OverflowError:
            raise self._error(f"a setting of {name} is too large a number") from None

    def _error(self, message: str) -> SettingError:
        return SettingError(f"{one_line(self._text)}: {message}; {_EXPECTED}")


def _unparse(node: ast.expr) -> str:
    """Return what a message quotes of a part."""
    try:
        return quote(ast.unparse(node))
    except (RecursionError, ValueError):  # such as a number of more digits than Python prints
        return "a part of it"


def _label(node: ast.expr) -> str:
    """Return what a part is called in descriptions: as it is written, without quotes around a path."""
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _prefix(node: ast.expr) -> str:
    """Return what the variables of a part are called where they need a prefix."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id=name)):
            return name
        case ast.Constant(value=str(path)) if PurePath(path).stem.isidentifier():
            return PurePath(path).stem
    return "inner"
