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


def test_scores_say_with_which_rate_and_decay_where_they_are_named():
    texts = {
        "named": "def train(w, g, lr, *, weight_decay=0.1, lr_scale=0.004):\n"
        " return (g + w * weight_decay) * (lr * lr_scale)",
        "numbers": "def train(w, g, lr): return (g + w * 0.1) * (lr * 0.004)",
    }
    task = make_task(learning_rate=0.02)
    named, numbers = score_programs([(name, parse(text)) for name, text in texts.items()], [task], seeds=1)
    assert named.scores == numbers.scores
    assert (named.learning_rate, named.weight_decay) == (pytest.approx(0.02 * 4), 0.1)
    assert (numbers.learning_rate, numbers.weight_decay) == (None, None)


def test_each_training_is_told():
    seen = []
    program = ("adamw", parse("def train(w, g, lr): return g * lr * 0.01"))
    score_programs([program], [make_task()], seeds=3, listener=lambda *told: seen.append(told))
    assert seen == [(1, 3), (2, 3), (3, 3)]
