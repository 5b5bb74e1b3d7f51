"""What a user names -> a program and where it is from: a name, a file, a composition, or a candidate of a run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from lionsearch.archive import RunStore
from lionsearch.archive.folder import CONFIG, check_run_folder, list_islands
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.compose import compose, is_expression
from lionsearch.errors import MissingFileError, RunError, SettingError, UnknownNameError, one_line
from lionsearch.graph import check_program
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.rivals.rival_spec import is_rival
from lionsearch.rivals.shelf import ROWS

_MOST_CANDIDATES = 2**63  # what the database can count
_ELITES = ":elites"
_A_RIVAL = "is a rival, no program; `evaluate`, `compare` and `tune` take it"
_CANDIDATE = re.compile(r"(?P<run>.+):(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a program is from.

    Attributes:
        text: what the user wrote.
        name: what to call the program: its file's name, the composition, or `candidate_7`.
        run: the run folder, for a candidate.
        candidate: its number.
        score: its score in the search, if it has one.
        peaks: the largest `lr` on each task of the run that it is from, by task.
    """

    text: str
    name: str
    run: str | None = None
    candidate: int | None = None
    score: float | None = None
    peaks: tuple[tuple[str, float], ...] = ()


def load_target(text: str) -> tuple[Program, Provenance]:
    """Return the checked program that a text names, and where it is from.

    Args:
        text: a name or path, `RUN:ID`, a run folder and the number of a candidate, or a composition of such, as in
            `lookahead(adamw, k=5)`.

    Raises:
        LionSearchError: if it is not there or not valid.

    Examples:
        >>> program, provenance = load_target("lion")
        >>> program.slots, provenance.name
        (('m',), 'lion')
    """
    if names_rival(text):
        raise SettingError(f"{one_line(text)} {_A_RIVAL}")
    if is_expression(text):
        parts: list[Provenance] = []

        def load(name: str) -> Program:
            program, provenance = load_target(name)
            parts.append(provenance)
            return program

        composed = compose(text, load)
        return composed, Provenance(text, text.strip(), peaks=parts[0].peaks if len(parts) == 1 else ())
    found = _CANDIDATE.fullmatch(text)
    if found is None:
        try:
            program, path = load_program(text), PROGRAMS.find(text)
            return program, Provenance(text, path.stem, peaks=_find_peaks(path.parent))
        except (MissingFileError, UnknownNameError):
            _refuse_run(text)
            if text in ROWS:
                raise SettingError(f"{text} {_A_RIVAL} as rival:{text}") from None
            raise
    return _load_candidate(text, found["run"], _read_number(found["number"]))


def names_rival(text: str) -> bool:
    """Return whether a text names an optimizer that is no program; a run folder of such a name comes first.

    So what stands in a stranger's run folder is not imported.
    """
    return is_rival(text) and not (Path(text.partition(":")[0].strip()) / CONFIG).is_file()


def load_targets(text: str) -> list[tuple[str, Program]]:
    """Return what a text names: one program as `load_target`, or of `RUN:elites` all that a run has on fresh seeds.

    Raises:
        LionSearchError: as `load_target`; for a run without a program on fresh seeds too.
    """
    run = text.removesuffix(_ELITES)
    if run == text or is_expression(text):
        return [(text, load_target(text)[0])]
    store = RunStore.read(Path(run))
    try:
        found = store.leaderboard(Stage.CONFIRM)
    finally:
        store.close()
    if not found:
        raise RunError(f"{run}: no program has a score on fresh seeds yet")
    return [(f"{run}:{row.candidate}", check_program(row.text, f"{run}:{row.candidate}")) for row in found]


def _read_number(digits: str) -> int:
    return int(digits) if len(digits) < 20 else _MOST_CANDIDATES  # Python reads no more than thousands


def _refuse_run(text: str) -> None:
    """Raise if the text is a run folder without the number of a candidate."""
    for run in (Path(part) for part in (text, text.rpartition(":")[0]) if part):
        try:
            check_run_folder(run)
        except RunError:
            continue
        best = f", or {run / 'best.py'}" if (run / "best.py").is_file() else ""
        raise RunError(f"{one_line(text, 1_000)}: this is a run; expected {run}:ID, ID the number of a candidate{best}")


def _load_candidate(text: str, run: str, number: int) -> tuple[Program, Provenance]:
    store = RunStore.read(Path(run))
    try:
        source = store.program_text(number) if number < _MOST_CANDIDATES else None
        if source is None:
            last = store.counts()["generated"] - 1
            raise UnknownNameError("candidate", str(number), [f"0 to {last}"] if last >= 0 else [], run)
        row = store.lineage(number)[0]
        evaluation = store.evaluation(row.fingerprint, Stage.SEARCH)
    finally:
        store.close()
    score = None if evaluation is None else evaluation.score
    name = f"candidate_{number}"
    return check_program(source, text), Provenance(text, name, run, number, score, _find_peaks(Path(run)))


def _find_peaks(folder: Path) -> tuple[tuple[str, float], ...]:
    """Return the largest `lr` on each task of a run; none of a folder that is no run."""
    try:
        specs = json.loads((list_islands(folder)[0] / CONFIG).read_text(encoding="utf-8"))["specs"]
        from lionsearch.tasks.spec import TUNED_RATE  # loads what only settings need

        return tuple((str(spec["name"]), float(spec["learning_rate"]) / TUNED_RATE) for spec in specs)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return ()
