"""What each statement of the paper's raw program is worth: without it, tuned, against the whole.

    python experiments/lion_vs_adamw/ablation.py

Dead code is left out first. Then of each statement in turn its uses read what it was computed from instead (the first
of its arguments that is no constant). Trainings are kept in `ablation/`, with the programs and the table.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import lionsearch as ls
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import Program

FOLDER = Path(os.path.relpath(Path(__file__).parent)) / "ablation"
TASKS = ("digits_small_vit", "docs_small_transformer", "digits_gru", "mnist1d_cnn")


def without(program: Program, number: int) -> Program | None:
    """Return the program without a statement; None if it was made from constants alone."""
    statement = program.statements[number]
    inner = next((argument for argument in statement.arguments if isinstance(argument, str)), None)
    if inner is None:
        return None
    statements = list(program.statements)
    statements[number] = replace(statement, operation="copy", arguments=(inner,))
    return remove_dead_code(replace(program, statements=tuple(statements)))


def main() -> None:
    """Write the programs, and compare them."""
    raw = remove_dead_code(ls.load("lion_raw"))
    FOLDER.mkdir(exist_ok=True)
    paths, seen = ["lion_raw", "lion"], {fingerprint(raw)}
    for number, statement in enumerate(raw.statements):
        changed = without(raw, number)
        if changed is None or fingerprint(changed) in seen:
            continue
        seen.add(fingerprint(changed))
        path = FOLDER / f"without_{number:02}_{statement.operation}.py"
        path.write_text(str(changed))
        paths.append(str(path))
        shown = ", ".join(map(str, statement.arguments))
        print(f"{path.name}: without {statement.target} = {statement.operation}({shown})")
    print(ls.compare(paths, list(TASKS), points=8, tune_seeds=2, seeds=8, output=FOLDER))


if __name__ == "__main__":
    main()
