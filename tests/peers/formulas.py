"""A rule written from its paper's equations -> the `run` of a peer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from .peer import Run
from .trajectory import Leaves, Problem

State = defaultdict[str, Any]
"""What a rule keeps from step to step; 0.0 until it is written."""
LeafRule = Callable[[State, np.ndarray, np.ndarray, float, int, SimpleNamespace], np.ndarray]
"""`rule(state, w, g, lr, t, hyperparameters)`: the next weights of one leaf."""
TreeRule = Callable[[State, Leaves, int, float, Problem, SimpleNamespace], Sequence[np.ndarray]]
"""`rule(state, weights, t, lr, problem, hyperparameters)`: the next weights; it takes gradients from the problem."""


def each_leaf(rule: LeafRule) -> Run:
    """Return a `run` that applies a rule to each leaf on its own."""

    def apply(state: State, weights: Leaves, t: int, lr: float, problem: Problem, h: SimpleNamespace) -> list[Any]:
        states = state.setdefault("leaves", [defaultdict(float) for _ in weights])
        gradient = problem.gradient(t, weights)
        return [rule(s, w, g, lr, t, h) for s, w, g in zip(states, weights, gradient, strict=True)]

    return whole_tree(apply)


def whole_tree(rule: TreeRule) -> Run:
    """Return a `run` that applies a rule to all leaves together."""

    def run(problem: Problem, hyperparameters: Mapping[str, float], rates: Sequence[float]) -> list[Leaves]:
        state: State = defaultdict(float)
        weights, history = problem.weights, []
        for t, lr in enumerate(rates, start=1):
            weights = tuple(rule(state, weights, t, float(lr), problem, SimpleNamespace(**hyperparameters)))
            history.append(weights)
        return history

    return run
