from statistics import fmean

import pytest
from small_tasks import make_spec

from lionsearch.catalog import load_program
from lionsearch.evaluation.evaluator import Evaluator
from lionsearch.evaluation.plan import EvaluationPlan, Limits, Seeds
from lionsearch.graph import check_program, fingerprint
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult, merge_results, race_order

FAILURE = Failure(FailureKind.NON_FINITE, "the loss was not finite after 1 of 60 steps")
HURDLES = (-0.5, -0.2, 0.0)
PROGRAM = load_program("adamw")
OF_ITS_TASKS = [stage for stage in Stage if stage is not Stage.META]


class FakeRunner:
    """Gives a planned score for any program."""

    def __init__(self, name: str, score: float | None):
        self.name, self.score = name, score
        self.asked: list[Seeds] = []

    def evaluate(self, program: object, seeds: Seeds) -> TaskResult:
        self.asked.append(seeds)
        if self.score is None:
            return TaskResult(self.name, failure=FAILURE)
        return TaskResult(self.name, 1.0, self.score)


def make_evaluator(*scores: float | None) -> tuple[Evaluator, dict[str, FakeRunner]]:
    """An evaluator of as many tasks as scores, and its runners."""
    specs = [make_spec(name=name, seeds=2) for name, _ in zip("abc", scores, strict=False)]
    runners = {spec.name: FakeRunner(spec.name, score) for spec, score in zip(specs, scores, strict=True)}
    evaluator = Evaluator(EvaluationPlan(tuple(zip(specs, HURDLES, strict=False))))
    evaluator.runner = lambda spec: runners[spec.name]  # type: ignore
    return evaluator, runners


@pytest.mark.parametrize(
    ("scores", "reached", "score"),
    [
        ((0.1, 0.2, 0.3), 3, 0.2),
        ((-0.5, -0.2, -0.9), 3, -1.6 / 3),  # reaching a hurdle is enough
        ((-0.6, 0.2, 0.3), 1, -2.6 / 3),
        ((0.4, -0.3, 0.3), 2, -0.9 / 3),
    ],
)
def test_a_task_behind_a_missed_hurdle_counts_as_untrained(scores, reached, score):
    evaluator, runners = make_evaluator(*scores)
    evaluation = evaluator.evaluate(PROGRAM, Stage.SEARCH)
    assert [result.task for result in evaluation.results] == ["a", "b", "c"][:reached]
    assert [len(runner.asked) for runner in runners.values()] == [1] * reached + [0] * (3 - reached)
    assert evaluation.score == pytest.approx(score)
    assert evaluation.failure is None


@pytest.mark.parametrize("stage", OF_ITS_TASKS)
def test_a_failure_ends_the_evaluation_without_a_score_but_a_report_is_of_all_tasks(stage):
    evaluator, runners = make_evaluator(0.5, None, 0.25)
    evaluation = evaluator.evaluate(PROGRAM, stage)
    assert evaluation.score is None
    assert evaluation.failure == FAILURE
    rest = [0.25] if stage is Stage.REPORT else []
    assert [result.score for result in evaluation.results] == [0.5, None, *rest]
    assert len(runners["c"].asked) == len(rest)


def test_training_ends_early_in_the_search_only():
    evaluator, runners = make_evaluator(0.5)
    for stage in OF_ITS_TASKS:
        evaluator.evaluate(PROGRAM, stage)
    assert [seeds.early_exit for seeds in runners["a"].asked] == [True, False, False]


@pytest.mark.parametrize("stage", [Stage.CONFIRM, Stage.REPORT])
def test_hurdles_count_in_the_search_only(stage):
    evaluator, _ = make_evaluator(-0.9, -0.9, -0.9)
    evaluation = evaluator.evaluate(PROGRAM, stage)
    assert len(evaluation.results) == 3
    assert evaluation.score == pytest.approx(-0.9)


def test_stages_share_no_seed_and_only_the_report_sees_the_test_split():
    evaluator, runners = make_evaluator(0.0)
    for stage in OF_ITS_TASKS:
        evaluator.evaluate(PROGRAM, stage)
    search, confirm, report = runners["a"].asked
    assert [len(seeds.seeds) for seeds in (search, confirm, report)] == [2, 3, 5]
    assert len({*search.seeds, *confirm.seeds, *report.seeds}) == 10
    assert [seeds.split for seeds in (search, confirm, report)] == ["validation", "validation", "test"]


@pytest.mark.parametrize("count", [1, 5, 999])
def test_stages_share_no_seed_with_many_seeds(count):
    spec = make_spec(seeds=count)
    plan = EvaluationPlan(((spec, 0.0),), confirm_seeds=count, report_seeds=count, meta_seeds=count)
    assert len({seed for stage in Stage for seed in plan.seeds(stage, spec).seeds}) == 4 * count


def test_the_search_goes_by_the_mean_and_elites_by_their_worst_task():
    evaluator, _ = make_evaluator(0.5, -0.25)
    scores = {stage: evaluator.evaluate(PROGRAM, stage).score for stage in OF_ITS_TASKS}
    assert scores == {Stage.SEARCH: 0.125, Stage.CONFIRM: -0.25, Stage.REPORT: -0.25}


def test_meta_validation_is_of_other_tasks_and_goes_by_their_mean():
    specs = [make_spec(name=name) for name in "abc"]
    plan = EvaluationPlan(((specs[0], 0.9),), meta=tuple(specs[1:]), meta_seeds=3)
    evaluator = Evaluator(plan)
    runners = {name: FakeRunner(name, score) for name, score in zip("abc", (0.5, 0.25, -0.5), strict=True)}
    evaluator.runner = lambda spec: runners[spec.name]  # type: ignore
    found = evaluator.evaluate(PROGRAM, Stage.META)
    assert [result.task for result in found.results] == ["b", "c"]
    assert (found.score, found.rounds) == (-0.125, (-0.125,))
    assert [(len(asked.seeds), asked.split, asked.early_exit) for asked in runners["c"].asked] == [
        (3, "validation", False)
    ]
    assert plan.names == ("a", "b", "c")
    assert evaluator.evaluate(PROGRAM, Stage.CONFIRM).score == 0.5


def test_a_failure_on_a_task_that_the_search_does_not_see_is_that_tasks_alone():
    specs = [make_spec(name=name) for name in "abc"]
    evaluator = Evaluator(EvaluationPlan(((specs[0], 0.9),), meta=tuple(specs[1:]), meta_seeds=3))
    runners = {name: FakeRunner(name, score) for name, score in zip("abc", (0.5, None, 0.5), strict=True)}
    evaluator.runner = lambda spec: runners[spec.name]  # type: ignore
    found = evaluator.evaluate(PROGRAM, Stage.META)
    assert [(result.task, result.score) for result in found.results] == [("b", None), ("c", 0.5)]
    assert (found.score, found.rounds) == (-0.25, (-0.25,))


class RacingRunner(FakeRunner):
    """Gives each seed its own planned score; None fails."""

    def __init__(self, name: str, scores: dict[int, float | None]):
        super().__init__(name, 0.0)
        self.scores = scores

    def evaluate(self, program: object, seeds: Seeds) -> TaskResult:
        self.asked.append(seeds)
        (seed,) = seeds.seeds
        score = self.scores[seed]
        if score is None:
            return TaskResult(self.name, failure=FAILURE)
        return TaskResult(self.name, 2.0 + seed, score, metrics=(("seed", float(seed)),), scores=(score,))


def make_race(*scores: list[float | None]) -> tuple[Evaluator, dict[str, RacingRunner]]:
    """An evaluator of as many tasks as lists, which hold the score on each seed in the order of the race."""
    evaluator, _ = make_evaluator(*[0.0] * len(scores))
    runners = {
        name: RacingRunner(name, dict(zip(race_order(fingerprint(PROGRAM), len(each)), each, strict=True)))
        for name, each in zip("abc", scores, strict=False)
    }
    evaluator.runner = lambda spec: runners[spec.name]  # type: ignore
    return evaluator, runners


@pytest.mark.parametrize(
    ("hurdles", "rounds"),
    [
        ((0.2, 0.2, 0.2), (0.1,)),
        ((0.1, 0.2, 0.2), (0.1, 0.5, 0.0)),  # reaching a hurdle is enough; (0.1 + 0.5) / 2 is, too
        ((-1.0, -1.0, 0.15), (0.1, 0.5, 0.0, 0.3)),
        ((), (0.1,)),
    ],
)
def test_the_mean_so_far_opens_the_next_seed(hurdles, rounds):
    evaluator, runners = make_race([0.1, 0.5, 0.0, 0.3][: len(hurdles) + 1])
    seen = race_order(fingerprint(PROGRAM), len(hurdles) + 1)[: len(rounds)]
    evaluation = evaluator.evaluate(PROGRAM, Stage.SEARCH, hurdles)
    assert evaluation.rounds == rounds
    assert evaluation.score == pytest.approx(sum(rounds) / len(rounds))
    assert [seeds.seeds for seeds in runners["a"].asked] == [(seed,) for seed in seen]
    (result,) = evaluation.results
    assert result.scores == rounds
    assert result.loss == pytest.approx(2.0 + fmean(seen))
    assert dict(result.metrics) == {"seed": pytest.approx(fmean(seen))}


def test_a_round_of_a_race_is_one_seed_on_all_tasks():
    evaluator, runners = make_race([0.1, 0.3], [0.3, 0.1])
    evaluation = evaluator.evaluate(PROGRAM, Stage.SEARCH, (0.2,))
    assert evaluation.rounds == pytest.approx((0.2, 0.2))
    assert [result.score for result in evaluation.results] == pytest.approx([0.2, 0.2])
    assert [len(runner.asked) for runner in runners.values()] == [2, 2]


def test_a_tasks_hurdle_counts_in_the_first_round_of_a_race_only():
    evaluator, runners = make_race([0.1, -0.9], [0.3, 0.1])
    assert evaluator.evaluate(PROGRAM, Stage.SEARCH, (0.0,)).rounds == pytest.approx((0.2, -0.4))
    evaluator, runners = make_race([-0.9, 0.1], [0.3, 0.1])
    evaluation = evaluator.evaluate(PROGRAM, Stage.SEARCH, (-5.0,))
    assert evaluation.rounds == pytest.approx((-0.95,))  # what misses it has no second round
    assert [len(runner.asked) for runner in runners.values()] == [1, 0]


def test_a_failure_on_any_seed_of_a_race_is_the_programs():
    evaluator, runners = make_race([0.1, None, 0.3])
    evaluation = evaluator.evaluate(PROGRAM, Stage.SEARCH, (0.0, 0.0))
    assert (evaluation.score, evaluation.rounds, evaluation.failure) == (None, (), FAILURE)
    assert len(runners["a"].asked) == 2


def test_many_races_at_once_give_what_each_gives():
    hurdles = [(0.2, 0.2), None, (0.1, 0.4), (-1.0, -1.0)]
    planned = dict(zip(race_order(fingerprint(PROGRAM), 3), [0.1, 0.5, 0.0], strict=True))

    class Runner(RacingRunner):
        def evaluate(self, program, seeds):
            each = [super(Runner, self).evaluate(program, Seeds((seed,))) for seed in seeds.seeds]
            return merge_results(each)

    def make():
        evaluator, _ = make_evaluator(0.0)
        evaluator.runner = lambda spec: Runner("a", planned)  # type: ignore
        return evaluator

    together = make().evaluate_many([PROGRAM] * 4, Stage.SEARCH, hurdles)
    assert together == [make().evaluate(PROGRAM, Stage.SEARCH, each) for each in hurdles]
    assert [len(evaluation.rounds) for evaluation in together] == [1, 1, 2, 3]
    assert together[1].results[0].scores == (planned[0], planned[1])  # the two seeds of the task


@pytest.mark.slow  # two tasks are compiled one by one and in batches; `test_task_runner` has a batch of one task
def test_many_at_once_score_as_one_by_one():
    texts = {
        "slow": "return g * lr * 0.001",
        "exploding": "return g * 1e30 + exp(w)",
        "blind": "return w * lr",
    }
    programs = [PROGRAM, *(check_program(f"def train(w, g, lr): {text}") for text in texts.values())]
    limits = Limits(max_length=12, max_slots=2)
    tasks = ((make_spec(name="one"), -0.2), (make_spec(name="two", options={"seed": 1}), 0.0))
    batched, plain = (Evaluator(EvaluationPlan(tasks, limits=limits), batched=batched) for batched in (True, False))
    together = batched.evaluate_many(programs, Stage.SEARCH)
    apart = [plain.evaluate(program, Stage.SEARCH) for program in programs]
    assert plain.evaluate_many(programs, Stage.SEARCH) == apart
    for one, two in zip(together, apart, strict=True):
        assert (one.stage, len(one.results)) == (Stage.SEARCH, len(two.results))
        assert (one.score is None) == (two.score is None)
        assert one.score is None or one.score == pytest.approx(two.score, abs=1e-3)
        assert (one.failure and one.failure.kind) == (two.failure and two.failure.kind)
        for first, second in zip(one.results, two.results, strict=True):
            assert first.task == second.task
            assert (first.loss is None) == (second.loss is None)
            assert first.loss is None or first.loss == pytest.approx(second.loss, rel=1e-3)
    lengths = {len(e.results) for e in apart if e.failure is None}
    assert lengths == {1, 2}  # some miss the hurdle
    kinds = {e.failure.kind for e in apart if e.failure}
    assert kinds == {FailureKind.NON_FINITE, FailureKind.NO_PROGRESS}
    assert batched.evaluate_many([], Stage.SEARCH) == []


@pytest.mark.parametrize(("backend", "batched"), [("cpu", False), ("gpu", True)])
def test_only_an_accelerator_trains_with_many_at_once(monkeypatch, backend, batched):
    evaluator, _ = make_evaluator(0.5)
    monkeypatch.setattr("jax.default_backend", lambda: backend)
    chosen = Evaluator(evaluator._plan)
    sizes = []

    class Runner(FakeRunner):
        def evaluate_population(self, programs, seeds):
            sizes.append(len(programs))
            return [self.evaluate(program, seeds) for program in programs]

    chosen.runner = lambda spec: Runner(spec.name, 0.5)  # type: ignore
    assert [e.score for e in chosen.evaluate_many([PROGRAM] * 3, Stage.SEARCH)] == [0.5] * 3
    assert sizes == ([3] if batched else [])


def test_a_real_task_is_loaded_once_and_scored():
    spec = make_spec(name="real")
    evaluator = Evaluator(EvaluationPlan(((spec, 0.0),), limits=Limits(max_length=12, max_slots=2)))
    evaluation = evaluator.evaluate(PROGRAM.with_hyperparameters({"weight_decay": 0.1}), Stage.CONFIRM)
    assert evaluation == Evaluation(Stage.CONFIRM, 0.0, evaluation.results, (0.0,))
    assert evaluator.runner(spec) is evaluator.runner(spec)


def test_programs_of_a_race_start_from_different_seeds():
    orders = [race_order(f"{name:08x}", 5) for name in range(10)]
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders)
    assert {order[0] for order in orders} == {0, 1, 2, 3, 4}
