"""What `check` says of a run: whether it is sound, and what can be saved of one that is not."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

from lionsearch.errors import LionSearchError, RunError

_SHOWN = 10


def is_run(target: str) -> bool:
    """Return whether a text names a run folder, sound or not."""
    from lionsearch.archive.folder import CONFIG
    from lionsearch.archive.tables import DATABASE

    try:
        return any((Path(target) / name).is_file() for name in (CONFIG, DATABASE))
    except (OSError, ValueError):
        return False


def list_parts(target: str) -> list[str]:
    """Return the runs of a search on islands that a text names; of any other text, itself."""
    from lionsearch.archive.folder import list_islands

    folders = list_islands(Path(target))
    return [target] if folders == [Path(target)] else [str(folder) for folder in folders]


def check_run(folder: Path, save: Path | None) -> dict[str, Any]:
    """Return what `check --json` says of a run; what is sound of it is saved if that is asked for.

    Raises:
        LionSearchError: if nothing can be read, or nothing can be saved there.
    """
    from dataclasses import asdict

    from lionsearch.archive.soundness import examine_run, save_sound

    config, fault = _read_config(folder)
    if save is None:
        found = asdict(examine_run(folder))
    elif config is None:
        raise RunError(f"{folder}: nothing can be gone on with: {fault}")
    else:
        found = asdict(save_sound(folder, save, config))
    faults = [*([] if fault is None else [fault]), *found.pop("faults")]
    return {"run": str(folder), "is_sound": not faults, **found, "faults": faults, "saved": save and str(save)}


def print_run_check(found: dict[str, Any]) -> None:
    """Print it: what is there, then what is wrong, and what to do."""
    from lionsearch.terminal.display import command_line

    lost = f", {found['lost']} of them lost by the system" if found["lost"] else ""
    there = (
        f"{found['sound']} of {found['candidates']} candidates and {found['evaluations']} evaluations are sound{lost}"
    )
    print(f"{found['run']}  {'ok' if found['is_sound'] else 'damaged'}  {there}")
    for fault in found["faults"][:_SHOWN]:
        print(f"error: {found['run']}: {fault}", file=sys.stderr)
    if len(found["faults"]) > _SHOWN:
        print(f"error: {found['run']}: {len(found['faults']) - _SHOWN} more", file=sys.stderr)
    if found["saved"] is not None:
        print(f"saved in {found['saved']}; go on with:\n  {command_line('resume', found['saved'])}")
    elif not found["is_sound"]:
        print(
            f"candidates 0 to {found['first'] - 1} and all sound evaluations can be saved, and gone on from, with:"
            if found["first"]
            else "the sound evaluations can be saved, and the run gone on with from its start, with:"
        )
        print(f"  {command_line('check', found['run'], '--save', 'FOLDER')}")


def _read_config(folder: Path) -> tuple[str | None, str | None]:
    """Return the run's configuration, or what is wrong with it."""
    from lionsearch.archive import RunStore
    from lionsearch.archive.folder import read_config
    from lionsearch.runs.config import parse_config

    try:
        text = read_config(folder)
        parse_config(text, "config.json")
        with contextlib.closing(RunStore.read(folder)) as store:
            store.check_config()
        return text, None
    except LionSearchError as error:
        return None, str(error).removeprefix(f"{folder}: ")
