"""A contest of two programs on two made-up tasks, kept in a folder."""

from comparison.surfaces import DECAYED, PLAIN, bowl
from evaluation.small_tasks import make_spec

from lionsearch.comparison.contest import Budget, adamw, hold
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.ledger import open_ledger

LOSSES = {"a": bowl(2, 0.1), "b": bowl(0.5, steep=0.5)}
SPECS = [make_spec(name=name) for name in LOSSES]
BUDGET = Budget(points=8, tune_seeds=2, seeds=3)


def contest(folder, pool, specs=SPECS, with_reference=False):
    with open_ledger(folder, specs) as ledger:
        laboratory = Laboratory(ledger, lambda: pool)
        return hold([PLAIN, DECAYED, *([adamw()] if with_reference else [])], BUDGET, "test", laboratory)
