"""Where a task's factory is from, found without importing it, and whether that is enough to run it.

A task is code: `factory = "module:function"` is imported and called with the task's options. Whoever names a task or an
experiment names its code. A run folder names it by itself, in its `config.json`, and may be a stranger's: of what that
names, only code runs that is already the user's: a module of the working folder, a task of lionsearch's own, or one
of an installed package that requires lionsearch. Nothing of Python's standard library makes a task.

Non-goal: what a module of these does when it is imported.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import sysconfig
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from lionsearch.errors import TaskError, quote

_OWN_MODULE = "lionsearch.tasks.factories"
_OWN_PACKAGE = "lionsearch.tasks.ladder"
_PACKAGES = {"site-packages", "dist-packages"}


def check_factory(task: str, factory: str, where: str) -> None:
    """Raise if a task's code is from where a run folder cannot name it.

    Args:
        task: its name.
        factory: `module:function`.
        where: the file that names it.

    Raises:
        TaskError: naming module, function and file.
    """
    module, function = factory.split(":")
    if not _is_known(module):
        raise TaskError(
            f"{where}: task {quote(task)} would call function {quote(function)} of module {quote(module)},"
            f" {_place(module)}; a run folder's tasks run if they are in the working folder, in {_OWN_MODULE} or"
            f" {_OWN_PACKAGE}, or in an installed package that requires lionsearch; to run this one all the same:"
            " --trust"
        )


def is_of_python(module: str) -> bool:
    """Return whether a module is one of Python's standard library."""
    name = module.split(".")[0]
    if name in sys.builtin_module_names:
        return True
    found = _locations(_find(name))
    library = Path(sysconfig.get_path("stdlib")).resolve()
    return any(place.is_relative_to(library) and not _PACKAGES & {*place.parts} for place in found) or (
        not found and name in sys.stdlib_module_names
    )


def _is_known(module: str) -> bool:
    name = module.split(".")[0]
    if name == "lionsearch":
        return module == _OWN_MODULE or module.startswith(f"{_OWN_PACKAGE}.")
    return not is_of_python(module) and (_is_in_working_folder(name) or _is_of_a_package(name))


def _is_in_working_folder(name: str) -> bool:
    """Return whether a module lies directly in the working folder, and an import takes that one."""
    here, loaded = Path.cwd().resolve(), getattr(sys.modules.get(name), "__spec__", None)
    if any(_PACKAGES & {*place.parts} for place in _locations(loaded)):
        return False  # whatever file of that name there is here
    found = _locations(_search(name))
    ours = (here / name, here / f"{name}.py", here / name / "__init__.py")
    return bool(found) and all(place in ours for place in found)


def _is_of_a_package(name: str) -> bool:
    """Return whether an installed package holds a module and requires lionsearch, as one with tasks has to."""
    for package in importlib.metadata.packages_distributions().get(name, []):
        required = importlib.metadata.requires(package) or []
        if any(re.match(r"lionsearch(?![\w.-])", each, re.IGNORECASE) for each in required):
            return True
    return False


def _find(name: str) -> ModuleSpec | None:
    """Return what an import of a name would load, or has loaded."""
    return getattr(sys.modules[name], "__spec__", None) if name in sys.modules else _search(name)


def _search(name: str) -> ModuleSpec | None:
    """Return what an import of a name would load that is not loaded yet."""
    here = str(Path.cwd())
    try:
        return PathFinder.find_spec(name, sys.path if here in sys.path else [here, *sys.path])  # as tasks are imported
    except (ImportError, OSError, ValueError):
        return None


def _locations(spec: ModuleSpec | None) -> list[Path]:
    """Return the files, or for a folder without code of its own the folders, that a module is read from."""
    if spec is None:
        return []
    if spec.origin and spec.has_location:
        return [Path(spec.origin).resolve()]
    return [Path(folder).resolve() for folder in spec.submodule_search_locations or ()]


def _place(module: str) -> str:
    if is_of_python(module):
        return "which is Python's"
    found = _locations(_find(module.split(".")[0]))
    return f"which is in {quote(str(found[0].parent), 300)}" if found else "which is nowhere to be found"
