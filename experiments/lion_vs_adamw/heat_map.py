"""The loss of Lion and AdamW over learning rates and weight decays.

    python experiments/lion_vs_adamw/heat_map.py

Trainings are kept in `heat_map/`, with the pictures; after an interrupt the same command goes on.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import matplotlib as mpl
import numpy as np

from lionsearch.api.comparison_api import enlist, open_laboratory
from lionsearch.comparison.contestant import Contestant
from lionsearch.comparison.procedure import Procedure
from lionsearch.tasks.spec import load_task
from lionsearch.workers import Placement

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "lionsearch"  # else each file has other names inside
from matplotlib import pyplot as plt

FOLDER = Path(os.path.relpath(Path(__file__).parent)) / "heat_map"
TASK = "fashion_small_mixer"
FACTORS = tuple(2.0**power for power in range(-4, 6))
DECAYS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
LABELS = {"adamw_debiased": "AdamW", "lion": "Lion"}


def measure(contestant: Contestant) -> Procedure[np.ndarray]:
    """Return validation losses by decay and rate, inf where training fails."""
    trials = [
        contestant.trial(TASK, factor, decay, 0, "validation") for decay, factor in itertools.product(DECAYS, FACTORS)
    ]
    losses = [np.inf if each.loss is None else each.loss for each in (yield trials)]
    return np.reshape(losses, (len(DECAYS), len(FACTORS)))


def plot(losses: dict[str, np.ndarray], rates: dict[str, list[float]]) -> None:
    """Draw a map for each, in the same colours, with the best marked."""
    figure, axes = plt.subplots(1, len(losses), figsize=(10, 3.6), sharey=True)
    low = min(each.min() for each in losses.values())
    for axis, (name, found) in zip(axes, losses.items(), strict=True):
        axis.imshow(np.clip(found, low, 2 * low), aspect="auto", cmap="viridis_r", vmin=low, vmax=2 * low)
        row, column = np.unravel_index(np.argmin(found), found.shape)
        for place in itertools.product(range(len(DECAYS)), range(len(FACTORS))):
            loss = found[place]
            weight = "bold" if place == (row, column) else "normal"
            color = "black" if loss < 1.4 * low else "white"
            text = f"{loss:.2f}" if np.isfinite(loss) else "-"
            axis.text(*place[::-1], text, ha="center", va="center", fontsize=6.5, color=color, fontweight=weight)
        axis.set_title(f"{LABELS[name]}: validation loss on {TASK}", fontsize=9)
        axis.set_xticks(range(len(FACTORS)), [f"{rate:.1e}" for rate in rates[name]], fontsize=6, rotation=45)
        axis.set_yticks(range(len(DECAYS)), [f"{decay:g}" for decay in DECAYS], fontsize=7)
        axis.set_xlabel("learning rate", fontsize=8)
    axes[0].set_ylabel("weight decay", fontsize=8)
    figure.tight_layout()
    figure.savefig(FOLDER / "heat_map.svg", metadata={"Date": None})


def main() -> None:
    """Train at every point, draw, and say how wide the good region is."""
    spec, contestants = load_task(TASK), enlist("lion")
    with open_laboratory(FOLDER, [spec], Placement(0, None, None), True) as laboratory:
        found = laboratory.run([measure(each) for each in contestants])
    losses = {each.name: loss for each, loss in zip(contestants, found, strict=True)}
    rates = {each.name: [each.learning_rate(spec, factor) or 0.0 for factor in FACTORS] for each in contestants}
    plot(losses, rates)
    for name, each in losses.items():
        row, column = np.unravel_index(np.argmin(each), each.shape)
        best = each.min()
        near = {share: int((each <= (1 + share) * best).sum()) for share in (0.02, 0.05, 0.1)}
        print(
            f"{LABELS[name]}: best {best:.4f} at learning rate {rates[name][column]:.3g}, weight decay {DECAYS[row]:g};"
            f" of {each.size} points within 2, 5 and 10 % of it: {', '.join(map(str, near.values()))}"
        )


if __name__ == "__main__":
    main()
