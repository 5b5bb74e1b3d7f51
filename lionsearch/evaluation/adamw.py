"""Tuned AdamW on one task: what each seed's scores are measured against, from memory, disk, or trained with now."""

from __future__ import annotations

import hashlib
from functools import cached_property

import jax
import numpy as np

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.device import describe_device
from lionsearch.evaluation.references import Reference, ReferenceCache
from lionsearch.evaluation.trainer import Trainer
from lionsearch.lang import format_program
from lionsearch.records import Failure
from lionsearch.tasks.calling import calls_task
from lionsearch.tasks.spec import fingerprint_task


class TunedAdamw:
    """Tuned AdamW's results on the seeds of a task.

    Args:
        trainer: of the task.

    Attributes:
        program: AdamW with the task's weight decay; always the shipped one, whatever the working folder holds.
    """

    def __init__(self, trainer: Trainer):
        self.spec = trainer.spec
        adamw = load_program(str(PROGRAMS.shipped / "adamw.py"))
        self.program = adamw.with_hyperparameters({"weight_decay": self.spec.weight_decay})
        self._trainer = trainer
        self._known: dict[tuple[int, str], Reference] = {}

    @calls_task
    def reference(self, seed: int, split: str) -> Reference:
        """Return its result on a seed and a split, "validation" or "test".

        Raises:
            TaskError: if it is no better than an untrained network: the task can rank nothing.
        """
        key = (seed, split)
        if key not in self._known:
            stored = self._cache.load(self._key, seed, split, self.spec.chunks)
            if stored is None:
                stored = self._train(seed, split)
                self._cache.store(self._key, seed, split, stored)
            self._known[key] = stored
        return self._known[key]

    @cached_property
    @calls_task
    def fingerprint(self) -> str:
        """The task's fingerprint: its settings and data, this program, and what XLA runs of it."""
        trainer = self._trainer
        problem, courses = trainer.problem, trainer.courses
        prepared = trainer.prepare(self.program)
        assert not isinstance(prepared, Failure), "AdamW can be trained with"
        machine, encoded = prepared
        examples = courses.examples("validation")
        training = trainer.interpreter(machine).describe(encoded, courses.of_seed(0), examples, trainer.never)
        code = [*trainer.objective.describe(), format_program(self.program), training]
        splits = (problem.train, problem.validation, problem.test)
        return fingerprint_task(self.spec, [np.asarray(leaf) for leaf in jax.tree.leaves(splits)], code)

    @cached_property
    def _key(self) -> str:
        """What a reference is stored under: the fingerprint, and initial weights of which that has only the recipe."""
        problem = self._trainer.problem
        if not problem.recipe:
            return self.fingerprint
        digest = hashlib.blake2b(digest_size=8)
        for leaf in jax.tree.leaves(problem.init(jax.random.key(0))):
            digest.update(np.ascontiguousarray(leaf).tobytes())
        return f"{self.fingerprint}-{digest.hexdigest()}"

    @cached_property
    def _cache(self) -> ReferenceCache:
        return ReferenceCache(describe_device())

    def _train(self, seed: int, split: str) -> Reference:
        run = self._trainer.ready(self.program)
        assert not isinstance(run, Failure), "AdamW can be trained with"
        outcome = run(seed, split, self._trainer.never)
        chance, probe_chance = self._trainer.chance(seed, split), self._trainer.chance(seed, "probe")
        loss = float(outcome.loss)
        if not np.isfinite([chance, probe_chance]).all():
            raise TaskError(
                f"task {self.spec.name!r}: the loss of an untrained network is {chance:.4g}, which is no number to"
                " start from: look at the task's loss function and data"
            )
        if not loss < chance:
            raise TaskError(
                f"task {self.spec.name!r}: tuned AdamW ends at a loss of {loss:.4g}, no better than the untrained "
                f"network's {chance:.4g}; {self.spec.tuning}"
            )
        return Reference(chance, loss, probe_chance, tuple(float(value) for value in outcome.curve))
