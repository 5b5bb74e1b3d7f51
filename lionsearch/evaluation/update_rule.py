"""What the training loop needs of an optimizer, and the two ways to get it from a program.

`CompiledRule` is the program as native JAX: fast to run, slow to compile, one compilation for each program.
`InterpretedRule` is compiled once and then runs any program, given as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from lionsearch.evaluation.flat_space import RowSpace
from lionsearch.evaluation.machine import FIRST_INPUT_ROW, GRADIENT_ROW, WEIGHTS_ROW, Instruction, Machine
from lionsearch.lang import INPUTS, OPERATIONS, Kind, Program
from lionsearch.semantics.execution import run_statements
from lionsearch.semantics.leaf_space import LeafSpace, leaf_shapes, zero_slot


class Rule(Protocol):
    """An update rule as the training loop sees it. `State` and `inputs` are pytrees of the rule's own choosing."""

    def start(self, params: Any) -> Any:
        """Return the state before the first step."""
        ...

    def weights(self, state: Any) -> Any:
        """Return the parameter tree that the gradient is of."""
        ...

    def measured(self, state: Any) -> Any:
        """Return the parameter tree that is measured."""
        ...

    def costs(self, state: Any) -> Any:
        """Return what was asked of training in all steps, where it is counted; else `()`."""
        ...

    def step(self, program: Any, state: Any, gradients: Any, inputs: Any, extra: Mapping[str, Any]) -> Any:
        """Return the state after one step.

        Args:
            program: what `train` was given as the program: arrays for the interpreter, nothing for the compiler.
            state: the state before.
            gradients: a tree like the parameters.
            inputs: this step's scalars.
            extra: the optional inputs that are computed in training, by name: trees like the parameters, or scalars.
        """
        ...


class CompiledState(NamedTuple):
    """Parameters, and for each slot a tuple with an array for each leaf, or a number."""

    params: Any
    slots: tuple[Any, ...]


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
        dtype = jnp.result_type(*leaves)
        shapes = leaf_shapes(leaves)
        return CompiledState(params, tuple(zero_slot(kind, shapes, jnp, dtype) for _, kind in self._program.state))

    def weights(self, state: CompiledState) -> Any:
        """Return the parameter tree."""
        return state.params

    def measured(self, state: CompiledState) -> Any:
        """Return the same."""
        return self.weights(state)

    def costs(self, state: CompiledState) -> tuple[()]:
        """Return nothing: they follow from the program's inputs."""
        return ()

    def step(
        self, program: Any, state: CompiledState, gradients: Any, inputs: Any, extra: Mapping[str, Any]
    ) -> CompiledState:
        """Return parameters and slots after one step."""
        del program
        leaves, treedef = jax.tree.flatten(state.params)
        lr, t = inputs
        values = {"w": tuple(leaves), "g": tuple(jax.tree.leaves(gradients)), "lr": lr, "t": t}
        for name, value in extra.items():
            values[name] = value if INPUTS[name].kind is Kind.SCALAR else tuple(jax.tree.leaves(value))
        values.update(zip(self._program.slots, state.slots, strict=True))
        update, slots = run_statements(self._program, LeafSpace(jnp, leaf_shapes(leaves)), values)
        params = jax.tree.unflatten(treedef, [w - u for w, u in zip(leaves, update, strict=True)])
        fitted = jax.tree.map(lambda new, old: jnp.broadcast_to(new, old.shape).astype(old.dtype), slots, state.slots)
        return CompiledState(params, fitted)


class InterpretedRule:
    """Any program within limits, given as `(instructions, length)`; `inputs` are one row of its scalars.

    The state is the register file: float32 (rows, parameters). Each instruction reads up to three rows or scalars,
    and writes one row in place. The row is written outside of the switch: XLA copies the whole register file into
    and out of a branch that writes it (5 times slower).

    Args:
        example: a parameter tree of the task, for its shapes.
        machine: what programs it can run.
    """

    def __init__(self, example: Any, machine: Machine):
        leaves, self._treedef = jax.tree.flatten(example)
        self._machine = machine
        self._space = RowSpace(leaf_shapes(leaves), machine.squares)

    def start(self, params: Any) -> jax.Array:
        """Return a register file with the parameters in the weights' row and zeros elsewhere."""
        row = self._fill(self._space.ravel(jax.tree.leaves(params)))
        return jnp.zeros((self._machine.rows, row.size), row.dtype).at[WEIGHTS_ROW].set(row)

    def weights(self, state: jax.Array) -> Any:
        """Return the weights' row as a parameter tree."""
        return jax.tree.unflatten(self._treedef, self._space.unravel(state[WEIGHTS_ROW]))

    def measured(self, state: jax.Array) -> Any:
        """Return the same."""
        return self.weights(state)

    def costs(self, state: jax.Array) -> tuple[()]:
        """Return nothing: they follow from the program's inputs."""
        return ()

    def step(
        self, program: Any, state: jax.Array, gradients: Any, inputs: jax.Array, extra: Mapping[str, Any]
    ) -> jax.Array:
        """Return the register file after one step of the program.

        The gradient is first gathered in a row of its own: XLA copies the whole register file if it writes the first
        leaf's gradient into it before the last has been computed.
        """
        state = state.at[GRADIENT_ROW].set(self._fill(self._space.ravel(jax.tree.leaves(gradients))))
        for row, name in enumerate(self._machine.inputs, FIRST_INPUT_ROW):
            state = state.at[row].set(self._fill(self._as_row(name, extra[name])))
        return self._execute(program, state, inputs)

    def _fill(self, row: jax.Array) -> jax.Array:
        """Return a row as long as those of the register file: here it is."""
        return row

    def _execute(self, program: Any, state: jax.Array, inputs: jax.Array) -> jax.Array:
        """Return the register file after all of the program's instructions."""
        instructions, length = program

        def run_instruction(index: jax.Array, registers: jax.Array) -> jax.Array:
            opcode, x, y, z, target = instructions[index]
            reads = tuple(self._reader(registers, inputs, operand) for operand in (x, y, z))
            row = lax.switch(opcode, [self._branch(each, reads) for each in self._machine.instructions])
            return lax.dynamic_update_index_in_dim(registers, row, target, 0)

        return lax.fori_loop(0, length, run_instruction, state)

    def _as_row(self, name: str, value: Any) -> jax.Array:
        if INPUTS[name].kind is Kind.SCALAR:
            return jnp.full(self._space.size, value, jnp.result_type(float))
        return self._space.ravel(jax.tree.leaves(value))

    def _reader(self, registers: jax.Array, scalars: jax.Array, operand: jax.Array) -> Callable[[], jax.Array]:
        """Return a function that reads an operand; called inside a branch, so that XLA fuses the read with its use."""
        rows = self._machine.rows

        def read() -> jax.Array:
            row = lax.dynamic_index_in_dim(registers, jnp.minimum(operand, rows - 1), 0, keepdims=False)
            return jnp.where(operand >= rows, scalars[jnp.maximum(operand - rows, 0)], row)

        return read

    def _branch(self, instruction: Instruction, reads: tuple[Callable[[], jax.Array], ...]) -> Callable[[], jax.Array]:
        name, kinds = instruction
        operation, space = OPERATIONS[name], self._space

        def branch() -> jax.Array:
            result = operation.apply(space, *(read() for read in reads[: operation.arity]), kinds=kinds)
            return jnp.broadcast_to(jnp.asarray(result, jnp.result_type(float)), (space.size,))

        return branch
