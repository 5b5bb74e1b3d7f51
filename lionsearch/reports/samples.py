"""Images that trained networks draw, as a chart: a row for each program."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lionsearch.reports.charts import Chart
from lionsearch.reports.drawing import finish, start

_IN_A_ROW = 12


def chart_samples(task: str, drawn: Mapping[str, np.ndarray | None], name: str) -> Chart:
    """Return what networks draw that were trained on a task.

    Args:
        task: its name.
        drawn: for each program's name images (count, height, width) from 0 to 1; None where training failed.
        name: of the picture, which no other on the page has.
    """
    rows = {label: images[:_IN_A_ROW] for label, images in drawn.items() if images is not None}
    figure, axes = start("", "", (7.2, 0.75 * max(len(rows), 1) + 0.2))
    if rows:
        height = next(iter(rows.values())).shape[1]
        wall = np.concatenate([_lay_out(images) for images in rows.values()])
        axes.imshow(wall, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_yticks([(height + 1) * row + height / 2 for row in range(len(rows))], list(rows))
    axes.set_xticks([])
    axes.grid(visible=False)
    failed = [label for label, images in drawn.items() if images is None]
    note = f"No images where training failed: {'; '.join(failed)}." if failed else ""
    text = "Training failed."
    if rows:
        text = f"A row for each program ({'; '.join(rows)}), trained with the same seed; all draw from the same noise."
    return Chart(finish(figure, name), f"What is drawn after training on {task}", text, note)


def _lay_out(images: np.ndarray) -> np.ndarray:
    """Return images side by side, with a grey line around each."""
    framed = np.pad(images, ((0, 0), (0, 1), (0, 1)), constant_values=0.5)
    return np.concatenate(list(framed), axis=1)
