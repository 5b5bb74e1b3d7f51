"""A node -> the expression that computes it, in one of the two libraries, as a tree of Python's."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import replace

from lionsearch.graph import Node, Reference
from lionsearch.graph.lowering import AXES, LoweredProgram
from lionsearch.graph.signs import find_signs, sign_of
from lionsearch.lang import OPERATIONS, Kind, Operation
from lionsearch.lang.facts import Spelling

_ARGUMENTS = "xyz"


def spelling_of(row: Operation, library: str) -> Spelling:
    """Return how an operation is written, whatever its arguments are.

    Args:
        row: of the table.
        library: `jnp` or `torch`.

    Examples:
        >>> spelling_of(OPERATIONS["sin"], "jnp").text, spelling_of(OPERATIONS["cbrt"], "torch").text
        ('LIB.sin(x)', '_cbrt(x)')
    """
    plain = Spelling(f"LIB.{row.name}({', '.join(_ARGUMENTS[: row.arity])})")
    return (row.torch if library == "torch" else None) or row.spelling or plain


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
        known = dict(lowered.program.hyperparameters)
        self._plain: dict[int | str, bool] = {
            name: name in ("lr", AXES) or (name in known and kind in (Kind.SCALAR, Kind.PER_TENSOR))
            for name, kind in lowered.leaves.items()
        }
        for index, node in enumerate(lowered.nodes):
            row = OPERATIONS[node.operation]
            plain = spelling_of(row, self._library).plain
            self._plain[index] = plain and (row.shape_only or all(map(self._is_plain, node.arguments)))
        self._booleans = self._find_booleans()

    def spelling(self, index: int) -> Spelling:
        """Return the template of a node's operation, as its arguments allow it."""
        node = self._lowered.nodes[index]
        row, arguments = OPERATIONS[node.operation], node.arguments
        found = spelling_of(row, self._library)
        if row.shortcut is not None and sign_of(arguments[row.shortcut.argument], self._signs) >= row.shortcut.sign:
            return row.shortcut.spelling
        match row.name:
            case "where" if self._chooses_numbers(node):
                return Spelling("_choose(x, y, z)")
            case "where":
                known = isinstance(arguments[0], int) and arguments[0] in self._booleans
                per_number = self._torch and not self._is_array(arguments[0])
                return Spelling(f"{'_where' if per_number else 'LIB.where'}({'x' if known else 'x != 0'}, y, z)")
            case "power" if not self._torch and all(map(self._is_plain, arguments)):
                return Spelling("LIB.power(x, y)")
            case "maximum" | "minimum" if self._torch and sum(map(self._is_plain, arguments)) == 1:
                tensor, bound = ("y", "x") if self._is_plain(arguments[0]) else ("x", "y")
                return Spelling(f"LIB.clamp({tensor}, {'min' if row.name == 'maximum' else 'max'}={bound})")
        if row.boolean and index not in self._booleans:
            wanted = [self._is_array, lambda argument: not self._is_plain(argument)]  # of whose dtype the result is
            tensor = next((i for is_it in wanted for i in (0, 1) if is_it(arguments[i])), 0)
            return replace(found, text=f"_as_number({found.text}, {_ARGUMENTS[tensor]})")
        return found

    def write(self, index: int, read: Callable[[int | str], ast.expr]) -> ast.expr:
        """Return the expression of a node.

        Args:
            index: the node.
            read: gives the expression of an argument.
        """
        node, spelling = self._lowered.nodes[index], self.spelling(index)
        given = [constant(a) if isinstance(a, float) else read(a) for a in node.arguments]
        wrapped = self._wrapped(node, spelling, index) if self._torch else ()
        given = [ast.Call(ast.Name("_number"), [each], []) if i in wrapped else each for i, each in enumerate(given)]
        names = dict(zip(_ARGUMENTS, given, strict=False))
        return _Filled({**names, "LIB": ast.Name(self._library)}).visit(_parse(spelling.text))

    def reads_once(self, index: int, argument: int | str) -> bool:
        """Return whether a node's expression holds an argument exactly once."""
        named = dict(zip(_ARGUMENTS, self._lowered.nodes[index].arguments, strict=False))
        held = [
            named.get(node.id) for node in ast.walk(_parse(self.spelling(index).text)) if isinstance(node, ast.Name)
        ]
        return sum(each == argument and not isinstance(each, float) for each in held) == 1

    def _wrapped(self, node: Node, spelling: Spelling, index: int) -> tuple[int, ...]:
        """Return the positions of plain arguments of which PyTorch needs a tensor."""
        plain = [self._is_plain(argument) for argument in node.arguments]
        if self._plain[index]:
            return ()
        match node.operation:
            case "where" if self._chooses_numbers(node):
                return ()
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
            reads_condition = node.operation == "where" and not self._chooses_numbers(node)
            rest = node.arguments[1:] if reads_condition else node.arguments
            found -= {argument for argument in rest if isinstance(argument, int)}
        return found - {ref for ref in self._lowered.outputs if isinstance(ref, int)}

    def _chooses_numbers(self, node: Node) -> bool:
        """Return whether a node of a PyTorch program chooses, for each element, one of two of Python's numbers."""
        if not self._torch or node.operation != "where":
            return False
        condition, *choices = node.arguments
        return self._is_array(condition) and all(map(self._is_plain, choices))

    def _is_array(self, reference: Reference) -> bool:
        return self._lowered.kind(reference) not in (Kind.SCALAR, Kind.PER_TENSOR)

    def _is_plain(self, reference: Reference) -> bool:
        return isinstance(reference, float) or self._plain[reference]


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, given: dict[str, ast.expr]):
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._given.get(node.id, node)


def _parse(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def constant(value: float) -> ast.expr:
    """Return a number as an expression: a whole one without a point, and what is not finite as a call."""
    if not math.isfinite(value):
        return _parse(f'float("{value}")')
    whole = value == int(value) and abs(value) < 1e6 and str(value) != "-0.0"
    return _parse(str(int(value)) if whole else repr(value))
