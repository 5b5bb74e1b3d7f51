"""The targets of an export, by name."""

from __future__ import annotations

from enum import StrEnum


class Target(StrEnum):
    """What a program is exported to; `optax` and `torch` are `python` in that flavour."""

    OPTAX = "optax"
    TORCH = "torch"
    PYTHON = "python"
    LATEX = "latex"
    GRAPH = "graph"


class Flavor(StrEnum):
    """The library that an exported Python file is for."""

    OPTAX = "optax"
    TORCH = "torch"
