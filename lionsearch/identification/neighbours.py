"""The known programs that a program is nearest to, along one training of a task."""

from __future__ import annotations

from collections.abc import Callable

from lionsearch.identification.identity import Identity
from lionsearch.identification.matching import load_known, shipped_names
from lionsearch.identification.nearest import Neighbour, find_nearest
from lionsearch.identification.recording import record_trajectory
from lionsearch.lang import Program
from lionsearch.tasks.spec import TaskSpec


def find_neighbours(
    program: Program,
    identity: Identity | None,
    spec: TaskSpec,
    most: int,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> list[Neighbour]:
    """Return the known programs whose updates are nearest to a program's, along one training of a task.

    Args:
        program: any valid program.
        identity: what it is, if that is known: it is then among them with its own constants.
        spec: the task.
        most: how many.
        listener: told how many of how many parts of the work are done.

    Raises:
        TaskError: if the task cannot be used, or cannot give what the program asks for.
    """
    trajectory = record_trajectory(spec, program.optional_inputs)
    starts = None
    if identity is not None and not identity.transforms:
        starts = {identity.name: load_known(identity.name).with_hyperparameters(dict(identity.hyperparameters))}
    return find_nearest(program, trajectory, shipped_names(), most, starts, listener)
