import os
import random
import re
import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from machines import count_compilations
from sampling import every
from small_tasks import make_spec, regression
from strategies import random_program

from lionsearch.catalog import load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.graph import check_program, find_live
from lionsearch.lang import Program
from lionsearch.records import FailureKind, TaskResult
from lionsearch.tasks.spec import load_task

LIMITS = Limits(max_length=24, max_slots=4)
ONE, THREE = Seeds((0,), early_exit=True), Seeds((0, 1, 2), early_exit=True)
TO_THE_END = Seeds((0,))
SGD = check_program("def train(w, g, lr): return g * lr * 0.005")
SLOW_SGD = check_program("def train(w, g, lr): return g * lr * 0.00002")
EXPLODING = check_program("def train(w, g, lr): return g * 1e30 + exp(w)")
ASCENT = check_program("def train(w, g, lr): return g * lr * -0.0002")
TUNED = load_program("adamw").with_hyperparameters({"weight_decay": 0.1})


@pytest.fixture(scope="module")
def runner() -> TaskRunner:
    return TaskRunner(make_spec(), LIMITS)


def depends_on_gradient(program: Program) -> bool:
    live = find_live(program)
    return "g" in live.reads and len(live.statements) <= LIMITS.max_length


def close(one: TaskResult, two: TaskResult) -> bool:
    """Whether two ways to train agree: sums in another order, carried on through 60 steps, change the fourth digit."""
    if one.failure is not None or two.failure is not None:
        return one.failure is not None and two.failure is not None and one.failure.kind is two.failure.kind
    return one.loss == pytest.approx(two.loss, rel=1e-3) and one.score == pytest.approx(two.score, abs=1e-3)


# --- scores


def test_tuned_adamw_scores_exactly_zero_on_every_seed_and_split(runner):
    for split in ("validation", "test"):
        result = runner.evaluate(TUNED, Seeds((0, 1, 2, 1000), split, early_exit=True))
        assert result.score == 0.0
        assert result.failure is None


def test_score_is_the_share_of_adamws_progress_beyond_adamw(runner):
    result, reference = runner.evaluate(SGD, ONE), runner.reference(0, "validation")
    params = jax.jit(runner.trainer.problem.init)(jax.random.key(0))
    assert reference.chance == pytest.approx(
        float(runner.trainer.problem.loss(params, runner.trainer.problem.validation)), rel=1e-5
    )
    assert reference.loss == runner.evaluate(TUNED, ONE).loss
    assert result.loss is not None
    assert result.loss > reference.loss
    assert result.score == pytest.approx((reference.loss - result.loss) / (reference.chance - reference.loss))
    assert -1 < result.score < 0


def test_loss_score_and_metrics_are_means_over_seeds(runner):
    together, apart = runner.evaluate(SGD, THREE), [runner.evaluate(SGD, Seeds((seed,))) for seed in (0, 1, 2)]
    assert len({result.loss for result in apart}) == 3
    assert together.loss == pytest.approx(np.mean([result.loss for result in apart]))
    assert together.score == pytest.approx(np.mean([result.score for result in apart]))
    assert dict(together.metrics)["worst"] == pytest.approx(np.mean([dict(r.metrics)["worst"] for r in apart]))


def test_the_split_decides_what_the_loss_is_measured_on_and_nothing_else(runner):
    swapped = TaskRunner(make_spec(factory="test_task_runner:swapped_regression"), LIMITS)
    for split, other in (("validation", "test"), ("test", "validation")):
        loss = runner.evaluate(TUNED, Seeds((0,), split)).loss
        assert loss != runner.evaluate(TUNED, Seeds((0,), other)).loss
        assert loss == swapped.evaluate(TUNED, Seeds((0,), other)).loss


def swapped_regression():
    problem = regression()
    return replace(problem, validation=problem.test, test=problem.validation)


def test_the_interpreter_trains_as_a_plain_loop_does(runner):
    problem, spec = runner.trainer.problem, runner.spec
    params = jax.jit(problem.init)(jax.random.key(0))
    gradient = jax.jit(jax.grad(problem.loss))
    rng = np.random.default_rng([0, 1])
    order = np.concatenate([rng.permutation(64) for _ in range(15)]).reshape(-1, spec.batch)
    for lr, examples in zip(spec.schedule(), order, strict=True):
        batch = {name: array[examples] for name, array in problem.train.items()}
        params = jax.tree.map(lambda w, g, lr=lr: w - g * lr * 0.005, params, gradient(params, batch))
    expected = float(jax.jit(problem.loss)(params, problem.validation))
    assert runner.losses(SGD, TO_THE_END) == [pytest.approx(expected, rel=1e-4)]


def test_losses_at_a_multiple_of_the_schedule(runner):
    doubled = check_program("def train(w, g, lr): return g * lr * 0.01")
    three = replace(THREE, early_exit=False)
    assert runner.losses(SGD, three, 2.0) == pytest.approx(runner.losses(doubled, three), rel=1e-4)
    assert runner.losses(SGD, three, 2.0) != runner.losses(SGD, three)


def test_long_training_is_compiled_with_the_same_result(runner, monkeypatch):
    interpreted = [runner.evaluate(program, ONE) for program in (TUNED, SGD, EXPLODING)]
    losses = runner.losses(SGD, TO_THE_END, 2.0)
    monkeypatch.setattr("lionsearch.evaluation.trainer.BREAK_EVEN_STEPS", 1)
    compiled = [runner.evaluate(program, ONE) for program in (TUNED, SGD, EXPLODING)]
    assert [close(one, two) for one, two in zip(interpreted, compiled, strict=True)] == [True, True, True]
    assert runner.losses(SGD, TO_THE_END, 2.0) == pytest.approx(losses, rel=1e-3)


# --- determinism


def test_the_same_program_gives_the_same_loss_to_the_bit(runner):
    assert runner.evaluate(SGD, THREE) == runner.evaluate(SGD, THREE)


_FRESH = """
from lionsearch.evaluation.device import configure_jax
configure_jax()
from test_task_runner import *
runner = TaskRunner(make_spec(), LIMITS)
print([runner.evaluate(program, THREE).loss.hex() for program in (TUNED, SGD)])
"""


@pytest.mark.thorough
def test_a_fresh_process_gives_the_same_loss_to_the_bit(runner):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JAX_ENABLE_COMPILATION_CACHE": "false"}
    command = [sys.executable, "-c", _FRESH]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert output.strip() == str([runner.evaluate(program, THREE).loss.hex() for program in (TUNED, SGD)])


# --- compilation


def test_counting_notices_a_compilation():
    with count_compilations() as found:
        jax.jit(lambda x: x * 3 + 1.5)(2.0)
    assert found


def test_two_hundred_programs_compile_nothing_after_the_first(runner):
    rng = random.Random(3)
    drawn = (random_program(rng, length=rng.randint(1, 16)) for _ in range(2000))
    programs = [program for program in drawn if depends_on_gradient(program)][:200]
    assert len(programs) == 200
    runner.evaluate(TUNED, ONE)
    with count_compilations() as found:
        kinds = {
            result.failure.kind if result.failure else None
            for result in (runner.evaluate(program, ONE) for program in programs)
        }
    assert not found
    assert kinds == {None, FailureKind.NO_PROGRESS, FailureKind.NON_FINITE}


def test_new_seeds_and_stages_compile_nothing(runner):
    runner.evaluate(SGD, ONE)
    with count_compilations() as found:
        for seeds in (Seeds((31, 32)), Seeds((1031, 1032)), Seeds((2031,), "test")):
            runner.evaluate(SGD, seeds)
    assert not found


# --- failures


def test_a_loss_that_is_not_finite_is_a_failure_with_a_sentence(runner):
    result = runner.evaluate(EXPLODING, THREE)
    assert (result.loss, result.score) == (None, None)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.NON_FINITE
    assert result.failure.detail == "the loss was not finite after 6 of 60 steps"


def test_no_better_than_untrained_is_a_failure_with_a_sentence(runner):
    result = runner.evaluate(check_program("def train(w, g, lr): return g - g"), ONE)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.NO_PROGRESS
    assert result.failure.detail.startswith("after 6 of 60 steps the loss was ")
    assert result.failure.detail.endswith("goes on")


@pytest.mark.parametrize(
    "text",
    [
        "def train(w, g, lr): return w * lr",
        "def train(w, g, m, lr):\n m = m + g\n return w * lr, m",
        "def train(w, g, m, lr):\n m = m + w\n return m * lr, m",
    ],
)
def test_an_update_without_the_gradient_is_not_trained_with(runner, text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner.trainer, "interpreter", lambda *arguments: pytest.fail("it was trained with"))
        result = runner.evaluate(check_program(text), ONE)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.NO_PROGRESS
    assert result.failure.detail == "the update does not depend on the gradient"


@pytest.mark.parametrize("gradient", ["g_anchor", "g_ahead", "g_full"])
def test_any_gradient_will_do(runner, gradient):
    def train(*arguments):
        raise RuntimeError("it is trained with")

    runner.reference(0, "validation")
    program = check_program(f"def train(w, g, lr, {gradient}, *, anchor_every=2): return {gradient} * lr * 0.005")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner.trainer, "interpreter", train)
        with pytest.raises(TaskError, match="it is trained with"):
            runner.evaluate(program, ONE)


def test_a_program_beyond_the_limits_is_a_failure_with_a_sentence(runner):
    lines = "".join(" g = sin(g)\n" for _ in range(25))
    result = runner.evaluate(check_program(f"def train(w, g, lr):\n{lines} return g"), ONE)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.TOO_LONG
    assert result.failure.detail == "the program has 25 live statements; the interpreter was compiled for 24"
    assert runner.losses(check_program(f"def train(w, g, lr):\n{lines} return g"), ONE) == [float("inf")]


def test_an_input_that_the_task_cannot_give_is_an_error(runner):
    program = check_program("def train(w, g, lr, h_gnb): return g * h_gnb")
    message = "asks for 'h_gnb', which a task gives only if its Problem has a `sampled_loss`; task 'small' has none"
    with pytest.raises(TaskError, match=message):
        runner.evaluate(program, ONE)
    with pytest.raises(TaskError, match=message):
        runner.losses(program, ONE)
    with pytest.raises(TaskError, match=message):
        runner.evaluate_population([SGD, program], ONE)


@pytest.mark.parametrize("read", every(3, ["h", "h_gnb", "g_ahead", "g_anchor", "g_full", "loss"]))
def test_every_input_can_be_asked_for(runner, read):
    program = check_program(f"def train(w, g, lr, {read}): return (g + 1e-4 * {read}) * lr * 0.005")
    if read == "h_gnb":
        runner = TaskRunner(make_spec(options={"sampled": True}), LIMITS)
    result, plain = runner.evaluate(program, ONE), runner.evaluate(SGD, ONE)
    assert result.loss == pytest.approx(plain.loss, rel=0.01)
    assert result.loss != plain.loss


def test_a_task_on_which_adamw_learns_nothing_is_an_error():
    runner = TaskRunner(make_spec(learning_rate=1e6), LIMITS)
    with pytest.raises(TaskError, match=r"no better than the untrained .* lionsearch tune adamw --task small"):
        runner.evaluate(SGD, ONE)


def test_a_batch_larger_than_the_data_is_an_error():
    with pytest.raises(TaskError, match="small: a batch of 65 from 64 training examples"):
        TaskRunner(make_spec(batch=65), LIMITS)


# --- early exit


@pytest.mark.parametrize("program", [ASCENT, SLOW_SGD])
def test_hopeless_training_ends_early(runner, program):
    failure = runner.evaluate(program, ONE).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_PROGRESS
    assert re.match(r"after (6|12|18|24|30) of 60 steps the loss was \S+; at most \S+ goes on", failure.detail)


def test_without_early_exit_hopeless_training_goes_on_to_the_end(runner):
    slow = runner.evaluate(SLOW_SGD, TO_THE_END)
    assert slow.score is not None
    assert -1 < slow.score < -0.5
    assert slow.loss == runner.losses(SLOW_SGD, TO_THE_END)[0]
    failure = runner.evaluate(ASCENT, TO_THE_END).failure
    assert failure is not None
    assert failure.kind is FailureKind.NO_PROGRESS
    assert re.match(r"the final loss was \S+; an untrained network's is \S+", failure.detail)


def test_early_exit_changes_no_survivors_loss(runner):
    rng = random.Random(4)
    drawn = (random_program(rng, length=6, operations=("add", "multiply", "interp", "sign")) for _ in range(200))
    scaled = [TUNED.with_hyperparameters({"lr_scale": 0.001 * 2.0**power}) for power in range(-6, 7)]
    programs = [SGD, *scaled, *(program for program in drawn if depends_on_gradient(program))]
    survivors = 0
    for program in programs:
        early = runner.evaluate(program, ONE)
        if early.failure is None:
            survivors += 1
            assert early == runner.evaluate(program, TO_THE_END)
    assert 5 <= survivors < len(programs)


@pytest.mark.parametrize("name", every(2, ["teacher_student", "digits_mlp"]))
@pytest.mark.thorough
def test_early_exit_never_drops_tuned_adamw(name):
    """Not even where its own loss is above the untrained network's for a while, as teacher_student's on 8 and 21."""
    spec = load_task(name)
    runner = TaskRunner(spec, Limits(max_length=12, max_slots=2))
    adamw = load_program("adamw").with_hyperparameters({"weight_decay": spec.weight_decay})
    results = {seed: runner.evaluate(adamw, Seeds((seed,), early_exit=True)) for seed in range(31)}
    assert {seed: result.score for seed, result in results.items()} == dict.fromkeys(range(31), 0.0)


# --- populations


@pytest.mark.thorough
def test_a_population_scores_as_its_members_do(runner):
    too_long = check_program("def train(w, g, lr):\n" + " g = sin(g)\n" * 25 + " return g")
    blind = check_program("def train(w, g, lr): return w * lr")
    programs = [SGD, EXPLODING, TUNED, too_long, ASCENT, blind, load_program("lion")]
    seeds = Seeds((0, 1), early_exit=True)
    for program, result in zip(programs, runner.evaluate_population(programs, seeds), strict=True):
        assert close(result, runner.evaluate(program, seeds)), program


def test_a_population_in_which_nothing_can_be_trained_with(runner):
    blind = check_program("def train(w, g, lr): return w * lr")
    results = runner.evaluate_population([blind, blind], ONE)
    assert [result.failure.kind for result in results if result.failure] == [FailureKind.NO_PROGRESS] * 2
    assert runner.evaluate_population([], ONE) == []


# --- a trained loss of its own, and a model with a state


AHEAD = check_program("def train(w, g, lr, g_ahead): return (g + g_ahead) * lr * 0.0025")


@pytest.fixture(scope="module")
def normalized() -> TaskRunner:
    return TaskRunner(make_spec(name="normalized", factory="small_tasks:normalized_regression"), LIMITS)


@pytest.mark.parametrize("program", [TUNED, AHEAD])
@pytest.mark.thorough
def test_all_ways_to_train_see_the_same_dropout_and_carry_the_same_state(normalized, program):
    interpreted = normalized.evaluate(program, TO_THE_END)
    (together,) = normalized.evaluate_population([program], TO_THE_END)
    compiled = normalized.trainer.compile(program, 0, "validation", normalized.trainer.never)()
    assert interpreted.failure is None
    assert close(interpreted, together)
    assert float(compiled.loss) == pytest.approx(interpreted.loss, rel=1e-3)
    for metrics in (dict(together.metrics), compiled.metrics):
        assert metrics == pytest.approx(dict(interpreted.metrics), rel=2e-3, abs=1e-5)


def test_the_reference_of_a_model_with_a_state_is_measured_from_its_initial_state(normalized):
    result, reference = normalized.evaluate(TUNED, ONE), normalized.reference(0, "validation")
    assert (result.score, result.loss) == (0.0, reference.loss)
    problem = normalized.trainer.problem
    params, state = problem.init(jax.random.key(0))
    assert reference.chance == pytest.approx(float(problem.loss(params, state, problem.validation)), rel=1e-5)
