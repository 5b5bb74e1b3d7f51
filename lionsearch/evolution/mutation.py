"""Program -> a slightly different valid program.

A mutation is drawn by its rate, and drawn again until the child is valid; then, with some chance, one more follows.
At the end, with some chance, the child has another learning rate: what a new rule is worth shows at its own.
Every parent has valid children. The parent is never changed. What each mutation does: `paper_mutations`,
`live_mutations`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cached_property

from lionsearch.evolution import live_mutations, paper_mutations
from lionsearch.evolution.editing import LiveGraph, close_program, open_program
from lionsearch.evolution.rates import match_rate
from lionsearch.evolution.settings import MutationRates, MutationSettings
from lionsearch.graph import KindError, find_live, infer_kinds
from lionsearch.lang import MULTIPLY, Program, Statement

_ATTEMPTS = 1000

_STATEMENT_MUTATIONS = {
    "insert": paper_mutations.insert,
    "delete": paper_mutations.delete,
    "change": paper_mutations.change,
    "tune": paper_mutations.tune,
}
_LIVE_MUTATIONS = {
    "splice": live_mutations.splice,
    "duplicate": live_mutations.duplicate,
    "bypass": live_mutations.bypass,
    "operation": live_mutations.operation,
    "exchange": live_mutations.exchange,
    "redirect": live_mutations.redirect,
}
MUTATIONS = tuple(MutationRates.model_fields)
"""The names of all mutations."""


@dataclass(frozen=True)
class _Parents:
    """What a child is made of; the graphs are made once for all attempts.

    Attributes:
        program: to change.
        mate: of a crossover; None without.
    """

    program: Program
    mate: Program | None

    @cached_property
    def live(self) -> LiveGraph:
        return open_program(self.program)

    @cached_property
    def live_mate(self) -> LiveGraph:
        assert self.mate is not None
        return open_program(self.mate.inline_hyperparameters())


def mutate(
    program: Program, rng: random.Random, settings: MutationSettings, mate: Program | None = None
) -> tuple[Program, str]:
    """Return a valid child and the names of the mutations that made it.

    Args:
        program: a valid program; its hyperparameters count as constants.
        rng: drawn from until the child is valid.
        settings: the rates and bounds.
        mate: a valid program, for a crossover; without one there is none.

    Examples:
        >>> from lionsearch.lang import parse
        >>> parent = parse("def train(w, g, lr): return g * lr")
        >>> child, change = mutate(parent, random.Random(0), MutationSettings())
        >>> child == parent
        False
    """
    child, changes = program.inline_hyperparameters(), []
    while True:
        child, change = _mutate_once(_Parents(child, mate), rng, settings)
        changes.append(change)
        if change == "none" or not settings.again or rng.random() >= settings.again:
            break
    if changes != ["none"]:
        if settings.match and rng.random() < settings.match:
            child = _keep(match_rate(child, program.inline_hyperparameters()), child, "match", changes, settings)
        if settings.rescale and rng.random() < settings.rescale:
            scaled = close_program(live_mutations.rescale(open_program(child), rng))
            child = _keep(scaled, child, "rescale", changes, settings)
    return child, " + ".join(changes)


def _keep(scaled: Program, child: Program, change: str, changes: list[str], settings: MutationSettings) -> Program:
    """Return the child at another learning rate, if that is another program and there is room for it."""
    if scaled == child or len(scaled.statements) > settings.max_length:
        return child
    changes.append(change)
    return scaled


def _mutate_once(parents: _Parents, rng: random.Random, settings: MutationSettings) -> tuple[Program, str]:
    parent, weights = parents.program, _weights(settings.rates, parents.mate is not None)
    needs_rate = settings.keep_rate and "lr" in find_live(parent).reads
    for _ in range(_ATTEMPTS if any(weights) else 0):
        change = rng.choices(MUTATIONS, weights)[0]
        child = _apply(change, parents, rng, settings)
        if child is None or len(child.statements) > settings.max_length or child.statements == parent.statements:
            continue
        try:
            infer_kinds(child)
        except KindError:
            continue
        if needs_rate and "lr" not in find_live(child).reads:
            continue
        return replace(child, description=""), change
    return parent, "none"


def _weights(rates: MutationRates, has_mate: bool) -> list[float]:
    return [rate if has_mate or name != "crossover" else 0.0 for name, rate in rates]


def _apply(change: str, parents: _Parents, rng: random.Random, settings: MutationSettings) -> Program | None:
    if change in _STATEMENT_MUTATIONS:
        return _STATEMENT_MUTATIONS[change](parents.program, rng, settings)
    if change == "crossover":
        graph = live_mutations.crossover(parents.live, parents.live_mate, rng)
    else:
        graph = _LIVE_MUTATIONS[change](parents.live, rng, settings)
    return None if graph is None else close_program(graph)


def random_program(template: Program, rng: random.Random, settings: MutationSettings) -> Program:
    """Return a random valid program with the template's inputs and slots, for the baseline of random search.

    It is grown by random insertions from `update = g * lr`, up to a length drawn evenly from 2 to twice the
    template's (at most the maximum length).
    """
    seed = Statement("update", MULTIPLY, ("g", "lr"))
    program = replace(template.inline_hyperparameters(), statements=(seed,), update="update")
    longest = min(settings.max_length, max(2, 2 * len(template.statements)))
    length = rng.randint(min(2, longest), longest)
    rates = dict.fromkeys(MUTATIONS, 0.0) | {"insert": 1.0}
    insert_only = {"rates": MutationRates(**rates), "max_length": length, "keep_rate": False}
    growing = settings.model_copy(update=insert_only | {"again": 0.0, "rescale": 0.0, "match": 0.0})
    while len(program.statements) < length:
        program, change = mutate(program, rng, growing)
        if change == "none":
            break
    return program
