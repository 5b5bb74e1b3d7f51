"""lionsearch: finding optimizers by program search.

`to_optax`, `optax_factory` and `to_torch` give a program to a training loop; they are imported when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lionsearch.export.optimizer import to_torch as to_torch
    from lionsearch.export.transform import optax_factory as optax_factory
    from lionsearch.export.transform import to_optax as to_optax

    __version__: str

_MODULES = {
    "optax_factory": "lionsearch.export.transform",
    "to_optax": "lionsearch.export.transform",
    "to_torch": "lionsearch.export.optimizer",
}
__all__ = ["optax_factory", "to_optax", "to_torch"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("lionsearch")
    if name not in _MODULES:
        raise AttributeError(f"module 'lionsearch' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
