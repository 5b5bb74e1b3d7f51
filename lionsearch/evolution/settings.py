"""How a search goes: algorithm, population, racing, mutations. `[search]` of an experiment's TOML file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from lionsearch.catalog.schema import Settings, at_most, merge_settings
from lionsearch.errors import nearest_hint, quote
from lionsearch.evolution.constant_draws import ConstantDraws
from lionsearch.lang import OPERATIONS, PAPER_OPERATIONS
from lionsearch.limits import MOST_SEEDS, PROGRAM_STATEMENTS, SEEDS_BECAUSE

_TOURNAMENT = 5
_MOST_KEPT = 100_000
"""Programs in all populations: a gigabyte or so."""


class MutationRates(Settings):
    """How often each mutation is drawn, relative to the others.

    The first four edit the list of statements (`paper_mutations`), the others live code (`live_mutations`).

    Attributes:
        insert: one statement more, at a random place.
        delete: one statement fewer.
        change: one argument of one statement differs.
        tune: one constant differs.
        splice: one use of a live value reads a new statement, which reads that value.
        duplicate: a live statement has a copy with one argument changed, and one of its uses reads the copy.
        bypass: a live statement goes; its uses read one of its arguments.
        operation: a live statement has another operation.
        exchange: two arguments of a live statement change places.
        redirect: one use reads another value.
        crossover: one use reads a value of another parent, with all that it is computed from.
    """

    insert: float = Field(default=0.0, ge=0)
    delete: float = Field(default=0.0, ge=0)
    change: float = Field(default=0.0, ge=0)
    tune: float = Field(default=3.0, ge=0)
    splice: float = Field(default=1.0, ge=0)
    duplicate: float = Field(default=1.0, ge=0)
    bypass: float = Field(default=1.0, ge=0)
    operation: float = Field(default=1.0, ge=0)
    exchange: float = Field(default=1.0, ge=0)
    redirect: float = Field(default=1.0, ge=0)
    crossover: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _check_sum(self) -> MutationRates:
        if not sum(self.model_dump().values()) > 0:
            raise ValueError("at least one mutation must have a rate above 0")
        return self


class MutationSettings(Settings):
    """How children are made.

    Attributes:
        operations: what a new statement may be.
        rates: of the mutations.
        max_length: statements of a program, dead ones included.
        constant_probability: how often a new argument is a constant where the operation takes one.
        constants: how new constants are drawn: `paper` or `mixed`, see `constant_draws`.
        again: the chance of one more mutation, after each; their number is geometric.
        rescale: how often the learning rate of a child is another, see `live_mutations.rescale`.
        match: how often it is the one at which the child moves the weights as far as its parent, see `rates`.
        keep_rate: whether a child of a program that reads `lr` reads it too. What does not has a rate that whoever uses
            it can neither tune nor schedule.
    """

    operations: tuple[str, ...] = PAPER_OPERATIONS
    rates: MutationRates = MutationRates()
    max_length: int = at_most(PROGRAM_STATEMENTS, "a program has no more statements", default=60, gt=0)
    constant_probability: float = Field(default=0.3, ge=0, le=1)
    constants: ConstantDraws = "mixed"
    again: float = Field(default=0.25, ge=0, lt=1)
    rescale: float = Field(default=0.25, ge=0, le=1)
    match: float = Field(default=0.75, ge=0, le=1)
    keep_rate: bool = True

    @field_validator("operations")
    @classmethod
    def _check_operations(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in OPERATIONS:
                raise ValueError(f"names an unknown operation {quote(name)}; {nearest_hint(name, OPERATIONS)}")
        if not names:
            raise ValueError("must name at least one operation")
        return names


class RacingSettings(Settings):
    """How many seeds a candidate is trained with.

    Attributes:
        seeds: at most; 0 turns racing off, and every candidate has the seeds of its tasks.
        leaders: so many of the best in the population, by all seeds, are what a candidate is measured by.
        margin: a candidate goes on while its mean is no more than so many standard errors below the leaders'.
        penalty: standard errors that are taken off a mean when parents are compared.
    """

    seeds: int = at_most(MOST_SEEDS, SEEDS_BECAUSE, default=8, ge=0)
    leaders: int = at_most(_MOST_KEPT, "no population holds more", default=10, gt=0)
    margin: float = Field(default=0.0)
    penalty: float = Field(default=1.0, ge=0)


class SearchSettings(Settings):
    """How the search goes.

    Attributes:
        algorithm: `evolution`, `random` or `tuning`.
        preset: `live`, or `paper`: what is not given is as in Chen et al. 2023.
        population: programs kept by evolution, on each island.
        survival: who is dropped for a new one: `best` drops the worst, `young` the oldest. Few children of live
            mutations are as good as their parents, so that among the young good lineages die out.
        niche: where the best survive, programs of one skeleton, which differ in nothing but constants, on an island at
            most: else one that is tuned a little differently each time fills it, and every other is forgotten.
        islands: populations side by side, whose candidates come in turn.
        migrate_after: candidates after which the best of each island also lives on the next one.
        tournament: programs drawn at random (one can be drawn twice), the best of which becomes a parent; by default
            5, or the population if that is smaller.
        restart_after: start a new population from the best program once so many candidates have not improved on it;
            absent, it never does.
        parsimony: what a live statement costs, in units of the score: in races, when parents are compared, and when
            elites and the best are chosen.
        racing: how many seeds a candidate gets.
        mutation: how children are made.
    """

    algorithm: Literal["evolution", "random", "tuning"] = "evolution"
    preset: Literal["live", "paper"] = "live"
    population: int = at_most(_MOST_KEPT, "every program of it is held in memory", default=50, gt=0)
    islands: int = at_most(10_000, "every program of each is held in memory", default=2, gt=0)
    migrate_after: int = Field(default=1000, gt=0)
    survival: Literal["best", "young"] = "best"
    niche: int = Field(default=5, gt=0)
    tournament: int = Field(default=_TOURNAMENT, gt=0)
    restart_after: int | None = Field(default=None, gt=0)
    parsimony: float = Field(default=0.005, ge=0)
    racing: RacingSettings = RacingSettings()
    mutation: MutationSettings = MutationSettings()

    @model_validator(mode="after")
    def _check_sizes(self) -> SearchSettings:
        if self.tournament > self.population:
            raise ValueError(f"tournament ({self.tournament}) must not exceed population ({self.population})")
        if self.islands * self.population > _MOST_KEPT:
            raise ValueError(
                f"islands ({self.islands}) times population ({self.population}) must be at most {_MOST_KEPT:_}:"
                " every program is held in memory"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _fill_preset(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("preset") == "paper":
            content = merge_settings(_PAPER, content)
        if isinstance(content, dict) and isinstance(population := content.get("population"), int) and population > 0:
            content = {"tournament": min(_TOURNAMENT, population), **content}
        return content


_NO_RATES = dict.fromkeys(MutationRates.model_fields, 0.0)
_PAPER: dict[str, Any] = {
    "population": 1000,
    "islands": 1,
    "survival": "young",
    "tournament": 2,
    "parsimony": 0.0,
    "racing": {"seeds": 0},
    "mutation": {
        "rates": {**_NO_RATES, "insert": 1.0, "delete": 1.0, "change": 1.0},
        "constants": "paper",
        "again": 0.0,
        "rescale": 0.0,
        "match": 0.0,
        "keep_rate": False,
    },
}
