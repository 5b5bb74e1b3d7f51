import statistics
from dataclasses import dataclass, field

import pytest

from lionsearch.lang import parse
from lionsearch.records import Failure, FailureKind, TaskResult
from lionsearch.simplification.paired import PairedStage, Scorer

BASE, OTHER = parse("def train(w, g, lr): return g"), parse("def train(w, g, lr): return g * 2")


@dataclass
class Spec:
    name: str


@dataclass
class Runner:
    """Scores by (constants in the program, seed)."""

    name: str
    scores: dict[int, list[float | None]]
    calls: list[tuple[int, tuple[int, ...], str]] = field(default_factory=list)

    @property
    def spec(self):
        return Spec(self.name)

    def evaluate(self, program, seeds):
        length = len(program.statements)
        self.calls.append((length, seeds.seeds, seeds.split))
        score = self.scores[length][seeds.seeds[0] % 1000]
        if score is None:
            return TaskResult(self.name, failure=Failure(FailureKind.NON_FINITE, "it blew up"))
        return TaskResult(self.name, 1.0, score)


def make_scorer(*differences: list[float], stage: PairedStage = PairedStage.CHOOSE) -> Scorer:
    seeds = len(differences[0])
    runners = [Runner(f"t{i}", {0: [0.5] * seeds, 1: [0.5 + d for d in row]}) for i, row in enumerate(differences)]
    return Scorer(runners, seeds, stage)  # type: ignore[arg-type]


def test_paired_differences_with_confidence_intervals():
    row = [0.01, 0.03, -0.01, 0.05]
    found = make_scorer(row).compare(OTHER, BASE)
    assert found is not None
    assert found.means[0] == pytest.approx(statistics.mean(row))
    assert found.intervals[0] == pytest.approx(3.182446 * statistics.stdev(row) / 2, rel=1e-5)  # t, 3 degrees
    assert found.bound == pytest.approx(found.means[0] + found.intervals[0])


def test_a_change_is_a_change_in_either_direction():
    better, worse = make_scorer([0.2, 0.21, 0.2, 0.22]), make_scorer([-0.2, -0.21, -0.2, -0.22])
    assert better.within(OTHER, BASE, 0.1) is None
    assert worse.within(OTHER, BASE, 0.1) is None
    assert better.within(OTHER, BASE, 0.3) is not None


def test_every_task_counts_and_what_is_clear_ends_early():
    scorer = make_scorer([-0.5, -0.5, -0.5, -0.5, -0.5], [0.0, 0.0, 0.0, 0.0, 0.0])
    assert scorer.compare(OTHER, BASE, 0.1) is None
    first, second = scorer.runners
    assert len(first.calls) == 6  # three seeds of both
    assert second.calls == []
    assert make_scorer([0.0, 0.0], [0.4, 0.4]).within(OTHER, BASE, 0.1) is None


def test_a_wide_interval_is_no_proof():
    scorer = make_scorer([0.2, -0.2, 0.2, -0.2])
    assert scorer.compare(OTHER, BASE, 0.1) is not None
    assert scorer.within(OTHER, BASE, 0.1) is None


def test_a_failure_is_no_score():
    scorer = make_scorer([0.0, 0.0])
    scorer.runners[0].scores[1] = [0.0, None]  # type: ignore[attr-defined]
    assert scorer.compare(OTHER, BASE) is None
    assert scorer.score(OTHER) is None
    assert scorer.failure(OTHER) == "t0: it blew up"
    assert scorer.failure(BASE) is None


def test_stages_share_no_seeds_and_the_last_has_the_test_split():
    seen: set[int] = set()
    for stage in PairedStage:
        scorer = make_scorer([0.0, 0.0], stage=stage)
        assert scorer.score(BASE) == 0.5
        assert scorer.score(BASE) == 0.5  # from memory
        calls = scorer.runners[0].calls  # type: ignore[attr-defined]
        assert len(calls) == 2
        seeds = {seed for _, (seed,), _ in calls}
        assert seen.isdisjoint(seeds)
        seen |= seeds
        assert {split for _, _, split in calls} == {"test" if stage is PairedStage.REPORT else "validation"}
