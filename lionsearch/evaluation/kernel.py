"""All of a program's statements in one kernel: a population on a GPU, each program with its own branches.

A batch of programs that XLA alone runs computes every operation for every statement and keeps one, since a branch that
differs within a batch is no branch. Here each program of a batch is a block of threads that goes through its own
statements, its rows piece by piece, and takes the one branch that the opcode names (Pallas, by way of Triton).

It is off: it equals the interpreter but for rounding where Pallas interprets it (`tests/evaluation/test_kernel.py`),
and jax 0.10 lowers it for CUDA, but no GPU has run it yet. `LIONSEARCH_KERNEL=1` turns it on, and
`benchmarks/throughput.py --population` measures both ways. Since jax 0.11 Pallas by way of Triton is deprecated:
once the kernel has shown what it is worth, it has to go by Mosaic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from lionsearch.evaluation.machine import Instruction, Machine
from lionsearch.evaluation.update_rule import InterpretedRule
from lionsearch.lang import OPERATIONS, Kind

PIECE = 1024
"""Elements of a row that a block of threads works on at once."""

_OPTIONS = {"num_warps": 8, "num_stages": 1}
"""Threads for four elements each; loops that load and store the same rows are not pipelined. Not measured yet."""

_Piece = Callable[[jax.Array], Any]
_Value = Any
"""A number, a scalar of the kernel, or a function from a piece's number to its elements."""


@dataclass(frozen=True)
class PieceSpace:
    """Values inside the kernel: a row is read piece by piece, when it is needed; a scalar is one number.

    Attributes:
        sizes: of the leaves, in order: where each leaf's elements are.
        pieces: of a row; what is behind the last leaf is never part of a sum.
    """

    sizes: tuple[int, ...]
    pieces: int

    def map(self, function: Callable[..., Any], *values: _Value) -> _Value:
        """Apply an element-wise function, when a piece of the result is asked for."""
        if not any(callable(value) for value in values):
            return function(jnp, *values)
        return lambda piece: function(jnp, *(value(piece) if callable(value) else value for value in values))

    def tree_dot(self, x: _Piece, y: _Piece) -> jax.Array:
        """Return the inner product over all leaves."""
        return self._sum(x, y, 0, sum(self.sizes))

    def tensor_dot(self, x: _Piece, y: _Piece) -> _Piece:
        """Return each leaf's inner product, in all of the leaf's elements."""
        ends = [sum(self.sizes[: index + 1]) for index in range(len(self.sizes))]
        sums = [self._sum(x, y, end - size, end) for size, end in zip(self.sizes, ends, strict=True)]

        def read(piece: jax.Array) -> jax.Array:
            places = _places(piece)
            found = jnp.full(PIECE, sums[-1])
            for end, value in reversed([*zip(ends, sums, strict=True)][:-1]):
                found = jnp.where(places < end, value, found)
            return found

        return read

    def each_tensor(self, function: Callable[..., Any], x: _Value) -> _Value:
        """Not here: no machine with a kernel has such an operation."""
        raise NotImplementedError

    def each_matrix(self, function: Callable[..., Any], kinds: Sequence[Kind], result: Kind, *values: _Value) -> _Value:
        """Not here: no machine with a kernel has such an operation."""
        raise NotImplementedError

    def _sum(self, x: _Piece, y: _Piece, start: int, end: int) -> jax.Array:
        def add(piece: jax.Array, total: jax.Array) -> jax.Array:
            places = _places(piece)
            inside = (places >= start) & (places < end)
            return total + jnp.sum(jnp.where(inside, x(piece) * y(piece), 0.0))

        return lax.fori_loop(start // PIECE, -(-end // PIECE), add, jnp.float32(0))


def _places(piece: jax.Array) -> jax.Array:
    return piece * PIECE + jnp.arange(PIECE)


class KernelRule(InterpretedRule):
    """As `InterpretedRule`, with rows that are whole pieces; batched by `vmap`, each program is a block of its own.

    Args:
        example: a parameter tree of the task, for its shapes.
        machine: what programs it can run; with `fits_kernel`.
        interpret: whether Pallas interprets the kernel, as it must on a CPU; None finds out.
    """

    def __init__(self, example: Any, machine: Machine, interpret: bool | None = None):
        super().__init__(example, machine)
        self._interpret = jax.default_backend() == "cpu" if interpret is None else interpret
        sizes = tuple(int(leaf.size) for leaf in jax.tree.leaves(example))
        self._pieces = PieceSpace(sizes, -(-sum(sizes) // PIECE))

    def _fill(self, row: jax.Array) -> jax.Array:
        """Return a row with zeros behind it, so that it is whole pieces."""
        return jnp.pad(row, (0, self._pieces.pieces * PIECE - row.size))

    def _execute(self, program: Any, state: jax.Array, inputs: jax.Array) -> jax.Array:
        """Return the register file after all of the program's instructions, in place."""
        instructions, length = program
        options: dict[str, Any] = {} if self._interpret else {"compiler_params": triton.CompilerParams(**_OPTIONS)}
        run = pl.pallas_call(
            self._run,
            out_shape=jax.ShapeDtypeStruct(state.shape, state.dtype),
            input_output_aliases={3: 0},
            interpret=self._interpret,
            **options,
        )
        return run(instructions, jnp.reshape(length, (1,)), inputs, state)

    def _run(self, instructions: Any, length: Any, scalars: Any, before: Any, registers: Any) -> None:
        """Go through the statements of one program; `registers` are `before`, which is not read."""
        del before

        def run_instruction(index: jax.Array, carry: Any) -> Any:
            opcode, x, y, z, target = (instructions[index, column] for column in range(5))
            operands = tuple(self._piece_reader(registers, scalars, operand) for operand in (x, y, z))
            branches = [self._piece_branch(each, operands, registers, target) for each in self._machine.instructions]
            _choose(opcode, branches)
            if not self._interpret:
                triton.debug_barrier()  # the next statement may read what another thread has written
            return carry

        lax.fori_loop(0, length[0], run_instruction, 0)

    def _piece_reader(self, registers: Any, scalars: Any, operand: jax.Array) -> _Piece:
        rows = self._machine.rows
        row, column = jnp.minimum(operand, rows - 1), jnp.maximum(operand - rows, 0)

        def read(piece: jax.Array) -> jax.Array:
            of_row = jnp.broadcast_to(operand < rows, (PIECE,))
            number = jnp.broadcast_to(scalars[column], (PIECE,))
            return triton.load(registers.at[row, pl.ds(piece * PIECE, PIECE)], mask=of_row, other=number)

        return read

    def _piece_branch(
        self, instruction: Instruction, operands: tuple[_Piece, ...], registers: Any, target: jax.Array
    ) -> Callable[[], None]:
        name, kinds = instruction
        operation, space = OPERATIONS[name], self._pieces

        def branch() -> None:
            # sums are made here, to the end: no thread writes before all have read, whichever row is the target
            result = operation.apply(space, *operands[: operation.arity], kinds=kinds)

            def write(piece: jax.Array, carry: Any) -> Any:
                value = result(piece) if callable(result) else result
                registers[target, pl.ds(piece * PIECE, PIECE)] = jnp.broadcast_to(jnp.float32(value), (PIECE,))
                return carry

            lax.fori_loop(0, space.pieces, write, 0)

        return branch


def _choose(number: jax.Array, branches: Sequence[Callable[[], None]]) -> None:
    """Run one of the branches, found by halves: Triton has no switch."""
    if len(branches) == 1:
        branches[0]()
        return
    half = len(branches) // 2
    lax.cond(number < half, lambda: _choose(number, branches[:half]), lambda: _choose(number - half, branches[half:]))
