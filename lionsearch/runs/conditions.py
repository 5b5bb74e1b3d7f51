"""What the scores of a run depend on besides its configuration: the tasks' code, the operations, the versions.

They are stored as a run begins, and compared whenever it is gone on with. Another task or operation under a run would
put two scales into one table: that is refused, unless it is forced, and then recorded with the candidate from which it
holds. Other versions alone are noted and recorded. Operations that are new change nothing.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from lionsearch.archive import ConditionRow, RunStore
from lionsearch.errors import RunError
from lionsearch.semantics.operation_digests import digest_operations

_PACKAGES = ("lionsearch", "jax", "jaxlib", "numpy", "scikit-learn")
_VERSION = "version"


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that is another one than before.

    Attributes:
        subject: `task`, `operation` or `version`.
        name: which one.
        before: what it was.
        now: what it is; "" if it is gone.
    """

    subject: str
    name: str
    before: str
    now: str

    @property
    def is_break(self) -> bool:
        """Whether scores from before and after it cannot be compared."""
        return self.subject != _VERSION

    def __str__(self) -> str:
        """Return it as a clause."""
        if self.subject == _VERSION:
            return f"{self.name} was {self.before} and is {self.now}"
        if self.subject == "task":
            return f"task {self.name!r} has changed (its data, its code or its reference)"
        return f"operation {self.name!r} {'computes something else' if self.now else 'is no longer there'}"


def describe_versions() -> dict[str, str]:
    """Return the versions of all that a run's programs and scores depend on, by name."""
    python = {"Python": platform.python_version(), "processor": platform.machine()}
    return {**python, **{package: version(package) for package in _PACKAGES}}


def check_conditions(store: RunStore, tasks: Mapping[str, str], *, force: bool = False) -> list[Change]:
    """Compare what holds now with what the run was made under; store it if the run goes on.

    Args:
        store: of the run, open for writing.
        tasks: the fingerprint of each task, by name.
        force: whether to go on where scores cannot be compared.

    Returns:
        What has changed since the run was last gone on with.

    Raises:
        RunError: if scores could not be compared, saying what has changed; nothing is stored then.
    """
    now = {("task", name): value for name, value in tasks.items()}
    now.update({("operation", name): value for name, value in digest_operations().items()})
    now.update({(_VERSION, name): value for name, value in describe_versions().items()})
    before = {(row.subject, row.name): row.value for row in store.conditions()}
    changes = [Change(*key, value, now.get(key, "")) for key, value in before.items() if now.get(key, "") != value]
    breaks = [change for change in changes if change.is_break]
    if breaks and not force:
        raise RunError(_refusal(store, breaks, [change for change in changes if not change.is_break]))
    candidate = store.counts()["generated"]
    for key, value in now.items():
        if before.get(key) != value:
            store.add_condition(ConditionRow(candidate, *key, value))
    for change in breaks:
        if not change.now:
            store.add_condition(ConditionRow(candidate, change.subject, change.name, ""))
    store.flush()
    return changes


def list_changes(rows: list[ConditionRow]) -> list[tuple[int, Change]]:
    """Return what changed under a run, each with the candidate from which it holds, of its conditions in order."""
    known: dict[tuple[str, str], str] = {}
    found: list[tuple[int, Change]] = []
    for row in rows:
        key = (row.subject, row.name)
        if known.get(key, row.value) != row.value:
            found.append((row.candidate, Change(*key, known[key], row.value)))
        known[key] = row.value
    return found


def _refusal(store: RunStore, breaks: list[Change], versions: list[Change]) -> str:
    shown = ", ".join(str(change) for change in breaks[:3])
    more = f" and {len(breaks) - 3} more" if len(breaks) > 3 else ""
    why = f" ({'; '.join(map(str, versions))}, which may be why)" if versions else ""
    return (
        f"{store.folder}: since the run was made, {shown}{more}{why}; scores from before and after could not be"
        " compared: undo it, or resume it in spite of that with --force (in Python, force=True)"
    )
