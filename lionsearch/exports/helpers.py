"""The text of the functions that an exported file holds besides its rule: read from the modules that define them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_CALL = re.compile(r"(?<![\w.])_[A-Za-z]\w*(?=\()")


@cache
def helpers_of(library: str) -> dict[str, str]:
    """Return the text of every helper by name, in the order in which a file has them.

    The modules are read, not imported: writing a file for PyTorch does not need PyTorch.

    Args:
        library: `jax` or `torch`.

    Examples:
        >>> helpers_of("torch")["_exp10"].splitlines()[-1]
        '    return 10.0**x'
    """
    found: dict[str, str] = {}
    for module in ("runtime", f"runtime_{library}"):
        source = files("lionsearch.exports").joinpath(f"{module}.py").read_text(encoding="utf-8")
        definitions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        found |= {node.name: _text(source, node) for node in definitions}
    return found


def _text(source: str, node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return the lines of a definition, its decorators and the comments beside them included."""
    first = min(part.lineno for part in (node, *node.decorator_list))
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def called_helpers(text: str) -> set[str]:
    """Return the names of the helpers that a text calls."""
    return set(_CALL.findall(text))


def helper_texts(names: Iterable[str], library: str) -> list[str]:
    """Return the texts of helpers and of those that they call.

    Args:
        names: of helpers.
        library: `jax` or `torch`.

    Examples:
        >>> [text.split("(")[0] for text in helper_texts(["_global_norm"], "jax")]
        ['def _global_norm', 'def _dot']
    """
    table, wanted, waiting = helpers_of(library), set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(called_helpers(table[name]) - wanted - {name})
    return [text for name, text in table.items() if name in wanted]
