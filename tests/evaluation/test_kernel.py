"""The kernel of a population does what the interpreter does; here Pallas interprets it, as a GPU has not yet."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import jaxlib.version
import numpy as np
import pytest
from small_tasks import make_spec
from strategies import random_program
from test_task_runner import LIMITS, SGD, close, depends_on_gradient

from lionsearch.catalog import load_program
from lionsearch.evaluation.encoding import EncodedProgram, encode_program
from lionsearch.evaluation.interpreter import Interpreter
from lionsearch.evaluation.kernel import PIECE, KernelRule
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.plan import Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.evaluation.update_rule import InterpretedRule
from lionsearch.graph import check_program, remove_dead_code
from lionsearch.lang import OPERATIONS, Kind, Operation, Program

MACHINE = Machine(LIMITS)
TREE = {"a": (3, 100), "b": (7,), "c": (), "d": (40, 50), "e": (1,)}  # leaves that end within a piece, and go over one
SUMS = {"norm", "global_norm", "dot", "cosine_sim", "clip"}
TWO = Seeds((0, 1))
LR = np.array([0.01, 0.02, 0.03], np.float32)


def encode(program: Program) -> EncodedProgram:
    return encode_program(remove_dead_code(program), LR, MACHINE)


def draw_tree(seed: int, noise: float = 0.0) -> dict[str, jax.Array]:
    """Return random leaves, each number off by so many parts of its size."""
    rng = np.random.default_rng(seed)
    return {name: jnp.asarray(draw(rng, shape, noise)) for name, shape in TREE.items()}


def draw(rng: np.random.Generator, shape: tuple[int, ...], noise: float) -> np.ndarray:
    return np.float32(rng.normal(size=shape) * (1 + noise * rng.normal(size=shape)))


def arguments(row: Operation) -> list[str]:
    """Return what an operation is tried with: rows, and a number where it wants one."""
    return [("x", "m", "0.3")[place] if Kind.TENSOR in kinds else "0.3" for place, kinds in enumerate(row.accepts)]


def flat(tree: dict[str, jax.Array]) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in tree.values()])


class Batch:
    """Steps of a rule with as many programs as fit at once, from random weights and slots; compiled once.

    Args:
        rule: by which they run.
    """

    def __init__(self, rule: InterpretedRule):
        self._rule, self._size = rule, sum(int(np.prod(shape, dtype=int)) for shape in TREE.values())
        self._step = jax.jit(jax.vmap(lambda *given: rule.step(*given, {}), in_axes=(0, 0, None, 0)))

    def run(self, programs: Sequence[EncodedProgram], steps: int = 1, noise: float = 0.0) -> np.ndarray:
        """Return (programs, 1 + slots, parameters): weights and slots after some steps.

        Args:
            programs: up to 64.
            steps: with other gradients each.
            noise: by how many parts of its size each number that is given is off.
        """
        slots = draw(np.random.default_rng(99), (MACHINE.limits.max_slots, self._size), noise) ** 2
        padded = [*programs, *[programs[0]] * (64 - len(programs))]
        table = np.stack([each.instructions for each in padded]), np.stack([each.length for each in padded])
        first, last = MACHINE.first_slot, MACHINE.first_slot + len(slots)
        start = self._rule.start(draw_tree(0, noise)).at[first:last, : self._size].set(slots)
        state = jnp.broadcast_to(start, (64, *start.shape))
        for step in range(steps):
            scalars = np.stack([each.scalars[step] for each in padded])
            state = self._step(table, state, draw_tree(1 + step, noise), scalars)
        return np.asarray(state[: len(programs), [0, *range(first, last)], : self._size])


@pytest.fixture(scope="module")
def kernel() -> Batch:
    return Batch(KernelRule(draw_tree(0), MACHINE))


@pytest.fixture(scope="module")
def interpreter() -> Batch:
    return Batch(InterpretedRule(draw_tree(0), MACHINE))


@pytest.mark.thorough
def test_every_operation_gives_what_the_interpreter_gives(kernel, interpreter):
    """Of numbers near 0 and 1, and of large ones, of which many functions of the paper have none."""
    rows = [row for row in OPERATIONS.values() if row.group == "paper"]
    for size in (1, 0.001):
        calls = [f"{row.name}({', '.join(arguments(row))})" for row in rows]
        texts = [
            f"def train(w, g, m, s, lr):\n x = g / {size}\n y = {call}\n s = s - s + y\n return g + s, m, s"
            for call in calls
        ]
        programs = [encode(check_program(text)) for text in texts]
        found, expected = kernel.run(programs), interpreter.run(programs)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=2e-6)
        assert len({row.tobytes() for row in found[:, 2]}) == len(rows)


@pytest.mark.parametrize("count", [64, pytest.param(1024, marks=pytest.mark.thorough)])
def test_random_programs_give_what_the_interpreter_gives(kernel, interpreter, count):
    """To a millionth, and what changes of inputs by a millionth make of that; sums are in another order besides."""
    rng = random.Random(0)
    drawn = [program for program in (random_program(rng, 16) for _ in range(3 * count)) if depends_on_gradient(program)]
    assert len(drawn) >= count
    for start in range(0, count, 64):
        chosen = drawn[start : start + 64]
        programs = [encode(program) for program in chosen]
        found, expected = kernel.run(programs, steps=2), interpreter.run(programs, steps=2)
        with np.errstate(all="ignore"), warnings.catch_warnings(category=RuntimeWarning, action="ignore"):
            apart = np.where(found == expected, 0.0, np.abs(found - expected))
            nearby = np.stack([interpreter.run(programs, steps=2, noise=noise) for noise in (-1e-6, 1e-6)])
            moved = np.nanmax(np.abs(nearby - expected), axis=(0, 3))[..., None]
        sums = np.array([any(s.operation in SUMS for s in remove_dead_code(program).statements) for program in chosen])
        slack = np.where(sums, 10.0, 1.0)[:, None, None]
        allowed = slack * (1e-6 * np.maximum(np.abs(expected), 1.0) + 4 * moved)
        same = (apart <= allowed) | (np.isnan(found) & np.isnan(expected)) | ~np.isfinite(moved)
        assert same.all()
        assert np.mean(np.isfinite(moved)) > 0.7
        assert 8 < np.sum(sums) < 56


@pytest.mark.thorough
def test_what_is_behind_the_last_leaf_is_never_part_of_a_sum(kernel, interpreter):
    assert flat(draw_tree(0)).size % PIECE
    text = (
        "def train(w, g, m, s, lr):\n m = exp(m) + 1\n n = norm(m)\n d = dot(m, g)\n s = s * 0 + clip(m, 2)\n"
        " return g * n + d + s, m, s"
    )
    programs = [encode(check_program(text))]
    np.testing.assert_allclose(kernel.run(programs, steps=2), interpreter.run(programs, steps=2), rtol=2e-6)
    found = kernel.run(programs)[0]
    parts = np.split(found[1], np.cumsum([leaf.size for leaf in draw_tree(0).values()])[:-1])
    norms = np.concatenate([np.full(part.size, np.linalg.norm(part)) for part in parts])
    gradient = flat(draw_tree(1))
    update = gradient * norms + found[1] @ gradient + found[2]
    np.testing.assert_allclose(flat(draw_tree(0)) - found[0], update, atol=1e-5 * np.max(np.abs(update)))
    np.testing.assert_allclose(np.linalg.norm(found[2]), 2.0, rtol=1e-6)


@pytest.mark.thorough
def test_each_program_of_a_batch_has_its_own_length(kernel):
    programs = [encode(program) for program in (SGD, random_program(random.Random(1), 20), load_program("lion"))]
    assert len({int(each.length) for each in programs}) == 3
    together = kernel.run(programs, steps=2)
    for one, program in zip(together, programs, strict=True):
        np.testing.assert_array_equal(one, kernel.run([program], steps=2)[0])


@pytest.mark.thorough
def test_rows_of_optional_inputs_are_read():
    machine = Machine(LIMITS, inputs=("loss", "h"))
    text = "def train(w, g, m, lr, loss, h):\n m = m * loss + g * abs(h)\n return m + norm(h), m"
    program = encode_program(check_program(text), LR, machine)
    found = []
    for rule in (KernelRule(draw_tree(0), machine), InterpretedRule(draw_tree(0), machine)):
        given = (program.instructions, program.length), rule.start(draw_tree(0)), draw_tree(1), program.scalars[0]
        after = jax.jit(rule.step)(*given, {"loss": jnp.float32(2.5), "h": draw_tree(2)})
        found.append(flat(rule.weights(after)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6, atol=1e-6)


@pytest.mark.skipif(jaxlib.version.__version_info__ >= (0, 11), reason="goes by Triton up to jax 0.10")
def test_it_can_be_lowered_for_cuda():
    rule = KernelRule(draw_tree(0), MACHINE, interpret=False)
    programs = [encode(SGD), encode(load_program("lion"))]

    def step(program: tuple[jax.Array, jax.Array], scalars: jax.Array) -> jax.Array:
        return rule.step(program, rule.start(draw_tree(0)), draw_tree(1), scalars, {})

    given = (np.stack([each.instructions for each in programs]), np.stack([each.length for each in programs]))
    traced = jax.jit(jax.vmap(step)).trace(given, np.stack([each.scalars[0] for each in programs]))
    assert str(traced.jaxpr).count("debug_barrier") == 1  # between statements: no test on a CPU misses it
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert "__gpu$xla.gpu.triton" in text
    assert f"grid_x = {len(programs)} : i32" in text


def test_a_machine_has_the_kernel_where_it_is_asked_for_and_fits(monkeypatch):
    trainer = TaskRunner(make_spec(), LIMITS).trainer
    shapes = trainer.objective.shapes()[0]
    paper, extended = Machine(LIMITS), Machine(LIMITS, "extended")
    assert not Interpreter(trainer.problem, shapes, paper).has_kernel
    monkeypatch.setenv("LIONSEARCH_KERNEL", "1")
    assert Interpreter(trainer.problem, shapes, paper).has_kernel
    assert not Interpreter(trainer.problem, shapes, extended).has_kernel
    assert not Interpreter(trainer.problem, shapes, paper, kernel=False).has_kernel


@pytest.mark.thorough
def test_a_population_scores_as_its_members_do(monkeypatch):
    monkeypatch.setenv("LIONSEARCH_KERNEL", "1")
    runner = TaskRunner(make_spec(), LIMITS)
    programs = [SGD, load_program("adamw"), load_program("lion"), check_program("def train(w, g, lr): return g / 0")]
    machines = {machine_for(remove_dead_code(program), LIMITS) for program in programs}
    assert all(runner.trainer.interpreter(machine).has_kernel for machine in machines)
    together = runner.evaluate_population(programs, TWO)
    for one, program in zip(together, programs, strict=True):
        alone = runner.evaluate(program, TWO)
        assert one.failure == alone.failure
        assert one.failure is not None or close(one, alone)
