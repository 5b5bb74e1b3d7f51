"""The function that a rival is made by, imported."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from lionsearch.errors import SettingError, UnknownNameError, one_line
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.rivals.shelf import OWN, ROWS
from lionsearch.tasks.calling import FAULTS, describe_fault

_imported: dict[str, str] = {}
"""Digests of the files of modules as they were imported: one that was edited since is imported again."""


def find_function(spec: RivalSpec) -> Callable[..., Any]:
    """Return the function that makes a rival.

    Raises:
        LionSearchError: if its module or function is not there, or cannot be imported.
    """
    module, name = spec.module, spec.function
    if module == OWN:
        if name not in ROWS:
            raise UnknownNameError("rival", name, ROWS, one_line(spec.text))
        module, _, name = ROWS[name].make.partition(":")
    found = _import(module, spec)
    function = getattr(found, name, None)
    if not callable(function):
        valid = [each for each in dir(found) if not each.startswith("_") and callable(getattr(found, each))]
        raise UnknownNameError("function", name, valid, f"{one_line(spec.text)}: module {module}")
    return function


def _import(module: str, spec: RivalSpec) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = importlib.import_module(module)
        source = _digest_file(found)
        if _imported.setdefault(module, source) != source:
            importlib.invalidate_caches()
            found = importlib.reload(found)
            _imported[module] = source
        return found
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if module != missing and not module.startswith(f"{missing}."):
            raise SettingError(f"{one_line(spec.text)}: module {module!r} needs {missing!r}") from None
        raise SettingError(f"{one_line(spec.text)}: there is no module {module!r}") from None
    except FAULTS as error:
        raise SettingError(f"{one_line(spec.text)}: importing {module!r} failed: {describe_fault(error)}") from None


def _digest_file(module: ModuleType) -> str:
    path = getattr(module, "__file__", None)
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path and Path(path).is_file() else ""
