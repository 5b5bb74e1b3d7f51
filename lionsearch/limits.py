"""How large what is read may be: one number for each thing, so that no input takes seconds or gigabytes to refuse.

Sizes are compared before anything is read or parsed. A hundred times what people write still fits.
"""

from __future__ import annotations

PROGRAM_BYTES = 200_000
"""Of a program's text."""

PROGRAM_LINE = 4_000
"""Characters of a line of a program."""

PROGRAM_STATEMENTS = 4_000
"""Statements of a program, a composition's included; what an interpreter can have room for."""

PROGRAM_SLOTS = 200
"""Parameters of `train`, slots of a composition."""

NAME = 100
"""Characters of a variable's name."""

COMPOSITION = 2_000
"""Characters of a composition such as `lookahead(adamw, k=5)`."""

COMPOSITION_DEPTH = 20
"""Programs and transforms inside one another in a composition."""

TOML_BYTES = 50_000
"""Of the file of a task or an experiment."""

TOML_LINE = 2_000
"""Characters of a line of such a file; the time that one takes grows with the square of it."""

TOML_KEY = 20
"""Parts of a key, such as the two of `search.population`."""

CONFIG_BYTES = 2_000_000
"""Of a run's configuration."""

MOST_SEEDS = 1_000
"""Of an evaluation."""

SEEDS_BECAUSE = "the seeds of the next stage of an evaluation begin there"

QUOTED = 100
"""Characters of a value, or of a program's line, that a message quotes."""

MOST_TRIALS = 10_000
"""Points that a sampler of `tune` may propose."""
