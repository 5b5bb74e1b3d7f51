import pytest
from api.given_tasks import make_task

import lionsearch
from lionsearch.errors import SettingError
from lionsearch.lang import parse


def test_programs_of_any_kind_on_a_task_of_python():
    plain = parse("def train(w, g, lr, *, lr_scale=0.01): return g * lr * lr_scale")
    found = lionsearch.compare([plain, "lion"], make_task(), points=3, seeds=2, progress=False)
    assert {each.contestant for each in found.standings} == {"program 1", "lion", "adamw_debiased"}
    assert len(found.table()) == 3
    assert "<table>" in found._repr_html_()
    assert "lion: " in repr(found)
    assert "| place | program |" in found.markdown()


def test_the_command_on_the_page_is_short_where_all_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("lionsearch.catalog.Shelf.names", lambda shelf: ["lion", "sgd"])
    lionsearch.compare(["sgd", "lion"], "teacher_student", points=1, seeds=2, progress=False, output=tmp_path)
    assert "lionsearch compare --all adamw_debiased --task teacher_student" in (tmp_path / "comparison.md").read_text()


def test_a_plot_is_written(tmp_path):
    found = lionsearch.compare("lion", make_task(), points=1, seeds=2, progress=False)
    found.plot(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"points": 0}, "points is 0; expected 1 to 1000"),
        ({"seeds": 1}, "seeds is 1; expected 2 to"),
        ({"tune_seeds": "many"}, "tune_seeds is 'many'; expected 1 to"),
    ],
)
def test_budgets_out_of_range_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        lionsearch.compare("lion", make_task(), **settings)
