import pytest
from reports.made_runs import make_run
from workers.tiny_project import write_project

from lionsearch.catalog import load_program
from lionsearch.errors import TaskError
from lionsearch.reports.curves import draw_curves, train_along
from lionsearch.tasks.spec import load_task


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    return load_task("linear")


def test_a_curve_has_the_loss_after_each_chunk(spec):
    found = train_along(spec, load_program("momentum").with_hyperparameters({"lr_scale": 1e-5}))
    assert list(found) == ["the best", "AdamW, tuned", "Lion, as shipped"]
    for points in found.values():
        assert [step for step, _ in points] == [
            spec.steps // spec.chunks * number for number in range(1, spec.chunks + 1)
        ]
    losses = [loss for _, loss in found["AdamW, tuned"]]
    assert losses[-1] < losses[0]


def with_spec(run, spec, monkeypatch):
    """Have a run be one on this task."""
    config = run.config.model_copy(update={"specs": (spec,)})
    monkeypatch.setattr(type(run), "config", property(lambda self: config))
    return run


def test_each_task_has_a_chart(spec, tmp_path, monkeypatch):
    run = with_spec(make_run(tmp_path / "run"), spec, monkeypatch)
    [chart] = draw_curves(run, "run0-")
    assert chart.title == "Learning curves on linear"
    assert "the best " in chart.text
    assert "Lion, as shipped" in chart.svg


def test_a_curve_ends_where_the_loss_is_no_number(spec):
    wild = load_program("sgd").with_hyperparameters({"lr_scale": 1e30})
    assert len(train_along(spec, wild)["the best"]) < spec.chunks


def test_code_that_a_run_folder_may_not_name_is_not_run(spec, tmp_path, monkeypatch):
    stranger = spec.model_copy(update={"factory": "jax.numpy:zeros"})
    run = with_spec(make_run(tmp_path / "run"), stranger, monkeypatch)
    with pytest.raises(TaskError, match=r"run/config\.json: task 'linear' would call function 'zeros'"):
        draw_curves(run, "run0-")


def test_a_run_without_a_best_has_none(tmp_path):
    assert draw_curves(make_run(tmp_path / "run", 0, ended=False), "run0-") == ()
