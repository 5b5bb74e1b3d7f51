"""A value -> the text of the expression that computes it, in one of the two flavours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lionsearch.export.flow import AXES, Constant, Flow, Ref, Value
from lionsearch.export.signs import find_signs, is_nonzero
from lionsearch.export.spellings import ATOM, BOOLEANS, JAX, PRODUCT, SIGN, TORCH, Spelling
from lionsearch.lang import Kind

_PLACE = re.compile(r"\{(\d)(?::(\d))?\}")
_SIMPLE = re.compile(r"-?[\w.]+")
_COUNTS = ("size", "rows", "columns")
_PAIRED = ("maximum", "minimum", "arctan2")


@dataclass(frozen=True, slots=True)
class Text:
    """An expression, and how strongly it binds."""

    text: str
    binds: int = ATOM

    def inside(self, binds: int) -> str:
        """Return the text, in parentheses if it binds weaker than that."""
        return f"({self.text})" if self.binds < binds else self.text


class Speller:
    """Writes the values of one program.

    A value is plain if it is one of Python's own numbers when the exported code runs: a hyperparameter, the learning
    rate, and sums and products of them. PyTorch's functions want a tensor, so there `_number` makes one of it.

    Args:
        flow: the program.
        torch: write PyTorch; else JAX.
    """

    def __init__(self, flow: Flow, *, torch: bool):
        self._flow, self._torch = flow, torch
        self._table = TORCH if torch else JAX
        self._signs = find_signs(flow)
        self._booleans = self._find_booleans()
        self._plain: list[bool] = []
        for index, value in enumerate(flow.values):
            self._plain.append(self._is_plain_initial(value) if value.operation is None else self._stays_plain(index))

    def spelling(self, index: int) -> Spelling:
        """Return the template of a value's operation, as its arguments allow it."""
        value = self._flow.values[index]
        name, arguments = value.operation or "", value.arguments
        library = "torch" if self._torch else "jnp"
        found = self._table[name]
        match name:
            case "sqrt" if self._signs_of(arguments[0]):
                return Spelling(f"{library}.sqrt({{0}})")
            case "divide" if is_nonzero(arguments[1], self._signs):
                return Spelling("{0:3} / {1:4}", PRODUCT)
            case "reciprocal" if is_nonzero(arguments[0], self._signs):
                return Spelling("1 / {0:4}", PRODUCT)
            case "where" if arguments[0] in self._booleans:
                return Spelling(f"{library}.where({{0}}, {{1}}, {{2}})")
            case "power" if not self._torch and all(map(self._is_plain, arguments)):
                return Spelling("jnp.power({0}, {1})")
            case "maximum" | "minimum" if self._torch and sum(map(self._is_plain, arguments)) == 1:
                tensor, bound = sorted((0, 1), key=lambda i: self._is_plain(arguments[i]))
                return Spelling(f"torch.clamp({{{tensor}}}, {'min' if name == 'maximum' else 'max'}={{{bound}}})")
        if name in BOOLEANS and index not in self._booleans:
            tensor = next((i for i in (0, 1) if not self._is_plain(arguments[i])), 0)
            return Spelling(f"_as_number({found.text}, {{{tensor}}})")
        return found

    def write(self, index: int, read: Callable[[int], Text]) -> Text:
        """Return the expression of a value.

        Args:
            index: the value.
            read: gives the text of an argument.
        """
        value, spelling = self._flow.values[index], self.spelling(index)
        texts = [Text(*constant_text(a.value)) if isinstance(a, Constant) else read(a) for a in value.arguments]
        wrapped = self._wrapped(value, spelling, index) if self._torch else ()
        texts = [Text(f"_number({text.text})") if i in wrapped else text for i, text in enumerate(texts)]
        shown = _PLACE.sub(lambda place: texts[int(place[1])].inside(int(place[2] or 0)), spelling.text)
        if value.operation == "power" and all(_SIMPLE.fullmatch(text.text) for text in texts):
            shown = shown.replace(" ** ", "**")
        return Text(shown, spelling.binds)

    def reads_once(self, index: int, argument: int) -> bool:
        """Return whether a value's expression holds an argument exactly once."""
        value = self._flow.values[index]
        positions = [int(place[1]) for place in _PLACE.finditer(self.spelling(index).text)]
        return [value.arguments[position] for position in positions].count(argument) == 1

    def _wrapped(self, value: Value, spelling: Spelling, index: int) -> tuple[int, ...]:
        """Return the positions of plain arguments of which PyTorch needs a tensor."""
        plain = [self._is_plain(argument) for argument in value.arguments]
        if self._plain[index]:
            return ()
        match value.operation:
            case "where":
                return (*((0,) if plain[0] else ()), *((1,) if plain[1] and plain[2] else ()))
            case "clamp" if plain[0] or plain[1] != plain[2]:
                return tuple(i for i, is_plain in enumerate(plain) if is_plain and (i == 0 or plain[1] != plain[2]))
            case "divide" | "mod" if spelling.text.startswith("_") and plain[1]:
                return (1,)
            case str(name) if name in _PAIRED and not spelling.text.startswith("torch.clamp"):
                return tuple(i for i, is_plain in enumerate(plain) if is_plain)
        return (0,) if plain and all(plain) else ()

    def _find_booleans(self) -> set[Ref]:
        """Return the comparisons that nothing but the condition of a `where` reads."""
        found = {i for i, value in enumerate(self._flow.values) if value.operation in BOOLEANS}
        for value in self._flow.values:
            conditions = value.arguments[:1] if value.operation == "where" else ()
            rest = value.arguments[len(conditions) :]
            found -= {argument for argument in rest if isinstance(argument, int)}
        return {*(found - {*self._flow.outputs})}

    def _signs_of(self, ref: Ref) -> bool:
        return ref.value >= 0 if isinstance(ref, Constant) else bool(self._signs[ref])

    def _is_plain(self, ref: Ref) -> bool:
        return isinstance(ref, Constant) or self._plain[ref]

    def _is_plain_initial(self, value: Value) -> bool:
        known = dict(self._flow.program.hyperparameters)
        return value.name in ("lr", AXES) or (value.name in known and value.kind in (Kind.SCALAR, Kind.PER_TENSOR))

    def _stays_plain(self, index: int) -> bool:
        value = self._flow.values[index]
        if value.operation in _COUNTS:
            return True
        return self._table[value.operation or ""].plain and all(map(self._is_plain, value.arguments))


def constant_text(value: float) -> tuple[str, int]:
    """Return a number as Python writes it, and how strongly that binds."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")', ATOM
    text = str(int(value)) if value == int(value) and abs(value) < 1e6 and str(value) != "-0.0" else repr(value)
    return text, SIGN if text.startswith("-") else ATOM
