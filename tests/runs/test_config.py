import json
from pathlib import Path

import pytest
from workers.tiny_project import EXPERIMENT, write_experiment, write_project, write_task

from lionsearch.catalog import load_program
from lionsearch.errors import SettingError
from lionsearch.graph import remove_dead_code
from lionsearch.lang import parse
from lionsearch.runs.config import dump_config, load_experiment, parse_config


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    return tmp_path


def test_an_experiment_is_resolved():
    config = load_experiment("tiny")
    assert config.name == "tiny"
    assert config.experiment.programs == 200
    assert [spec.name for spec in config.specs] == ["linear"]
    assert config.initial() == [load_program("adamw")]


SHIPPED = sorted((Path(__file__).parents[2] / "experiments").rglob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_experiments_are_resolved(path):
    config = load_experiment(str(path))
    assert config.plan().tasks
    assert config.initial()


def test_the_plan_has_tasks_with_hurdles_seeds_and_limits(project):
    write_task(project, "other", "linear")
    text = EXPERIMENT.replace('task = "linear"', 'task = "linear"\nhurdle = 0.5\n[[tasks]]\ntask = "other"')
    write_experiment(project, "two", text + "[evaluation.limits]\nmax_length = 17\n")
    plan = load_experiment("two").plan()
    assert [(spec.name, hurdle) for spec, hurdle in plan.tasks] == [("linear", 0.5), ("other", -1.0)]
    assert (plan.confirm_seeds, plan.report_seeds, plan.limits.max_length) == (2, 2, 17)


def test_a_configuration_comes_back_from_its_text():
    config = load_experiment("tiny")
    assert parse_config(dump_config(config), "here") == config


def test_a_configuration_does_not_depend_on_files(project):
    text = dump_config(load_experiment("tiny", initial=["mine"]))
    (project / "programs" / "mine.py").write_text("not a program")
    (project / "proxy_tasks" / "linear.toml").unlink()
    config = parse_config(text, "here")
    assert config.initial() == [parse("def train(w, g, lr): return g * lr * 0.01")]
    assert config.specs[0].steps == 40


def test_overrides_replace_settings():
    config = load_experiment("tiny", programs=7, seed=3)
    assert (config.experiment.programs, config.experiment.seed) == (7, 3)
    assert config.experiment.search == load_experiment("tiny").experiment.search


def test_an_override_that_cannot_be():
    with pytest.raises(SettingError, match="command line: setting 'programs' is 0; it should be greater than 0"):
        load_experiment("tiny", programs=0)


def test_what_an_experiment_names_must_be_there(project):
    write_experiment(project, "wrong", EXPERIMENT.replace('"linear"', '"linaer"'))
    with pytest.raises(SettingError, match=r"wrong\.toml: setting 'tasks': unknown task 'linaer'; did you mean"):
        load_experiment("wrong")
    write_experiment(project, "wrong", EXPERIMENT.replace('"adamw"', '"programs/nowhere.py"'))
    with pytest.raises(SettingError, match=r"setting 'initial': programs/nowhere\.py: there is no such file"):
        load_experiment("wrong")


def test_a_task_cannot_be_named_twice(project):
    again = '\n[[tasks]]\ntask = "proxy_tasks/linear.toml"\n'
    write_experiment(project, "twice", EXPERIMENT + again)
    with pytest.raises(SettingError, match=r"setting 'tasks' names linear twice"):
        load_experiment("twice")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("programs = 200", "programs = 0", "setting 'programs' is 0; it should be greater than 0"),
        ("programs = 200", "programs = true", "setting 'programs' is True; it should be a valid integer"),
        ("programs = 200\n", "", "setting 'programs' is missing"),
        ("window = 8", "windwo = 8", "unknown setting 'windwo'; did you mean 'window'"),
        ("elites = 3", "elite = 3", r"unknown setting 'evaluation\.elite'; did you mean 'elites'"),
        ('initial = ["adamw"]', "initial = []", "setting 'initial' is empty; it should have at least one entry"),
        ('initial = ["adamw"]', 'initial = "adamw"', "setting 'initial' is 'adamw'; it should be a list"),
        ('task = "linear"', 'task = "linear"\nhurdel = 1', r"'tasks\.0\.hurdel'; did you mean 'hurdle'"),
    ],
)
def test_settings_that_cannot_be(project, old, new, message):
    write_experiment(project, "wrong", EXPERIMENT.replace(old, new))
    with pytest.raises(SettingError, match=message) as error:
        load_experiment("wrong")
    assert str(error.value).startswith("experiments/wrong.toml: ")


@pytest.mark.parametrize("limits", ["max_length = 7", "max_slots = 1"])
def test_limits_without_room_for_an_initial_program(project, limits):
    write_experiment(project, "wrong", EXPERIMENT + f"[evaluation.limits]\n{limits}\n")
    with pytest.raises(
        SettingError, match=r"wrong\.toml: setting 'evaluation\.limits' leaves no room for 'adamw', "
    ) as e:
        load_experiment("wrong")
    live = remove_dead_code(load_program("adamw"))
    assert str(e.value).endswith(f"has {len(live.statements)} live statements and {len(live.slots)} slots")


def test_limits_without_room_for_the_reference(project):
    """Tuned AdamW is trained with in every run, initial program or not."""
    text = EXPERIMENT.replace('"adamw"', '"mine"')
    write_experiment(project, "wrong", text + "[evaluation.limits]\nmax_length = 7\n")
    with pytest.raises(SettingError, match="leaves no room for 'adamw'"):
        load_experiment("wrong")


def test_a_population_without_room_for_the_initial_programs(project):
    text = EXPERIMENT.replace("population = 20", "population = 3")
    write_experiment(project, "wrong", text.replace('["adamw"]', '["adamw", "mine", "lion", "sgd"]'))
    with pytest.raises(SettingError, match=r"'search\.population' is 3; it must hold all 4 initial programs"):
        load_experiment("wrong")
    write_experiment(project, "right", text.replace('["adamw"]', '["adamw", "mine", "lion"]'))
    assert len(load_experiment("right").initial()) == 3


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 10**5, "{", "\x00"], ids=lambda text: text[:5])
def test_what_is_no_configuration_is_one_line(text):
    with pytest.raises(SettingError, match=r"^here: [^\n]*$"):
        parse_config(text, "here")


@pytest.mark.parametrize("change", [{"specs": []}, {"programs": []}, {"specs": None}, {"experiment": 3}, {"newer": 1}])
def test_a_configuration_that_was_edited_is_one_line(change):
    content = json.loads(dump_config(load_experiment("tiny")))
    with pytest.raises(SettingError, match=r"^here: [^\n]*$"):
        parse_config(json.dumps({**content, **change}), "here")


@pytest.mark.parametrize("text", ["", "{", "[1]", "3"])
def test_a_stored_configuration_that_is_damaged(text):
    with pytest.raises(SettingError, match="here: "):
        parse_config(text, "here")
