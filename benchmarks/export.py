"""Exported optimizers against optax's own: time of a step, and bytes of state, on a tree of ten million parameters.

    python benchmarks/export.py                      half a minute on two cores
    python benchmarks/export.py --rounds 40

Both transformations are jitted, state and parameters donated, and timed in turns, A B A B, in one process; the ratio
is of the medians. Each pair has a control, optax against itself: its distance from 1 is what noise makes of equals.
Traffic is the ratio of the bytes that the compiled steps read and write, which does not depend on load. `adamw` has
no bias correction, `adamw_debiased` has optax's equations. The exported file is measured too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import optax

import lionsearch
from lionsearch.archive.targets import load_target
from lionsearch.export.formats import Target
from lionsearch.export.preparation import prepare
from lionsearch.export.writing import write_text

SHAPES = {"embedding": (8600, 512), "wide": (1024, 2048), "tall": (2048, 1024), "square": (1200, 1200), "bias": (2048,)}
PAIRS = {
    "lion": (optax.lion, {"b1": 0.9, "b2": 0.99, "weight_decay": 0.1}),
    "adamw": (optax.adamw, {"b1": 0.9, "b2": 0.999, "weight_decay": 0.01}),
    "adamw_debiased": (optax.adamw, {"b1": 0.9, "b2": 0.999, "weight_decay": 0.01}),
}
RATE = 1e-4


def main() -> None:
    """Print one line for each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="steps of each, after three that are not counted")
    parser.add_argument("--program", action="append", choices=PAIRS, help="repeat for several; default: all")
    arguments = parser.parse_args()
    size = sum(jnp.zeros(shape).size for shape in SHAPES.values())
    print(f"{size:,} parameters on {jax.devices()[0].device_kind}; medians of {arguments.rounds} steps, in turns")
    for name in arguments.program or PAIRS:
        native, settings = PAIRS[name]
        ours = {
            "to_optax": lionsearch.to_optax(name, RATE, **settings),
            "exported file": _from_file(name, settings),
            "optax itself": native(RATE, **settings),  # the control: how far from 1 a ratio of equals comes
        }
        for label, transform in ours.items():
            compare(f"{name}, {label}", transform, native(RATE, **settings), arguments.rounds)


def _from_file(name: str, settings: dict[str, float]) -> optax.GradientTransformation:
    """Return the transformation of the file that `lionsearch export` writes."""
    module = ModuleType(name)
    exec(write_text(prepare(*load_target(name)), Target.OPTAX), module.__dict__)
    return getattr(module, name)(RATE, **settings)


def compare(label: str, ours: optax.GradientTransformation, native: optax.GradientTransformation, rounds: int) -> None:
    """Print medians, their ratio and the bytes of state."""
    key = jax.random.key(0)
    gradients = {name: jax.random.normal(jax.random.fold_in(key, i), SHAPES[name]) for i, name in enumerate(SHAPES)}
    runs = [_Run(transform, gradients) for transform in (ours, native)]
    for _ in range(3):
        for run in runs:
            run.step()
    for run in runs:
        run.times.clear()
    for _ in range(rounds):
        for run in runs:
            run.step()
    first, second = (statistics.median(run.times) for run in runs)
    sizes = " and ".join(f"{run.bytes:,}" for run in runs)
    times = f"{1e3 * first:6.1f} ms  optax {1e3 * second:6.1f} ms  ratio {first / second:.3f}"
    traffic = runs[0].traffic / runs[1].traffic
    print(f"{label:32}  {times}  traffic {traffic:.3f}  state {sizes} bytes")


class _Run:
    """One transformation in training, with the same gradients at each step."""

    def __init__(self, transform: optax.GradientTransformation, gradients: Any):
        self.times: list[float] = []
        self._gradients = gradients
        self._params = jax.tree.map(jnp.ones_like, gradients)
        self._state = transform.init(self._params)
        self.bytes = sum(leaf.nbytes for leaf in jax.tree.leaves(self._state))

        def step(params: Any, state: Any, gradients: Any) -> tuple[Any, Any]:
            updates, state = transform.update(gradients, state, params)
            return optax.apply_updates(params, updates), state

        self._jitted = jax.jit(step, donate_argnums=(0, 1))
        cost = self._jitted.lower(self._params, self._state, gradients).compile().cost_analysis() or {}
        self.traffic = cost.get("bytes accessed", float("nan"))

    def step(self) -> None:
        """Make one step and note its time."""
        start = time.perf_counter()
        self._params, self._state = self._jitted(self._params, self._state, self._gradients)
        jax.block_until_ready(self._params)
        self.times.append(time.perf_counter() - start)


if __name__ == "__main__":
    main()
