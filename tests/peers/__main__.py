"""Print the table of proofs."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table

from .peer import compare_changed, compare_defaults
from .table import ROWS


def main() -> None:
    """Print each program with its peers, and how far apart the two runs of each came."""
    table = Table("program", "peer", "tolerance", "largest difference", "note", box=None, pad_edge=False)
    for row in sorted(ROWS, key=lambda row: (row.program, row.by)):
        with np.errstate(all="ignore"):
            largest = max(compare_defaults(row), compare_changed(row))
        leaves = "" if len(row.leaves) == 4 else f"on {', '.join(row.leaves)}. "
        table.add_row(row.program, row.by, f"{row.tolerance:.0e}", f"{largest:.1e}", f"{leaves}{row.note}")
    console = Console()
    console.width = max(console.width, 140)
    console.print(table)


main()
