"""The one table of operations: all that the system knows of an operation stands in its row.

The NumPy oracle, the JAX interpreter and compiler, kind inference, parser, printer, fingerprint and mutation read
this table; none of them names an operation. A row's meaning is written once, for any array library: `xp` is `numpy`
or `jax.numpy`, and a `Space` knows how values of the whole parameter tree are laid out.

Arithmetic is total: `x / 0 = 0`; `sqrt`, `log`, `log2` and `log10` act on `|x|`; `log1p` is `log|1 + x|`. Where the
mathematics has no value elsewhere (`arcsin(2)`, `power(-1, 0.5)`) the result is NaN, as in NumPy.
"""

from __future__ import annotations

from lionsearch.lang.extended_operations import EXTENDED_ROWS
from lionsearch.lang.operation import Operation
from lionsearch.lang.paper_operations import PAPER_ROWS

_ROWS = (*PAPER_ROWS, *EXTENDED_ROWS)

OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}
"""All operations by name, in the order of the table."""

PAPER_OPERATIONS: tuple[str, ...] = tuple(row.name for row in PAPER_ROWS)
"""The names of the 45 functions of the paper's search space."""

ALIASES: dict[str, str] = {alias: row.name for row in _ROWS for alias in row.aliases}
"""Other accepted spellings, to the name in the table."""

SYMBOLS: dict[str, str] = {row.symbol: row.name for row in _ROWS if row.symbol is not None}
"""Infix operators, to the name in the table."""

ADD, SUBTRACT, MULTIPLY, DIVIDE, COPY = "add", "subtract", "multiply", "divide", "copy"
POWER, INTERP = "power", "interp"
"""The operations that programs are put together with: elsewhere they have names rather than quotes."""
