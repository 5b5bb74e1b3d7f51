import math

from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult, choice_key, merge_results


def evaluation(stage, *scores):
    results = tuple(TaskResult(str(i), 1.0, score) for i, score in enumerate(scores))
    mean = sum(scores) / len(scores)
    return Evaluation(stage, mean if stage is Stage.SEARCH else min(scores), results, (mean,))


def test_a_run_chooses_by_the_mean_less_the_price_of_the_statements():
    longer, shorter = evaluation(Stage.CONFIRM, 0.1, 0.3), evaluation(Stage.CONFIRM, 0.1, 0.28)
    assert choice_key(longer, 5, 0.0) > choice_key(shorter, 4, 0.0)
    assert choice_key(longer, 5, 0.02) < choice_key(shorter, 4, 0.02)
    assert choice_key(evaluation(Stage.SEARCH, 0.1, 0.3), 5, 0.02)[1] == choice_key(longer, 5, 0.02)[1]


def test_what_beats_adamw_on_every_task_comes_first():
    every, one = (0.01, 0.02), (-0.01, 0.5)
    keys = [choice_key(evaluation(Stage.CONFIRM, *scores), 3, 0.02) for scores in (one, every)]
    assert keys == sorted(keys)
    keys = [choice_key(evaluation(Stage.SEARCH, *scores), 3, 0.02) for scores in (every, one)]
    assert keys == sorted(keys)


def test_a_failure_is_the_last():
    failed = Evaluation(Stage.CONFIRM, None, (TaskResult("a", failure=Failure(FailureKind.NO_PROGRESS, "")),))
    assert choice_key(failed, 1, 0.0) == (False, -math.inf)


def test_a_failure_in_a_race_keeps_what_the_seeds_before_it_gave():
    failed = TaskResult("a", failure=Failure(FailureKind.NON_FINITE, "at step 3"))
    passed = [TaskResult("a", 1.0, score, scores=(score,)) for score in (0.1, 0.2)]
    merged = merge_results([*passed, failed])
    assert (merged.failure, merged.score, merged.loss, merged.scores) == (failed.failure, None, None, (0.1, 0.2))
    assert [each.trainings for each in (merged, failed, merge_results(passed))] == [3, 1, 2]
