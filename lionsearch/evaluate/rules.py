"""What the training loop needs of an optimizer, and the two ways to get it from a program.

`CompiledRule` is the program as native JAX: fast to run, slow to compile, one compilation for each program.
`InterpretedRule` is compiled once and then runs any program, given as arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.evaluate.encoding import GRADIENT_ROW, WEIGHTS_ROW
from lionsearch.evaluate.execution import run_statements
from lionsearch.evaluate.plan import Limits
from lionsearch.evaluate.spaces import LeafSpace, RowSpace, leaf_sizes
from lionsearch.lang import OPERATIONS, Program


class Rule(Protocol):
    """An update rule as the training loop sees it. `State` and `inputs` are pytrees of the rule's own choosing."""

    def start(self, params: Any) -> Any:
        """Return the state before the first step."""
        ...

    def weights(self, state: Any) -> Any:
        """Return the parameter tree."""
        ...

    def step(self, program: Any, state: Any, gradients: Any, inputs: Any) -> Any:
        """Return the state after one step.

        Args:
            program: what `train` was given as the program: arrays for the interpreter, nothing for the compiler.
            state: the state before.
            gradients: a tree like the parameters.
            inputs: this step's scalars.
        """
        ...


class CompiledState(NamedTuple):
    """Parameters, and for each slot a tuple of leaves."""

    params: Any
    slots: tuple[tuple[jax.Array, ...], ...]


class CompiledRule:
    """One program as native JAX; `inputs` are `(lr, t)`.

    Args:
        program: any valid program.
    """

    def __init__(self, program: Program):
        self._program = program

    def start(self, params: Any) -> CompiledState:
        """Return the parameters and zero slots."""
        leaves = jax.tree.leaves(params)
        return CompiledState(params, tuple(tuple(jnp.zeros_like(x) for x in leaves) for _ in self._program.slots))

    def weights(self, state: CompiledState) -> Any:
        """Return the parameter tree."""
        return state.params

    def step(self, program: Any, state: CompiledState, gradients: Any, inputs: Any) -> CompiledState:
        """Return parameters and slots after one step."""
        del program
        leaves, treedef = jax.tree.flatten(state.params)
        lr, t = inputs
        values = {"w": tuple(leaves), "g": tuple(jax.tree.leaves(gradients)), "lr": lr, "t": t}
        values.update(zip(self._program.slots, state.slots, strict=True))
        update, slots = run_statements(self._program, LeafSpace(jnp), values)
        params = jax.tree.unflatten(treedef, [w - u for w, u in zip(leaves, update, strict=True)])
        return CompiledState(params, slots)


class InterpretedRule:
    """Any program within limits, given as `(instructions, length)`; `inputs` are one row of its scalars.

    The state is the register file: float32 (rows, parameters). Each instruction reads up to three rows or scalars,
    and writes one row in place. The row is written outside of the switch: XLA copies the whole register file into
    and out of a branch that writes it (5 times slower).

    Args:
        example: a parameter tree of the task, for its shapes.
        limits: the room for programs.
    """

    def __init__(self, example: Any, limits: Limits):
        leaves, self._treedef = jax.tree.flatten(example)
        self._shapes = tuple(jnp.shape(leaf) for leaf in leaves)
        self._limits = limits
        self._space = RowSpace(leaf_sizes(leaves))

    def start(self, params: Any) -> jax.Array:
        """Return a register file with the parameters in the weights' row and zeros elsewhere."""
        row = self._ravel(params)
        return jnp.zeros((self._limits.rows, row.size), row.dtype).at[WEIGHTS_ROW].set(row)

    def weights(self, state: jax.Array) -> Any:
        """Return the weights' row as a parameter tree."""
        row, parts = state[WEIGHTS_ROW], zip(self._space.bounds, self._shapes, strict=True)
        return jax.tree.unflatten(self._treedef, [row[slice(*bounds)].reshape(shape) for bounds, shape in parts])

    def step(self, program: Any, state: jax.Array, gradients: Any, inputs: jax.Array) -> jax.Array:
        """Return the register file after one step of the program."""
        instructions, length = program
        state = state.at[GRADIENT_ROW].set(self._ravel(gradients))

        def run_instruction(index: jax.Array, registers: jax.Array) -> jax.Array:
            opcode, x, y, z, target = instructions[index]
            reads = tuple(self._reader(registers, inputs, operand) for operand in (x, y, z))
            row = lax.switch(opcode, [self._branch(name, reads) for name in OPERATIONS])
            return lax.dynamic_update_index_in_dim(registers, row, target, 0)

        return lax.fori_loop(0, length, run_instruction, state)

    def _reader(self, registers: jax.Array, scalars: jax.Array, operand: jax.Array) -> Callable[[], jax.Array]:
        """Return a function that reads an operand; called inside a branch, so that XLA fuses the read with its use."""
        rows = self._limits.rows

        def read() -> jax.Array:
            row = lax.dynamic_index_in_dim(registers, jnp.minimum(operand, rows - 1), 0, keepdims=False)
            return jnp.where(operand >= rows, scalars[jnp.maximum(operand - rows, 0)], row)

        return read

    def _branch(self, name: str, reads: tuple[Callable[[], jax.Array], ...]) -> Callable[[], jax.Array]:
        operation, space = OPERATIONS[name], self._space

        def branch() -> jax.Array:
            result = operation.apply(space, *(read() for read in reads[: operation.arity]))
            return jnp.broadcast_to(jnp.asarray(result, jnp.result_type(float)), (space.size,))

        return branch

    def _ravel(self, tree: Any) -> jax.Array:
        """Return the tree as one row.

        Leaf by leaf into the row: XLA's loop over a concatenation reads, masked, behind the ends of its parts, which
        costs 40 µs a step wherever no memory is mapped there. And into a row of its own: XLA copies the whole
        register file if it writes the first leaf's gradient before the last has been computed.
        """
        row = jnp.zeros(self._space.size, jnp.result_type(float))
        for (start, _), leaf in zip(self._space.bounds, jax.tree.leaves(tree), strict=True):
            row = lax.dynamic_update_slice(row, jnp.ravel(leaf), (start,))
        return row
