import pytest
from api.given_tasks import SHORT, make_task

import lionsearch
from lionsearch.errors import RunError, SettingError, TaskError, UnknownNameError

FEW = {"programs": 3, "points": 2, "seeds": 2, "progress": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched") / "run"
    return lionsearch.search(tasks=make_task(), output=folder, **SHORT)


def test_a_run_on_a_task_of_python_goes_through_a_funnel(run):
    middle = make_task(name="longer", stage="middle", steps=120)
    heard = []
    found = lionsearch.funnel(run, tasks=[make_task(), middle], listener=heard.append, **FEW)
    assert tuple(heard) == found.stages
    assert [climb.stage.name for climb in found.stages] in (["proxy", "middle"], ["proxy"])
    assert {row["stage"] for row in found.table()} >= {"proxy"}
    assert repr(found).startswith("proxy: ")
    assert found._repr_html_().startswith("<p>proxy</p>")
    assert (run.folder / "funnel" / "funnel.md").read_text().startswith("# Funnel")
    assert (found.first is None) == (not found.final)
    heads, rows = found.settings_rows()
    assert heads == ("program", "task", "learning rate", "weight decay")
    assert len(rows) == sum(len(each.tasks) for each in found.final)
    assert len(found.shown().tables) == len(found.stages) + (2 if found.final else 0)


def test_a_task_of_python_must_be_given_again(run):
    with pytest.raises((RunError, TaskError, SettingError), match="sine"):
        lionsearch.funnel(run, stages=["proxy"], **FEW)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"stages": ["middel"]}, UnknownNameError, "did you mean 'middle'"),
        ({"stages": []}, SettingError, "stages: expected some of proxy, middle, target, accelerator"),
        ({"stages": ["target"]}, SettingError, "stage 'target' has no task among those given"),
        (
            {"tasks": [make_task(), make_task(name="other")]},
            SettingError,
            "task 'other' is of stage 'proxy'; expected one of a later stage, middle",
        ),
        ({"programs": 0}, SettingError, "programs is 0; expected 1 to 1000"),
        ({"seeds": 1}, SettingError, "seeds is 1; expected 2"),
    ],
)
def test_what_cannot_be_is_refused(run, settings, error, message):
    with pytest.raises(error, match=message):
        lionsearch.funnel(run, **{"tasks": [make_task()], **FEW, **settings})
