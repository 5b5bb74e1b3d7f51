"""Record what the PyTorch peers do, for machines without PyTorch; `python -m tests.peers.record`.

It takes what `pip install -e '.[test,peers]'` installs. Run it again when a row, the problem or the defaults of a
program change: `read_recording` says so.
"""

from __future__ import annotations

from .recordings import FOLDER, inputs_of, path_of, write_recording
from .torch_peers import ROWS
from .torch_runs import is_installed


def main() -> None:
    """Write one file for each row, and remove those of rows that are gone.

    Raises:
        SystemExit: if the package of a row is not installed.
    """
    missing = sorted({row.by.partition(".")[0] for row in ROWS if not is_installed(row.by)})
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}; pip install -e '.[test,peers]'")
    for row in ROWS:
        write_recording(row.program, row.by, [(inputs, row.run(*inputs)) for inputs in inputs_of(row)])
    kept = {path_of(row.program, row.by) for row in ROWS}
    for path in set(FOLDER.glob("*.npz")) - kept:
        path.unlink()
    print(f"{len(kept)} files, {sum(path.stat().st_size for path in kept)} bytes in {FOLDER}")


if __name__ == "__main__":
    main()
