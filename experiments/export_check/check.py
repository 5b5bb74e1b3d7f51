"""Exported optimizers in the usual training loops, beside the library's own: loss curves on scikit-learn's digits.

    python experiments/export_check/check.py > experiments/export_check/output.txt

A small flax model trains with `TrainState`, in which `optax.apply_updates` is called, a small PyTorch model in a plain
loop; each once with the native optimizer and once with the exported file, imported as a user would, from the same
weights and batches, under a schedule with warm-up. Both with weights of float32, and with weights, gradients and state
of bfloat16. Needs flax, torch and lion-pytorch, and some minutes. The last line says whether every curve is as close as
it should be; the exit code is 1 if one is not.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from flax.training.train_state import TrainState
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from natives import NATIVES, Native, make_torch

from lionsearch.archive.targets import load_target
from lionsearch.exports.formats import Target
from lionsearch.exports.preparation import prepare
from lionsearch.exports.writing import write_text

STEPS, BATCH, SEED, WARM_UP = 300, 64, 0, 30
SHOWN = (1, 50, 100, 200, 300)
TOLERANCE = {"float32": 1e-3, "bfloat16": 1e-1}
"""Of the mean absolute difference of two curves, relative to the mean loss. Two runs of the same equations in float32
part slowly, because a rounding error grows; in bfloat16 an exported file computes in float32 and rounds once, where the
libraries round after each operation."""


def main() -> int:
    """Print every pair of curves; return 1 if two are too far apart."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    batches = np.random.default_rng(SEED).integers(0, len(images), (STEPS, BATCH))
    data = [(images[rows], labels[rows]) for rows in batches]
    good = []
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        print("loss at step" + " " * 29 + "".join(f"{step:>9}" for step in SHOWN) + "   difference of the mean")
        for native in NATIVES:
            for dtype in TOLERANCE:
                good.append(_compare_optax(native, dtype, data, folder))
                good.append(_compare_torch(native, dtype, data, folder))
        sys.path.remove(folder)
    print(f"{sum(good)} of {len(good)} pairs of curves agree, to {TOLERANCE}")
    return 0 if all(good) else 1


def _compare_optax(native: Native, dtype: str, data: list[Any], folder: str) -> bool:
    schedule = optax.warmup_cosine_decay_schedule(0.0, native.rate, WARM_UP, STEPS)
    exported = _import(native.program, Target.OPTAX, folder)(schedule, **native.given)
    curves = [_train_flax(transform, jnp.dtype(dtype), data) for transform in (native.optax(schedule), exported)]
    return _compare(f"{native.name}, optax, {dtype}", curves, TOLERANCE[dtype])


def _compare_torch(native: Native, dtype: str, data: list[Any], folder: str) -> bool:
    made = _import(native.torch_program, Target.TORCH, folder)

    def make_exported(params: Any) -> Any:
        return made(params, lr=native.rate, **native.given)

    makers = (lambda params: make_torch(native, params), make_exported)
    curves = [_train_torch(make, getattr(torch, dtype), data) for make in makers]
    return _compare(f"{native.name}, torch, {dtype}", curves, TOLERANCE[dtype])


def _import(program: str, target: Target, folder: str) -> Any:
    """Write the exported file and import it; return its function or class."""
    prepared = prepare(*load_target(program))
    name = f"exported_{program}_{target}"
    (Path(folder) / f"{name}.py").write_text(write_text(prepared, target))
    importlib.invalidate_caches()
    return getattr(importlib.import_module(name), prepared.name if target is Target.OPTAX else prepared.class_name)


class _Classifier(nn.Module):
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        hidden = nn.relu(nn.Dense(64, dtype=self.dtype, param_dtype=self.dtype)(x.astype(self.dtype)))
        return nn.Dense(10, dtype=self.dtype, param_dtype=self.dtype)(hidden).astype(jnp.float32)


def _train_flax(transform: optax.GradientTransformation, dtype: Any, data: list[Any]) -> np.ndarray:
    model = _Classifier(dtype)
    params = model.init(jax.random.key(SEED), data[0][0])
    state = TrainState.create(apply_fn=model.apply, params=params, tx=transform)

    @jax.jit
    def step(state: TrainState, images: jax.Array, labels: jax.Array) -> tuple[TrainState, jax.Array]:
        def loss(params: Any) -> jax.Array:
            logits = state.apply_fn(params, images)
            return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels))

        value, gradients = jax.value_and_grad(loss)(state.params)
        return state.apply_gradients(grads=gradients), value

    losses = []
    for images, labels in data:
        state, value = step(state, images, labels)
        losses.append(float(value))
    return np.array(losses)


def _train_torch(make: Callable[[Any], Any], dtype: Any, data: list[Any]) -> np.ndarray:
    torch.manual_seed(SEED)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)).to(dtype)
    rule = make(model.parameters())
    warm_up = torch.optim.lr_scheduler.LinearLR(rule, 1 / WARM_UP, total_iters=WARM_UP)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(rule, STEPS - WARM_UP)
    scheduler = torch.optim.lr_scheduler.SequentialLR(rule, [warm_up, decay], [WARM_UP])
    losses = []
    for images, labels in data:
        rule.zero_grad()
        logits = model(torch.from_numpy(images).to(dtype)).float()
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
        loss.backward()
        rule.step()
        scheduler.step()
        losses.append(loss.item())
    return np.array(losses)


def _compare(label: str, curves: list[np.ndarray], tolerance: float) -> bool:
    """Print both curves; return whether they agree."""
    native, exported = curves
    difference = float(np.mean(np.abs(native - exported)) / np.mean(native))
    agree = difference < tolerance
    for name, curve in (("native", native), ("exported", exported)):
        shown = "".join(f"{curve[step - 1]:9.5f}" for step in SHOWN)
        end = f"   {difference:.1e}{'' if agree else '  TOO FAR'}" if name == "exported" else ""
        print(f"{label:31} {name:8} {shown}{end}", flush=True)
    return agree


if __name__ == "__main__":
    sys.exit(main())
