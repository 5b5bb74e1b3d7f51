"""A node -> the text of the expression that computes it, in one of the two flavours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lionsearch.graph import Node, Reference
from lionsearch.graph.lowering import AXES, LoweredProgram
from lionsearch.graph.signs import find_signs, sign_of
from lionsearch.lang import OPERATIONS, Kind, Operation
from lionsearch.lang.facts import ATOM, SIGN, Spelling

_PLACE = re.compile(r"\{(\d)(?::(\d))?\}")
_SIMPLE = re.compile(r"-?[\w.]+")


@dataclass(frozen=True, slots=True)
class Text:
    """An expression, and how strongly it binds."""

    text: str
    binds: int = ATOM

    def inside(self, binds: int) -> str:
        """Return the text, in parentheses if it binds weaker than that."""
        return f"({self.text})" if self.binds < binds else self.text


def spelling_of(row: Operation, library: str) -> Spelling:
    """Return how an operation is written, whatever its arguments are.

    Args:
        row: of the table.
        library: `jnp` or `torch`.

    Example:
        >>> spelling_of(OPERATIONS["sin"], "jnp").text, spelling_of(OPERATIONS["cbrt"], "torch").text
        ('jnp.sin({0})', '_cbrt({0})')
    """
    places = ", ".join(f"{{{position}}}" for position in range(row.arity))
    found = (row.torch if library == "torch" else None) or row.spelling or Spelling(f"LIB.{row.name}({places})")
    return replace(found, text=found.text.replace("LIB", library))


class Speller:
    """Writes the nodes of one program.

    A node is plain if it is one of Python's own numbers when the exported code runs: a hyperparameter, the learning
    rate, and sums and products of them. PyTorch's functions want a tensor, so there `_number` makes one of it.

    Args:
        lowered: the program.
        torch: write PyTorch; else JAX.
    """

    def __init__(self, lowered: LoweredProgram, *, torch: bool):
        self._lowered, self._torch = lowered, torch
        self._library = "torch" if torch else "jnp"
        self._signs = find_signs(lowered.graph)
        self._booleans = self._find_booleans()
        known = dict(lowered.program.hyperparameters)
        self._plain: dict[int | str, bool] = {
            name: name in ("lr", AXES) or (name in known and kind in (Kind.SCALAR, Kind.PER_TENSOR))
            for name, kind in lowered.leaves.items()
        }
        for index, node in enumerate(lowered.nodes):
            row = OPERATIONS[node.operation]
            plain = spelling_of(row, self._library).plain
            self._plain[index] = plain and (row.shape_only or all(map(self._is_plain, node.arguments)))

    def spelling(self, index: int) -> Spelling:
        """Return the template of a node's operation, as its arguments allow it."""
        node = self._lowered.nodes[index]
        row, arguments = OPERATIONS[node.operation], node.arguments
        found = spelling_of(row, self._library)
        if row.shortcut is not None and sign_of(arguments[row.shortcut.argument], self._signs) >= row.shortcut.sign:
            shortcut = row.shortcut.spelling
            return replace(shortcut, text=shortcut.text.replace("LIB", self._library))
        match row.name:
            case "where":
                known = isinstance(arguments[0], int) and arguments[0] in self._booleans
                condition = "{0}" if known else "{0:2} != 0"
                per_number = self._torch and self._lowered.kind(arguments[0]) in (Kind.SCALAR, Kind.PER_TENSOR)
                function = "_where" if per_number else f"{self._library}.where"
                return Spelling(f"{function}({condition}, {{1}}, {{2}})")
            case "power" if not self._torch and all(map(self._is_plain, arguments)):
                return Spelling("jnp.power({0}, {1})")
            case "maximum" | "minimum" if self._torch and sum(map(self._is_plain, arguments)) == 1:
                tensor, bound = sorted((0, 1), key=lambda i: self._is_plain(arguments[i]))
                which = "min" if row.name == "maximum" else "max"
                return Spelling(f"torch.clamp({{{tensor}}}, {which}={{{bound}}})")
        if row.boolean and index not in self._booleans:
            tensor = next((i for i in (0, 1) if not self._is_plain(arguments[i])), 0)
            return Spelling(f"_as_number({found.text}, {{{tensor}}})")
        return found

    def write(self, index: int, read: Callable[[int | str], Text]) -> Text:
        """Return the expression of a node.

        Args:
            index: the node.
            read: gives the text of an argument.
        """
        node, spelling = self._lowered.nodes[index], self.spelling(index)
        texts = [Text(*constant_text(a)) if isinstance(a, float) else read(a) for a in node.arguments]
        wrapped = self._wrapped(node, spelling, index) if self._torch else ()
        texts = [Text(f"_number({text.text})") if i in wrapped else text for i, text in enumerate(texts)]
        shown = _PLACE.sub(lambda place: texts[int(place[1])].inside(int(place[2] or 0)), spelling.text)
        if node.operation == "power" and all(_SIMPLE.fullmatch(text.text) for text in texts):
            shown = shown.replace(" ** ", "**")
        return Text(shown, spelling.binds)

    def reads_once(self, index: int, argument: int | str) -> bool:
        """Return whether a node's expression holds an argument exactly once."""
        arguments = self._lowered.nodes[index].arguments
        places = [arguments[int(place[1])] for place in _PLACE.finditer(self.spelling(index).text)]
        return sum(place == argument and not isinstance(place, float) for place in places) == 1

    def _wrapped(self, node: Node, spelling: Spelling, index: int) -> tuple[int, ...]:
        """Return the positions of plain arguments of which PyTorch needs a tensor."""
        plain = [self._is_plain(argument) for argument in node.arguments]
        if self._plain[index]:
            return ()
        match node.operation:
            case "where":
                return (*((0,) if plain[0] else ()), *((1,) if plain[1] and plain[2] else ()))
            case "clamp" if plain[0] or plain[1] != plain[2]:
                return tuple(i for i, is_plain in enumerate(plain) if is_plain and (i == 0 or plain[1] != plain[2]))
        if spelling.tensors and any(plain[i] for i in spelling.tensors):
            return tuple(i for i in spelling.tensors if plain[i])
        return (0,) if plain and all(plain) else ()

    def _find_booleans(self) -> set[int]:
        """Return the comparisons that nothing but the condition of a `where` reads."""
        nodes = self._lowered.nodes
        found = {index for index, node in enumerate(nodes) if OPERATIONS[node.operation].boolean}
        for node in nodes:
            rest = node.arguments[1:] if node.operation == "where" else node.arguments
            found -= {argument for argument in rest if isinstance(argument, int)}
        return found - {ref for ref in self._lowered.outputs if isinstance(ref, int)}

    def _is_plain(self, reference: Reference) -> bool:
        return isinstance(reference, float) or self._plain[reference]


def constant_text(value: float) -> tuple[str, int]:
    """Return a number as Python writes it, and how strongly that binds."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")', ATOM
    text = str(int(value)) if value == int(value) and abs(value) < 1e6 and str(value) != "-0.0" else repr(value)
    return text, SIGN if text.startswith("-") else ATOM
