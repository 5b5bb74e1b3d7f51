import numpy as np
import pytest
from reports.made_runs import make_run
from workers.tiny_project import write_project

from lionsearch.catalog import load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.trainer import Trainer
from lionsearch.reports.curves import Along, draw_curves
from lionsearch.tasks.spec import load_task


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    return load_task("linear")


def test_a_curve_has_the_loss_after_each_chunk(spec):
    found = Along(spec, load_program("momentum").with_hyperparameters({"lr_scale": 1e-5})).curves()
    assert list(found) == ["the best", "AdamW, tuned", "Lion, as shipped"]
    for points in found.values():
        assert [step for step, _ in points] == [
            spec.steps // spec.chunks * number for number in range(1, spec.chunks + 1)
        ]
    losses = [loss for _, loss in found["AdamW, tuned"]]
    assert losses[-1] < losses[0]


def with_spec(run, spec, monkeypatch, *meta_specs):
    """Have a run be one on this task, and perhaps with others in its meta-validation."""
    config = run.config.model_copy(update={"specs": (spec,), "meta_specs": meta_specs})
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
    assert len(Along(spec, wild).curves()["the best"]) < spec.chunks


def test_code_that_a_run_folder_may_not_name_is_not_run(spec, tmp_path, monkeypatch):
    stranger = spec.model_copy(update={"factory": "jax.numpy:zeros"})
    run = with_spec(make_run(tmp_path / "run"), stranger, monkeypatch)
    with pytest.raises(TaskError, match=r"run/config\.json: task 'linear' would call function 'zeros'"):
        draw_curves(run, "run0-")


def test_a_run_without_a_best_has_none(tmp_path):
    assert draw_curves(make_run(tmp_path / "run", 0, ended=False), "run0-") == ()


@pytest.fixture
def small():
    """A denoising task of a few steps."""
    settings = {"steps": 50, "warmup": 5, "options": {"width": 8, "layers": 1}}
    return load_task("digits_diffusion").model_copy(update=settings)


@pytest.mark.thorough
def test_a_task_that_draws_has_a_picture_too(spec, small, tmp_path, monkeypatch):
    monkeypatch.setattr(Trainer, "draw", lambda trainer, program, seed: np.full((2, 8, 8), len(program.slots) / 2))
    run = with_spec(make_run(tmp_path / "run"), spec, monkeypatch, small)
    curve, of_meta, drawn = draw_curves(run, "run0-")
    assert [each.title for each in (curve, of_meta)] == [f"Learning curves on {x}" for x in ("linear", small.name)]
    assert drawn.title == "What is drawn after training on digits_diffusion"
    assert "data:image/png;base64" in drawn.svg
    assert "the best; AdamW, tuned; Lion, as shipped" in drawn.text


@pytest.mark.thorough  # three trainings are compiled
def test_networks_draw_images_and_none_where_training_fails(small):
    wild = load_program("sgd").with_hyperparameters({"lr_scale": 1e30})
    along = Along(small, wild)
    drawn = along.samples()
    assert drawn["the best"] is None
    for name in ("AdamW, tuned", "Lion, as shipped"):
        assert drawn[name].shape == (16, 8, 8)
        assert 0 <= drawn[name].min() <= drawn[name].max() <= 1
    assert np.abs(drawn["AdamW, tuned"] - drawn["Lion, as shipped"]).max() > 0.01
