"""A digest of the code that a rival runs: what was trained with other code is not taken for its own."""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import re
import tokenize
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import optax

from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.rivals.shelf import OWN
from lionsearch.rivals.wrapping import DEFAULTS

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r"from lionsearch\.rivals\.(\w+) import")


def digest_code(spec: RivalSpec, function: Callable[..., Any]) -> str:
    """Return a digest of what a rival runs.

    That is optax's version, the file of the function that makes it, and what is used of this package: comments and
    docstrings aside. How lionsearch trains is not in it.

    Args:
        spec: the rival.
        function: that makes it.
    """
    digest = hashlib.sha256(optax.__version__.encode())
    first = ["optax_rival"]
    if spec.module == OWN:
        own = function.__module__.rpartition(".")[2]
        first.append(own)
        arrays = _FOLDER / f"{own}_weights.npz"
        given = [Path(value) for _, value in spec.settings if isinstance(value, str)]
        for path in (arrays, *given):
            digest.update(path.read_bytes() if path.is_file() else b"")
    else:
        digest.update(_read_source(function) or repr(function).encode())
    if spec.around:
        first.append("wrapping")
        digest.update(repr([sorted(DEFAULTS.get(name, {}).items()) for name, _ in spec.around]).encode())
    for name, text in sorted(_modules(first).items()):
        digest.update(f"{name}\n{text}".encode())
    return digest.hexdigest()[:12]


def _modules(first: Iterable[str]) -> dict[str, str]:
    """Return modules of this package, and those of it that they import, by name."""
    found: dict[str, str] = {}
    todo = [*first]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = _read(name)
            todo.extend(_IMPORT.findall(found[name]))
    return found


def _read(name: str) -> str:
    """Return the text of a module of this package without comments, strings that are statements, and empty lines."""
    text = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    ends = {token.start[0]: token.start[1] for token in tokens if token.type == tokenize.COMMENT}
    lines = enumerate(text.splitlines(), 1)
    kept = (line[: ends.get(number)].rstrip() for number, line in lines if number not in left_out)
    return "\n".join(filter(None, kept))


def _read_source(function: Callable[..., Any]) -> bytes:
    try:
        return Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        return b""
