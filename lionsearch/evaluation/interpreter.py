"""One machine, compiled for one task: trains with any program that the machine can run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from lionsearch.evaluation.device import wants_kernel
from lionsearch.evaluation.encoding import EncodedProgram
from lionsearch.evaluation.machine import Machine
from lionsearch.evaluation.training import Course, Outcome, build_trainer
from lionsearch.evaluation.update_rule import InterpretedRule
from lionsearch.tasks.problem import Problem


class Interpreter:
    """Compiled at the first training, and at the first with each size of a batch of programs.

    Args:
        problem: the task's model and loss.
        example: a parameter tree, for its shapes.
        machine: what programs it can run.
        kernel: whether `train_many` is to go by `kernel.py`; None asks the environment.

    Attributes:
        machine: as given.
        has_kernel: whether it does: where the kernel has the machine's operations, and not on a TPU.
    """

    def __init__(self, problem: Problem, example: Any, machine: Machine, kernel: bool | None = None):
        self.machine = machine
        asked = wants_kernel() if kernel is None else kernel
        self.has_kernel = asked and machine.fits_kernel and jax.default_backend() != "tpu"
        train = many = build_trainer(problem, InterpretedRule(example, machine), machine.inputs)
        self._train = jax.jit(train)
        if self.has_kernel:
            from lionsearch.evaluation.kernel import KernelRule  # here, because Pallas takes long to load

            many = build_trainer(problem, KernelRule(example, machine), machine.inputs)
        lengths = 0 if self.has_kernel else None
        self._train_many = jax.jit(jax.vmap(many, in_axes=((0, lengths), None, None, 0, None, None, None, None)))

    def train(self, encoded: EncodedProgram, course: Course, data: Sequence[Any], limits: np.ndarray) -> Outcome:
        """Train with one program.

        Args:
            encoded: for this machine.
            course: the seed's weights and batches.
            data: training examples, probe, and the examples that the final loss is measured on.
            limits: (chunks,), the loss on the probe above which training ends.
        """
        return jax.device_get(self._train(*_arguments(encoded, course, data, limits)))

    def describe(self, encoded: EncodedProgram, course: Course, data: Sequence[Any], limits: np.ndarray) -> str:
        """Return what XLA compiles for `train` with these arguments, as text, with the meaning of all operations."""
        return self._train.lower(*_arguments(encoded, course, data, limits)).as_text()

    def train_many(
        self, encoded: Sequence[EncodedProgram], course: Course, data: Sequence[Any], limits: np.ndarray
    ) -> Outcome:
        """Train with all programs at once, as a batch that is filled up with copies of the first.

        They share how their inputs are computed: a period that differs within a batch would be computed at every step.
        But in the kernel, all run as many instructions as the longest: with lengths of their own, each instruction
        would copy all rows.
        """
        filled = [*encoded, *[encoded[0]] * (batch_size(len(encoded)) - len(encoded))]
        chunks = course.batches.shape[:2]
        scalars = np.stack([e.scalars.reshape(*chunks, -1) for e in filled])
        lengths = np.stack([e.length for e in filled])
        program = (np.stack([e.instructions for e in filled]), lengths if self.has_kernel else lengths.max())
        return jax.device_get(self._train_many(program, encoded[0].settings, course, scalars, *data, limits))


def _arguments(encoded: EncodedProgram, course: Course, data: Sequence[Any], limits: np.ndarray) -> tuple[Any, ...]:
    scalars = encoded.scalars.reshape(*course.batches.shape[:2], -1)
    return (encoded.instructions, encoded.length), encoded.settings, course, scalars, *data, limits


def batch_size(count: int) -> int:
    """Return the size of the batch for so many programs: a power of four, so that few are ever compiled.

    >>> [batch_size(count) for count in (1, 2, 4, 5, 16, 17, 256)]
    [1, 4, 4, 16, 16, 64, 256]
    """
    return 4 ** (((count - 1).bit_length() + 1) // 2)
