"""How an operation is written in a library for arrays, as a row of the table of operations says it.

A template names its arguments `{0}`, `{1}`, `{2}`; `{0:3}` asks for parentheses around an argument that binds weaker
than 3. `LIB` is `jnp` or `torch`. A name with a leading underscore is a helper (`lionsearch.export.helpers`), which
the exported file then holds. Total arithmetic is written out where it is needed, and only there.
"""

from __future__ import annotations

from dataclasses import dataclass

from lionsearch.lang.facts import Sign

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 7)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How an operation is written.

    Attributes:
        text: the template.
        binds: how strongly the result binds; `ATOM` for names and calls.
        plain: whether Python's own numbers will do for all arguments, and give one.
        tensors: the arguments that PyTorch wants as tensors, numbers or not.
    """

    text: str
    binds: int = ATOM
    plain: bool = False
    tensors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How an operation is written where an argument is known to be one at which total arithmetic does nothing.

    Attributes:
        argument: its position.
        sign: what must be known of it.
        spelling: what is written then.
    """

    argument: int
    sign: Sign
    spelling: Spelling
