"""Where programs lie by what they do: their updates along the same made-up steps, laid out in a plane. Nothing trains.

The plane is that of the two largest principal components of the directions of their updates.

Non-goal: which known program a program is near with other constants; `lionsearch identify` says that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.lang import Program
from lionsearch.semantics.directions import direction

LANDMARKS = ("adamw", "lion", "momentum", "rmsprop_torch", "sgd")
"""Shipped programs by which a reader finds the way."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A program in the plane.

    Attributes:
        x: the first principal component.
        y: the second.
    """

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Map:
    """Programs in a plane; who is near another makes similar updates.

    Attributes:
        spots: of the programs in their order; None for one whose updates are not finite, or need more than is made up.
        landmarks: of shipped programs, by name.
        shown: the share of the differences that the plane shows.
    """

    spots: tuple[Spot | None, ...]
    landmarks: dict[str, Spot]
    shown: float


def lay_out(programs: Sequence[Program]) -> Map | None:
    """Return a map of programs with shipped ones as landmarks; None where fewer than two programs can be compared.

    Examples:
        >>> found = lay_out([load_program("lion"), load_program("adam")])
        >>> found.spots[0] == found.landmarks["lion"]
        True
    """
    known = [load_program(str(PROGRAMS.shipped / f"{name}.py")) for name in LANDMARKS]
    vectors = [direction(program) for program in (*programs, *known)]
    if sum(vector is not None for vector in vectors[: len(programs)]) < 2:
        return None
    rows = np.array([vector for vector in vectors if vector is not None])
    centred = rows - rows.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = left[:, :2] * sizes[:2]
    places = iter(np.round(points, 9).tolist())
    spots = [None if vector is None else Spot(*next(places)) for vector in vectors]
    landmarks = zip(LANDMARKS, spots[len(programs) :], strict=True)
    total = float((sizes**2).sum())
    return Map(
        tuple(spots[: len(programs)]),
        {name: spot for name, spot in landmarks if spot is not None},
        float((sizes[:2] ** 2).sum()) / total if total else 1.0,
    )
