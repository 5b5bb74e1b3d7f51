"""A digest of the code that a rival runs: what was trained with other code is not taken for its own."""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optax

from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.rivals.shelf import OWN

_FOLDER = Path(__file__).parent
_PACKAGE = __package__ or ""


def digest_code(spec: RivalSpec, function: Callable[..., Any]) -> str:
    """Return a digest of what a rival runs.

    That is optax's version and the file of the function that makes the rival; of one of our own what that file imports
    from this package too, and arrays beside it, but no comments and docstrings.

    Args:
        spec: the rival.
        function: that makes it.
    """
    digest = hashlib.sha256(optax.__version__.encode())
    if spec.module == OWN:
        names = _modules(function.__module__.rpartition(".")[2])
        for name in sorted(names):
            digest.update(ast.unparse(_read(name)).encode())
            for path in sorted(_FOLDER.glob(f"{name}*.npz")):
                digest.update(path.read_bytes())
        for _, value in spec.settings:
            if isinstance(value, str) and Path(value).is_file():
                digest.update(Path(value).read_bytes())
    else:
        digest.update(_read_source(function) or repr(function).encode())
    if spec.around:
        digest.update(ast.unparse(_read("wrapping")).encode())
    return digest.hexdigest()[:12]


def _modules(first: str) -> set[str]:
    """Return the modules of this package that one of them imports, directly or not, and itself."""
    found: set[str] = set()
    todo = [first]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(_imports(_read(name)))
    return found


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{_PACKAGE}."):
            yield node.module.rpartition(".")[2]


def _read(name: str) -> ast.Module:
    """Return a module of this package without its docstrings."""
    tree = ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return tree


def _read_source(function: Callable[..., Any]) -> bytes:
    try:
        return Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        return b""
