from lionsearch.tasks.listing import COLUMNS, STAGES, describe_task, stage_order, task_cells
from lionsearch.tasks.spec import Measured, TaskSpec

PLAIN = TaskSpec(
    name="plain", description="a line", factory="m:f", steps=10, batch=2, warmup=1, learning_rate=0.1, weight_decay=0.0
)
MEASURED = Measured(
    parameters=12, seconds=1.234, adamw=0.12345, adamw_interval=0.00678, lion_score=0.0, lion_score_interval=0.011
)


def test_what_was_not_measured_is_a_dash():
    assert task_cells(describe_task(PLAIN)) == ("plain", "proxy", None, 10, 2, None, "-", "-", "-", "a line")


def test_a_mean_is_shown_with_its_interval():
    row = describe_task(PLAIN.model_copy(update={"stage": "target", "measured": MEASURED}))
    assert row["measured"]["parameters"] == 12
    cells = dict(zip(COLUMNS, task_cells(row), strict=True))
    assert (cells["stage"], cells["parameters"], cells["seconds"]) == ("target", 12, "1.2")
    assert (cells["tuned AdamW"], cells["tuned Lion"], cells["score"]) == ("0.1235 ±0.0068", "-", "+0.000 ±0.011")


def test_the_cheapest_stage_comes_first():
    rows = [describe_task(PLAIN.model_copy(update={"name": name, "stage": name})) for name in sorted(STAGES)]
    assert [row["name"] for row in sorted(rows, key=stage_order)] == list(STAGES)
