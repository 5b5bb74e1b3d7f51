"""One interpreter for each machine: compiled once, and the same one by one, as a batch, and as native JAX."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from machines import count_compilations
from sampling import every
from small_tasks import make_spec
from test_task_runner import LIMITS, ONE, SGD, close

from lionsearch.evaluation.encoding import encode_program
from lionsearch.evaluation.interpreter import Interpreter
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.plan import Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.evaluation.training import Course, Outcome
from lionsearch.graph import check_program, remove_dead_code
from lionsearch.lang import Program
from lionsearch.records import FailureKind

SCALE = "lr * 0.005"
FAMILIES = {
    "paper": [
        f"def train(w, g, lr): return g * {SCALE}",
        f"def train(w, g, m, s: scalar, lr):\n m = interp(g, m, 0.9)\n s = s + lr\n return m * {SCALE} * s / s, m, s",
    ],
    "extended": [
        f"def train(w, g, lr): return clamp(g, -1, 1) * {SCALE}",
        f"def train(w, g, v: per_tensor, lr, t):\n v = where(t == 1, 1, v * 0.9 + mean(g * g))\n"
        f" return g / sqrt(v) * {SCALE}, v",
    ],
    "matrix": [
        f"def train(w, g, m, lr):\n m = interp(g, m, 0.9)\n return orthogonalize(m) * {SCALE}, m",
        f"def train(w, g, r: column, c: row, lr):\n r = r + row_mean(g * g)\n c = c + column_mean(g * g)\n"
        f" return g / sqrt(r / column_mean(r) * c) * {SCALE}, r, c",
    ],
    "h": [
        f"def train(w, g, v, lr, h):\n v = interp(h * h, v, 0.99)\n return g / (sqrt(v) + 1) * {SCALE}, v",
        f"def train(w, g, v, lr, h, *, hessian_every=7):\n v = interp(h * h, v, 0.99)\n"
        f" return g / (sqrt(v) + 1) * {SCALE}, v",
        f"def train(w, g, lr, h, *, hessian_every=2): return g / (abs(h) + 1) * {SCALE}",
    ],
    "g_ahead": [
        f"def train(w, g, lr, g_ahead): return g_ahead * {SCALE}",
        f"def train(w, g, lr, g_ahead, *, rho=0.2): return g_ahead * {SCALE}",
        f"def train(w, g, lr, g_ahead, *, rho=-0.3): return (g + g_ahead) / 2 * {SCALE}",
    ],
    "svrg": [
        f"def train(w, g, lr, g_anchor, g_full): return (g - g_anchor + g_full) * {SCALE}",
        f"def train(w, g, lr, g_full, g_anchor, *, anchor_every=5): return (g - g_anchor + g_full) * {SCALE}",
    ],
    "everything": [
        "def train(w, g, m, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full):\n"
        " m = interp(g_ahead - g_anchor + g_full, m, 0.5)\n"
        f" return m * loss / (loss + abs(h) + h_gnb / 99) * {SCALE}, m",
        "def train(w, g, m, lr, t, loss, h, h_gnb, g_ahead, g_anchor, g_full, *, rho=0.5, hessian_every=3):\n"
        " m = interp(g_ahead - g_anchor + g_full, m, 0.5)\n"
        f" return m * loss / (loss + abs(h) + h_gnb / 99) * {SCALE}, m",
    ],
}
DEAR = pytest.param("everything", marks=pytest.mark.slow)
"""The largest machine takes the longest to compile; the others have each of its parts."""
PROGRAMS = {family: [check_program(text) for text in texts] for family, texts in FAMILIES.items()}


@pytest.fixture(scope="module")
def runner() -> TaskRunner:
    return TaskRunner(make_spec(options={"sampled": True}), LIMITS)


def machine_of(program: Program) -> Machine:
    return machine_for(remove_dead_code(program), LIMITS)


@pytest.mark.parametrize("family", [*every(3, [family for family in FAMILIES if family != "everything"]), DEAR])
def test_programs_of_one_machine_share_one_compilation(runner, family):
    first, *others = PROGRAMS[family]
    assert len({machine_of(program) for program in PROGRAMS[family]}) == 1
    runner.evaluate(first, ONE)
    with count_compilations() as found:
        results = [runner.evaluate(program, Seeds((seed,))) for program in others for seed in (0, 1)]
    assert not found
    assert {result.failure for result in results} == {None}


@pytest.mark.thorough
def test_each_machine_is_compiled_when_it_is_first_needed():
    fresh = TaskRunner(make_spec(), LIMITS)
    fresh.reference(0, "validation")  # by the paper's machine
    counts = []
    for program in (PROGRAMS["paper"][0], PROGRAMS["extended"][0], PROGRAMS["extended"][1], PROGRAMS["paper"][1]):
        with count_compilations() as found:
            fresh.losses(program, ONE)
        counts.append(bool(found))
    assert counts == [False, True, False, False]


@pytest.mark.parametrize("family", [*every(3, ["h", "g_ahead", "svrg"]), DEAR])
def test_a_setting_changes_the_result(runner, family):
    losses = {runner.losses(program, ONE)[0] for program in PROGRAMS[family]}
    assert len(losses) == len(PROGRAMS[family])


def test_inputs_are_the_seeds_own_and_the_same_each_time(runner):
    program = PROGRAMS["h"][0]
    assert runner.losses(program, Seeds((0, 1))) == runner.losses(program, Seeds((0, 1)))
    trainer = runner.trainer
    course = trainer.courses.of_seed(0)
    other = Course(course.params, course.batches, jax.random.key(99))
    machine = machine_of(program)
    encoded = encode_program(remove_dead_code(program), trainer.schedule, machine)
    one, two = (
        trainer.interpreter(machine).train(encoded, c, trainer.courses.examples("validation"), trainer.never)
        for c in (course, other)
    )
    assert float(one.loss) != float(two.loss)


@pytest.mark.parametrize("family", [*every(3, [family for family in FAMILIES if family != "everything"]), DEAR])
@pytest.mark.thorough
def test_a_program_that_is_compiled_trains_to_the_same_loss(runner, family, monkeypatch):
    program = PROGRAMS[family][-1]
    interpreted = runner.evaluate(program, ONE)
    monkeypatch.setattr("lionsearch.evaluation.trainer.BREAK_EVEN_STEPS", 1)
    assert close(interpreted, runner.evaluate(program, ONE))


# --- many at once


@pytest.mark.slow  # `test_evaluator` has a batch of one machine
@pytest.mark.parametrize(
    "families",
    [("paper", "matrix"), ("paper", "extended", "matrix", "everything")],
    ids=["two", "all"],  # each machine is compiled twice, as a batch too
)
def test_a_population_of_several_machines_scores_as_its_members_do(runner, families):
    exploding = check_program("def train(w, g, lr): return g * 1e30 + exp(w)")
    blind = check_program("def train(w, g, lr, h): return h * lr")
    too_long = check_program("def train(w, g, lr, h):\n" + " g = g % 3\n" * 25 + " return g + h")
    programs = [program for each in zip(*(PROGRAMS[family] for family in families), strict=True) for program in each]
    programs = [exploding, *programs, blind, too_long]  # machines in turn: results must come back in order
    seeds = Seeds((0, 1), early_exit=True)
    together = runner.evaluate_population(programs, seeds)
    for program, result in zip(programs, together, strict=True):
        assert close(result, runner.evaluate(program, seeds)), program
    kinds = [result.failure and result.failure.kind for result in together]
    failed = [FailureKind.NON_FINITE, FailureKind.NO_PROGRESS, FailureKind.TOO_LONG]
    assert kinds == [failed[0], *[None] * (len(programs) - 3), *failed[1:]]


@pytest.mark.parametrize("family", every(2, ["h", "g_ahead"]))
@pytest.mark.thorough
def test_each_program_of_a_batch_has_its_own_settings(runner, family):
    programs = PROGRAMS[family]
    losses = [result.loss for result in runner.evaluate_population(programs, ONE)]
    assert losses == [pytest.approx(runner.losses(program, ONE)[0], rel=1e-4) for program in programs]
    apart = np.abs(np.subtract.outer(losses, losses))[np.triu_indices(3, 1)]
    assert (apart > 1e-3 * np.mean(losses)).all(), "two that agree would not be told apart"


def train_many(runner: TaskRunner, interpreter: Interpreter, programs: list[Program]) -> Outcome:
    trainer, machine = runner.trainer, interpreter.machine
    encoded = [encode_program(remove_dead_code(program), trainer.schedule, machine) for program in programs]
    return interpreter.train_many(
        encoded, runner.trainer.courses.of_seed(0), runner.trainer.courses.examples("validation"), runner.trainer.never
    )


@pytest.mark.slow
def test_batches_are_filled_up_so_that_few_sizes_are_compiled(runner):
    interpreter = runner.trainer.interpreter(Machine(LIMITS))
    shapes, compiled = [], []
    for count in (2, 3, 4, 5):
        with count_compilations() as found:
            shapes.append(np.shape(train_many(runner, interpreter, [SGD] * count).loss))
        compiled.append(len(found))
    assert shapes == [(4,), (4,), (4,), (16,)]
    assert [count > 0 for count in compiled[1:]] == [False, False, True]
