"""What a program does along one recorded training: the known methods that are nearest, and its traits."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from lionsearch.identification.matching import load_known, shorten
from lionsearch.lang import GRADIENTS, INPUTS, OPERATIONS, Program
from lionsearch.semantics.replay import Trajectory, follow, ignores_shapes

_WORTH = 40  # programs that are only followed take as long as one that is fitted
_FITTED = 8  # so many of the nearest have their constants fitted
_EVALUATIONS = 25  # of a training followed, for each constant fitted
_RANGE = (-8.0, 8.0)  # of a constant that is no decay, in factors of e
_EQUAL = 1 - 1e-9
_TRIED_FACTORS = (5.0, 0.2)  # of the distance of a decay from 1
_KICKED_STEP = 10
_SIGN_LIKE = 0.15
_FEW_PERCENT = 0.02


@dataclass(frozen=True, slots=True)
class Traits:
    """What a program's updates are like.

    Attributes:
        spread: of the updates' sizes over their mean: 0 where only signs count.
        power: how updates grow with all gradients: 0 for adaptive methods and signs, 1 for gradient descent.
        memory: mean age, in steps, of what one step's gradient does to the updates.
        decay: what part of an update comes from the weights, as by weight decay: ||that part|| / ||update||.
    """

    spread: float
    power: float
    memory: float
    decay: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known program and how near it is.

    Attributes:
        name: of the program.
        similarity: mean cosine of the updates, over the steps.
        scale: median size of the program's updates over that of the neighbour's.
        hyperparameters: the neighbour's, as fitted.
        differs: what is different, in words.
    """

    name: str
    similarity: float
    scale: float
    hyperparameters: tuple[tuple[str, float], ...]
    differs: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "similarity": self.similarity,
            "scale": self.scale,
            "hyperparameters": dict(self.hyperparameters),
            "differs": list(self.differs),
        }


def find_nearest(
    program: Program,
    trajectory: Trajectory,
    names: Sequence[str],
    most: int = 5,
    starts: Mapping[str, Program] | None = None,
    listener: Callable[[int, int], None] = lambda done, total: None,
) -> list[Neighbour]:
    """Return the known programs whose updates point most nearly where the program's do, constants fitted.

    Args:
        program: any valid program.
        trajectory: gives its inputs.
        names: of known programs; those that decompose matrices in each step are tried for one on matrices alone.
        most: how many to return.
        starts: known programs with constants that are worth a try, by name.
        listener: told how many of how many parts of the work are done; one that is fitted is worth many that are not.
    """
    ours = follow(program, trajectory)
    if ours is None:
        return []
    known = {name: load_known(name) for name in names}
    if ignores_shapes(program):
        known = {name: other for name, other in known.items() if not _is_dear(other)}
    first: list[tuple[float, str, Program]] = []
    total = len(known) + _FITTED * _WORTH
    for number, (name, other) in enumerate(known.items()):
        listener(number, total)
        own = [starts[name]] if starts is not None and name in starts else []
        for start in (*_starts(other), *own):
            theirs = follow(start, trajectory)
            if theirs is not None:
                first.append((_similarity(ours, theirs), name, start))
    best_start = {
        name: (similarity, name, start) for similarity, name, start in sorted(first, key=lambda item: item[0])
    }
    leading = sorted(best_start.values(), key=lambda item: (-item[0], item[1]))[: max(_FITTED, most)]
    fitted: list[tuple[float, str, Program]] = []
    for number, (similarity, name, start) in enumerate(leading):
        listener(len(known) + _WORTH * number, len(known) + _WORTH * len(leading))
        best = start if _is_dear(start) or similarity > _EQUAL else _fit(ours, start, trajectory)
        updates = follow(best, trajectory)
        assert updates is not None
        fitted.append((_similarity(ours, updates), name, best))
    said = starts or {}
    fitted.sort(key=lambda item: (-round(item[0], 4), item[1] not in said, len(item[2].hyperparameters), item[1]))
    traits = find_traits(program, trajectory)
    return [_neighbour(name, similarity, ours, best, traits, trajectory) for similarity, name, best in fitted[:most]]


def find_traits(program: Program, trajectory: Trajectory) -> Traits:
    """Return what a program's updates are like along a trajectory that has its inputs."""
    updates = follow(program, trajectory)
    larger = follow(program, _with_gradients(trajectory, 10.0))
    kicked = follow(program, _with_kick(trajectory))
    heavier = follow(program, _with_weights(trajectory, 1.01))
    assert updates is not None
    assert larger is not None
    assert kicked is not None
    assert heavier is not None
    with np.errstate(all="ignore"):
        sizes = np.abs(updates[-1])
        sizes = sizes[sizes > 0]
        spread = float(np.std(sizes) / np.mean(sizes)) if sizes.size else 0.0
        norms = [np.linalg.norm(each, axis=1) for each in (updates, larger)]
        power = float(np.log10(np.median(norms[1] / norms[0])))
        effect = np.linalg.norm(kicked - updates, axis=1)[_KICKED_STEP:]
        memory = float(np.sum(np.arange(len(effect)) * effect) / np.sum(effect)) if np.sum(effect) > 0 else 0.0
        decay = float(np.median(100 * np.linalg.norm(heavier - updates, axis=1) / norms[0]))
    return Traits(*(value if math.isfinite(value) else 0.0 for value in (spread, power, memory, decay)))


def _starts(program: Program) -> list[Program]:
    """Return the program at its defaults, and with all momenta shorter and longer."""
    decays = [name for name, value in program.hyperparameters if 0.5 < value < 1]
    if not decays or _is_dear(program):
        return [program]
    points = (np.full(len(decays), math.log(factor)) for factor in _TRIED_FACTORS)
    return [program, *(_at(program, decays, point) for point in points)]


def _is_dear(program: Program) -> bool:
    """Return whether each step decomposes matrices, which makes fitting a matter of minutes."""
    return any(OPERATIONS[statement.operation].decomposes for statement in program.statements)


def _neighbour(
    name: str, similarity: float, ours: np.ndarray, best: Program, traits: Traits, trajectory: Trajectory
) -> Neighbour:
    theirs = follow(best, trajectory)
    assert theirs is not None
    with np.errstate(all="ignore"):
        ratio = float(np.median(np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)))
    values = tuple((key, shorten(value, 4)) for key, value in best.hyperparameters)
    differs = tuple(_differences(traits, find_traits(best, trajectory)))
    return Neighbour(name, similarity, ratio, values, differs)


def _differences(ours: Traits, theirs: Traits) -> list[str]:
    """Return in words what is different, the program first."""
    found: list[str] = []
    if (ours.spread < _SIGN_LIKE) != (theirs.spread < _SIGN_LIKE):
        found.append("signs only, not sizes" if ours.spread < _SIGN_LIKE else "sizes, not signs only")
    if abs(ours.power - theirs.power) > 0.25:
        found.append(f"grows with the gradient to the power {ours.power:.2g}, not {theirs.power:.2g}")
    if abs(ours.memory - theirs.memory) > 0.25 * max(ours.memory, theirs.memory, 1.0):
        found.append(f"momentum of {ours.memory:.2g} steps, not {theirs.memory:.2g}")
    if abs(ours.decay - theirs.decay) > max(_FEW_PERCENT, 0.25 * max(ours.decay, theirs.decay)):
        found.append(f"{ours.decay:.0%} of an update comes from the weights, not {theirs.decay:.0%}")
    return found


def _similarity(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the mean cosine over the steps; a step without a finite update counts 0, unless neither has one."""
    with np.errstate(all="ignore"):
        sizes, others = np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1)
        cosines = np.sum(ours * theirs, axis=1) / (sizes * others)
    still = (sizes == 0) & (others == 0)
    return float(np.mean(np.where(np.isfinite(cosines), cosines, np.where(still, 1.0, 0.0))))


def _fit(ours: np.ndarray, program: Program, trajectory: Trajectory) -> Program:
    """Return a known program with the constants that bring it nearest: its decays together, then each other one.

    Those that only scale the update, or say how inputs are computed, are left alone.
    """
    free = [name for name, _ in program.hyperparameters if name != "lr_scale" and name not in program.settings]
    given = dict(program.hyperparameters)
    decays = [name for name in free if 0.5 < given[name] < 1]
    groups = [decays, *([name] for name in free if name not in decays)]
    for group in filter(None, groups):
        score = partial(_distance, ours=ours, program=program, free=group, trajectory=trajectory)
        if group is decays:
            simplex = np.vstack([np.zeros(len(group)), np.eye(len(group))])
            options = {"maxfev": _EVALUATIONS * len(group), "xatol": 1e-3, "fatol": 1e-7, "initial_simplex": simplex}
            found = minimize(score, np.zeros(len(group)), method="Nelder-Mead", options=options)
        else:
            found = minimize_scalar(score, bounds=_RANGE, method="bounded", options={"maxiter": _EVALUATIONS})
        if found.fun < score(np.zeros(len(group))):
            program = _at(program, group, np.atleast_1d(found.x))
    return program


def _distance(point: np.ndarray, ours: np.ndarray, program: Program, free: list[str], trajectory: Trajectory) -> float:
    updates = follow(_at(program, free, point), trajectory)
    assert updates is not None
    return 1 - _similarity(ours, updates)


def _at(program: Program, free: list[str], point: np.ndarray) -> Program:
    """Return the program with hyperparameters moved from their defaults: what is below 1 by its distance from 1."""
    given, values = dict(program.hyperparameters), {}
    for name, x in zip(free, np.clip(np.atleast_1d(point), -12, 12), strict=True):
        value = given[name]
        if 0.5 < value < 1:
            values[name] = 1 - min((1 - value) * math.exp(x), 1.0)
        else:
            values[name] = value * math.exp(x) if value else 0.01 * max(x, 0.0)
    return program.with_hyperparameters(values)


def _with_gradients(trajectory: Trajectory, factor: float) -> Trajectory:
    return replace(trajectory, inputs=tuple(_scaled(inputs, GRADIENTS, factor) for inputs in trajectory.inputs))


def _with_weights(trajectory: Trajectory, factor: float) -> Trajectory:
    return replace(trajectory, inputs=tuple(_scaled(inputs, {"w"}, factor) for inputs in trajectory.inputs))


def _with_kick(trajectory: Trajectory) -> Trajectory:
    """Return the trajectory with one step's gradients turned round."""
    inputs = list(trajectory.inputs)
    of_batch = {name for name in GRADIENTS if INPUTS[name].gradient_of == "batch"}
    inputs[_KICKED_STEP] = _scaled(inputs[_KICKED_STEP], of_batch, -1.0)
    return replace(trajectory, inputs=tuple(inputs))


def _scaled(inputs: Mapping[str, Any], names: Collection[str], factor: float) -> dict[str, Any]:
    return {name: tuple(factor * leaf for leaf in value) if name in names else value for name, value in inputs.items()}
