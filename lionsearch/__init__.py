"""lionsearch: finding optimizers by program search.

`to_optax`, `optax_factory` and `to_torch` give a program to a training loop; they are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lionsearch.export.loading import optax_factory as optax_factory
    from lionsearch.export.loading import to_optax as to_optax
    from lionsearch.export.loading import to_torch as to_torch

    __version__: str

__all__ = ["optax_factory", "to_optax", "to_torch"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("lionsearch")
    if name not in __all__:
        raise AttributeError(f"module 'lionsearch' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("lionsearch.export.loading"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
