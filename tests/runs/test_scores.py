import pytest
from api.given_tasks import make_task

from lionsearch.evaluation.estimate import estimate
from lionsearch.lang import parse
from lionsearch.runs.scores import score_programs


def test_scores_are_means_over_seeds_task_by_task():
    programs = [
        ("adamw", parse("def train(w, g, lr): return g * lr * 0.01")),
        ("none", parse("def train(w, g, lr): return g")),
    ]
    tasks = [make_task(), make_task(name="long", steps=120)]
    found = score_programs(programs, tasks, seeds=3)
    assert [(row.task, row.program) for row in found] == [
        ("sine", "adamw"),
        ("sine", "none"),
        ("long", "adamw"),
        ("long", "none"),
    ]
    first = found[0]
    assert first.score == pytest.approx(sum(first.scores) / 3)
    assert first.interval == estimate(first.scores).interval
    assert score_programs(programs[:1], tasks[:1], seeds=1)[0].interval is None


def test_each_training_is_told():
    seen = []
    program = ("adamw", parse("def train(w, g, lr): return g * lr * 0.01"))
    score_programs([program], [make_task()], seeds=3, listener=lambda *told: seen.append(told))
    assert seen == [(1, 3), (2, 3), (3, 3)]
