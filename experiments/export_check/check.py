"""Exported optimizers in the usual training loops, beside the library's own: loss curves on scikit-learn's digits.

    python experiments/export_check/check.py > experiments/export_check/output.txt

A small flax model trains with `TrainState`, in which `optax.apply_updates` is called, a small PyTorch model in a plain
loop; each once with the native optimizer and once with the exported file, imported as a user would, from the same
weights and batches. Needs flax and torch. The last line says whether every curve is as close as it should be; the exit
code is 1 if one is not.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from flax.training.train_state import TrainState
from sklearn.datasets import load_digits

from lionsearch.archive.targets import load_target
from lionsearch.export.formats import Target
from lionsearch.export.preparation import prepare
from lionsearch.export.writing import write_text

STEPS, BATCH, SEED = 300, 64, 0
SHOWN = (1, 50, 100, 200, 300)
TOLERANCE = 1e-3
"""Of the mean absolute difference of two curves, relative to the mean loss. Two runs of the same equations in float32
part slowly, because a rounding error grows; where the arithmetic is the same to the bit they do not."""


def main() -> int:
    """Print every pair of curves; return 1 if two are too far apart."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    batches = np.random.default_rng(SEED).integers(0, len(images), (STEPS, BATCH))
    data = [(images[rows], labels[rows]) for rows in batches]
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        lion, adamw = (_import(name, Target.OPTAX, folder) for name in ("lion", "adamw_debiased"))
        torch_adamw = _import("adamw_debiased", Target.TORCH, folder)
        schedule = optax.warmup_cosine_decay_schedule(0.0, 3e-3, 30, STEPS)
        good = [
            _compare("flax, lion 1e-3", _train_flax(optax.lion(1e-3, weight_decay=0.1), data),
                     _train_flax(lion.lion(1e-3, weight_decay=0.1), data)),
            _compare("flax, adamw, schedule", _train_flax(optax.adamw(schedule, weight_decay=0.01), data),
                     _train_flax(adamw.adamw_debiased(schedule, weight_decay=0.01), data)),
            _compare("torch, adamw 3e-3", _train_torch(torch.optim.AdamW, data),
                     _train_torch(torch_adamw.AdamwDebiased, data)),
        ]  # fmt: skip
        sys.path.remove(folder)
    print("all curves agree" if all(good) else "a curve differs")
    return 0 if all(good) else 1


def _import(program: str, target: Target, folder: str) -> ModuleType:
    """Write the exported file and import it."""
    name = f"exported_{program}_{target}"
    (Path(folder) / f"{name}.py").write_text(write_text(prepare(*load_target(program)), target))
    return importlib.import_module(name)


class _Classifier(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.Dense(10)(nn.relu(nn.Dense(64)(x)))


def _train_flax(transform: optax.GradientTransformation, data: list[Any]) -> np.ndarray:
    model = _Classifier()
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


def _train_torch(optimizer: Any, data: list[Any]) -> np.ndarray:
    torch.manual_seed(SEED)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    rule = optimizer(model.parameters(), lr=3e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(rule, len(data))
    losses = []
    for images, labels in data:
        rule.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(images)), torch.from_numpy(labels))
        loss.backward()
        rule.step()
        scheduler.step()
        losses.append(loss.item())
    return np.array(losses)


def _compare(label: str, native: np.ndarray, exported: np.ndarray) -> bool:
    """Print both curves; return whether they agree."""
    difference = float(np.mean(np.abs(native - exported)) / np.mean(native))
    print(label)
    print("  step     " + "".join(f"{step:>10}" for step in SHOWN))
    for name, curve in (("native", native), ("exported", exported)):
        print(f"  {name:9}" + "".join(f"{curve[step - 1]:10.5f}" for step in SHOWN))
    print(f"  mean difference {difference:.1e} of the loss, at most {TOLERANCE} wanted")
    return difference < TOLERANCE


if __name__ == "__main__":
    sys.exit(main())
