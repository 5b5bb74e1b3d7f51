"""Lion and AdamW over batch sizes from 8 to 1,024, each tuned at each, for the same number of examples.

    python experiments/lion_vs_adamw/batch_sizes.py

Trainings are kept in `batch_sizes/`, with the table and `losses.svg`; after an interrupt the same command goes on.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl

import lionsearch as ls
from lionsearch.tasks.spec import TaskSpec, load_task

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "lionsearch"  # else each file has other names inside
from matplotlib import pyplot as plt

FOLDER = Path(os.path.relpath(Path(__file__).parent)) / "batch_sizes"
BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)
TASK = "fashion_mlp"
LABELS = {"adamw_debiased": "AdamW", "lion": "Lion"}


def with_batch(spec: TaskSpec, batch: int) -> TaskSpec:
    """Return the task with another batch and as many examples; the rate that tuning begins at grows as its root."""
    steps = round(spec.steps * spec.batch / batch / spec.chunks) * spec.chunks
    return spec.model_copy(
        update={
            "name": f"{spec.name}_batch_{batch}",
            "batch": batch,
            "steps": steps,
            "warmup": round(steps * spec.warmup / spec.steps),
            "learning_rate": float(f"{spec.learning_rate * (batch / spec.batch) ** 0.5:.3g}"),
        }
    )


def plot(comparison: ls.Comparison) -> None:
    """Draw the test loss against the batch size."""
    figure, axes = plt.subplots(figsize=(5, 3.2))
    for standing in comparison.standings:
        losses = zip(BATCHES, (task.loss for task in standing.tasks.values()), strict=True)
        points = [(batch, loss.mean, loss.interval) for batch, loss in losses if loss is not None]
        batches, means, widths = (list(each) for each in zip(*points, strict=True))
        axes.errorbar(batches, means, widths, marker="o", ms=4, capsize=3, label=LABELS[standing.contestant])
    axes.set_xscale("log", base=2)
    axes.set_xticks(BATCHES, [str(batch) for batch in BATCHES])
    axes.set_xlabel("batch size, for the same number of examples")
    axes.set_ylabel("test loss")
    axes.legend()
    figure.tight_layout()
    figure.savefig(FOLDER / "losses.svg", metadata={"Date": None})


def main() -> None:
    """Compare, and draw."""
    tasks = [with_batch(load_task(TASK), batch) for batch in BATCHES]
    found = ls.compare("lion", tasks, points=12, tune_seeds=1, seeds=5, output=FOLDER)
    print(found)
    plot(found)


if __name__ == "__main__":
    main()
