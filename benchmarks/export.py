"""Exported optimizers against optax's and PyTorch's own: time of a step on a tree of ten million parameters.

    python benchmarks/export.py                      some minutes on two cores
    python benchmarks/export.py --library optax --program lion --rounds 100

What is compared is the file that `lionsearch export` writes, run from memory. Both are timed in turns, A B A B, in one
process; the ratio is of the medians. A control, the native optimizer against itself, shows what noise makes of equals.
optax: both are jitted, state and parameters donated; traffic is the ratio of the bytes that the compiled steps read and
write, which does not depend on load, and the bytes of state are given. PyTorch: eager, where its own takes all
parameters at once (`foreach`) if it can, and compiled. `adamw` has bias correction, as in both libraries.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from natives import NATIVES, Native, make_torch

import lionsearch

SHAPES = {"embedding": (8600, 512), "wide": (1024, 2048), "tall": (2048, 1024), "square": (1200, 1200), "bias": (2048,)}
DEFAULT = ("momentum", "adam", "adamw", "lion")
WARM_UP = 3


def main() -> None:
    """Print one line for each pair."""
    names = [native.name for native in NATIVES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="steps of each, after three that are not counted")
    parser.add_argument("--program", action="append", choices=names, help="repeat for several")
    parser.add_argument("--library", choices=("optax", "torch"), help="default: both")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: expected at least 1")
    chosen = [native for native in NATIVES if native.name in (arguments.program or DEFAULT)]
    size = sum(jnp.zeros(shape).size for shape in SHAPES.values())
    print(f"{size:,} parameters on {jax.devices()[0].device_kind}; medians of {arguments.rounds} steps, in turns")
    if arguments.library != "torch":
        compare_optax(chosen, arguments.rounds)
    if arguments.library != "optax":
        compare_torch(chosen, arguments.rounds)


def compare_optax(natives: list[Native], rounds: int) -> None:
    """Print a line for each optimizer, and the control."""
    pairs: list[tuple[str, optax.GradientTransformation, Native]] = [
        (each.name, lionsearch.to_optax(each.program, each.rate, **each.given), each) for each in natives
    ]
    pairs.append((f"{natives[-1].name}, control", natives[-1].optax(natives[-1].rate), natives[-1]))
    for name, ours, each in pairs:
        native = each.optax(each.rate)
        runs = [_Run(transform) for transform in (ours, native)]
        traffic = runs[0].traffic / runs[1].traffic
        sizes = " and ".join(f"{run.bytes:,}" for run in runs)
        line = _compare(runs[0].step, runs[1].step, rounds)
        print(f"optax {name:24}  {line}  traffic {traffic:.3f}  state {sizes} bytes", flush=True)


def compare_torch(natives: list[Native], rounds: int) -> None:
    """Print a line for each optimizer, eager and compiled, and the control."""
    import torch

    pairs = [(each.name, each, _make_exported) for each in natives]
    pairs.append((f"{natives[-1].name}, control", natives[-1], make_torch))
    for name, native, make in pairs:
        for compiled in (False, True):
            torch._dynamo.reset()  # it compiles one function only so often
            ours, theirs = (_torch_step(native, each, compiled) for each in (make, make_torch))
            line = _compare(ours, theirs, rounds)
            print(f"torch {name:14} {'compiled' if compiled else 'eager':9}  {line}", flush=True)


def _compare(ours: Callable[[], None], native: Callable[[], None], rounds: int) -> str:
    """Return the medians of two steps, and their ratio."""
    times: list[list[float]] = [[], []]
    for _ in range(WARM_UP + rounds):
        for step, kept in zip((ours, native), times, strict=True):
            start = time.perf_counter()
            step()
            kept.append(time.perf_counter() - start)
    first, second = (statistics.median(kept[WARM_UP:]) for kept in times)
    return f"{1e3 * first:6.1f} ms  native {1e3 * second:6.1f} ms  ratio {first / second:.3f}"


class _Run:
    """One transformation in training, with the same gradients at each step."""

    def __init__(self, transform: optax.GradientTransformation):
        key = jax.random.key(0)
        gradients = {name: jax.random.normal(jax.random.fold_in(key, i), SHAPES[name]) for i, name in enumerate(SHAPES)}
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
        """Make one step, and wait for it."""
        self._params, self._state = self._jitted(self._params, self._state, self._gradients)
        jax.block_until_ready(self._params)


def _make_exported(native: Native, params: Any) -> Any:
    return lionsearch.to_torch(native.torch_program)(params, lr=native.rate, **native.given)


def _torch_step(native: Native, make: Callable[..., Any], compiled: bool) -> Callable[[], None]:
    """Return what makes one step of an optimizer, with the same gradients each time."""
    import torch

    torch.manual_seed(0)
    params = [torch.nn.Parameter(torch.ones(shape)) for shape in SHAPES.values()]
    for param in params:
        param.grad = torch.randn_like(param)
    foreach = make is make_torch and native.torch.startswith("torch.")
    optimizer = make(native, params, **({"foreach": True} if foreach else {}))
    return torch.compile(lambda: optimizer.step()) if compiled else optimizer.step


if __name__ == "__main__":
    main()
