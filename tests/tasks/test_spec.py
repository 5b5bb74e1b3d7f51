from pathlib import Path

import numpy as np
import pytest

from lionsearch.catalog import TASKS
from lionsearch.errors import LionSearchError, MissingFileError, SettingError, TaskError, UnknownNameError
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import parse
from lionsearch.tasks import Problem
from lionsearch.tasks.spec import TaskSpec, fingerprint_task, load_problem, load_task

TOML = """
factory = "{factory}"
steps = 20
batch = 8
warmup = 4
learning_rate = 0.05
weight_decay = 0
"""
MODULE = """
import jax, jax.numpy as jnp, numpy as np
from lionsearch.errors import TaskError
from lionsearch.tasks import Problem

def make(examples=32, slope=1.0):
    x = np.random.default_rng(0).normal(size=(3 * examples, 4)).astype("float32")
    data = {"x": x, "y": slope * x @ np.ones(4, "float32")}
    parts = [{name: a[i * examples : (i + 1) * examples] for name, a in data.items()} for i in range(3)]
    return Problem(
        lambda key: {"w": jax.random.normal(key, (4,))},
        lambda params, batch: jnp.mean((batch["x"] @ params["w"] - batch["y"]) ** 2),
        *parts,
    )

def fail():
    raise OSError("no such data")

def ask():
    raise TaskError("the data set things is not on this machine")

def wrong():
    return {"loss": 3}

not_a_function = 3
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of a user, with a module and room for tasks."""
    (tmp_path / "proxy_tasks").mkdir()
    (tmp_path / "users_own_module.py").write_text(MODULE)
    (tmp_path / "users_broken_module.py").write_text("import jax\n1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # and so restored: a task puts the working folder there by itself
    monkeypatch.setattr("sys.path", [path for path in __import__("sys").path if path != str(tmp_path)])
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def write_task(project: Path, factory: str = "users_own_module:make", extra: str = "", name: str = "mine") -> TaskSpec:
    (project / "proxy_tasks" / f"{name}.toml").write_text(TOML.format(factory=factory) + extra)
    return load_task(name)


def make_spec(**changes: object) -> TaskSpec:
    settings = {
        "name": "a",
        "factory": "m:f",
        "steps": 100,
        "batch": 8,
        "warmup": 10,
        "learning_rate": 0.001,
        "weight_decay": 0.1,
    }
    return TaskSpec.model_validate({**settings, **changes})


# --- the schedule


def test_schedule_rises_linearly_and_falls_as_a_cosine():
    lr = make_spec().schedule()
    assert lr.dtype == np.float32
    assert lr.shape == (100,)
    np.testing.assert_allclose(lr[:10], np.arange(1, 11) / 10, rtol=1e-6)
    np.testing.assert_allclose(lr[10:], 0.5 * (1 + np.cos(np.pi * np.arange(90) / 90)), atol=1e-6)
    assert lr.max() == 1.0
    assert lr[55] == pytest.approx(0.5)
    assert 0 < lr[-1] < 1e-3


def test_a_power_below_one_keeps_the_rate_up_for_longer():
    plain, flat = make_spec().schedule(), make_spec(power=0.5).schedule()
    np.testing.assert_allclose(flat[:10], plain[:10], rtol=1e-6)
    np.testing.assert_allclose(flat[10:] ** 2, plain[10:], atol=1e-6)


def test_schedule_is_in_units_of_adamws_own_rate():
    np.testing.assert_allclose(make_spec(learning_rate=0.02).schedule(), 20 * make_spec().schedule(), rtol=1e-6)


def test_schedule_without_warmup_starts_at_its_peak():
    assert make_spec(warmup=0).schedule()[0] == 1.0


def test_schedule_of_warmup_alone_ends_at_its_peak():
    np.testing.assert_allclose(make_spec(warmup=100).schedule(), np.arange(1, 101) / 100, rtol=1e-6)


# --- the file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 105}, r"steps \(105\) must be a multiple of chunks \(10\)"),
        ({"warmup": 101}, r"warmup \(101\) must not exceed steps \(100\)"),
        ({"factory": "no colon"}, "pattern"),
        ({"steps": 0}, "greater than 0"),
        ({"learning_rate": 0.0}, "greater than 0"),
        ({"weight_decay": -1.0}, "greater than or equal to 0"),
    ],
)
def test_values_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        make_spec(**change)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("step = 10", "mine.toml: unknown setting 'step'; did you mean 'steps'?"),
        ("warm_up = 10", "mine.toml: unknown setting 'warm_up'; did you mean 'warmup'?"),
        ('chunks = "ten"', "mine.toml: setting 'chunks' is 'ten'; it should be a valid integer"),
        ("chunks = 2.0", "mine.toml: setting 'chunks' is 2.0; it should be a valid integer"),
        ("chunks = 3", "mine.toml: steps (20) must be a multiple of chunks (3)"),
        ("chunks = -1", "mine.toml: setting 'chunks' is -1; it should be greater than 0"),
        ("options = 3", "mine.toml: setting 'options' is 3; it should be a valid dictionary"),
        ("steps = 10\n", "mine.toml: not TOML: Cannot overwrite a value (at line 8, column 11)"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(project, extra, message):
    with pytest.raises(SettingError) as error:
        write_task(project, extra=extra)
    assert str(error.value) == f"proxy_tasks/{message}"


def test_a_missing_setting_is_named(project):
    (project / "proxy_tasks" / "mine.toml").write_text("steps = 10")
    with pytest.raises(SettingError, match=r"mine\.toml: setting 'factory' is missing"):
        load_task("mine")


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown task 'digit_mlp'; did you mean 'digits_mlp'"):
        load_task("digit_mlp")
    with pytest.raises(MissingFileError, match=r"nowhere/digits\.toml: there is no such file"):
        load_task("nowhere/digits.toml")


# --- a user's own task


@pytest.mark.thorough
def test_a_task_of_the_working_folder_is_found_and_trained_on(project):
    spec = write_task(project)
    assert (spec.name, spec.weight_decay) == ("mine", 0.0)
    runner = TaskRunner(spec, Limits(max_length=9, max_slots=2))
    result = runner.evaluate(parse("def train(w, g, lr): return g * lr * 0.002"), Seeds((0,)))
    assert result.score is not None


def test_options_reach_the_factory(project):
    one = load_problem(write_task(project))
    two = load_problem(write_task(project, extra="[options]\nslope = 2\nexamples = 16"))
    assert len(two.train["y"]) == 16
    np.testing.assert_allclose(two.train["y"] / (two.train["x"] @ np.ones(4)), 2.0, rtol=1e-4)
    assert len(one.train["y"]) == 32


@pytest.mark.parametrize(
    ("factory", "extra", "message"),
    [
        (
            "users_missing:make",
            "",
            "task 'mine': cannot import 'users_missing' of its factory: ModuleNotFoundError: No",
        ),
        ("users_broken_module:make", "", "'users_broken_module' of its factory: ZeroDivisionError: division by zero"),
        ("users_own_module:absent", "", "task 'mine': module 'users_own_module' has no function 'absent'"),
        ("users_own_module:not_a_function", "", "module 'users_own_module' has no function 'not_a_function'"),
        ("users_own_module:fail", "", "task 'mine': users_own_module:fail failed: OSError: no such data"),
        ("users_own_module:make", "[options]\nslop = 1", r"failed: TypeError: make\(\) got an unexpected keyword"),
        ("users_own_module:ask", "", "^task 'mine': the data set things is not on this machine$"),
        ("users_own_module:wrong", "", "mine: the factory returned dict; expected lionsearch.tasks.Problem"),
    ],
)
def test_a_factory_that_cannot_be_used_is_named(project, factory, extra, message):
    with pytest.raises(TaskError, match=message) as error:
        load_problem(write_task(project, factory, extra))
    assert "\n" not in str(error.value)
    assert isinstance(error.value, LionSearchError)


# --- the fingerprint


def test_fingerprint_follows_every_setting_the_data_and_the_code():
    data = [np.zeros((2, 3), np.float32)]
    variants = [
        fingerprint_task(make_spec(), data, ["code"]),
        fingerprint_task(make_spec(batch=4), data, ["code"]),
        fingerprint_task(make_spec(options={"width": 3}), data, ["code"]),
        fingerprint_task(make_spec(), [np.ones((2, 3), np.float32)], ["code"]),
        fingerprint_task(make_spec(), [np.zeros((3, 2), np.float32)], ["code"]),
        fingerprint_task(make_spec(), [np.zeros((2, 3), np.int32)], ["code"]),
        fingerprint_task(make_spec(), data, ["cope"]),
        fingerprint_task(make_spec(), data, ["code", "more"]),
    ]
    assert len(set(variants)) == len(variants)
    assert fingerprint_task(make_spec(), [np.asfortranarray(data[0])], ["code"]) == variants[0]
    assert all(len(variant) == 24 for variant in variants)


def test_what_is_only_told_of_a_task_is_no_part_of_it():
    told = make_spec(stage="target", measured={"parameters": 12, "seconds": 60.0, "lion_score": 0.1, "by": "a command"})
    assert (told.stage, told.measured.parameters, make_spec().stage, make_spec().measured) == (
        "target",
        12,
        "proxy",
        None,
    )
    assert told.model_dump_json() == make_spec().model_dump_json()
    assert fingerprint_task(told, [], []) == fingerprint_task(make_spec(), [], [])


def test_the_fingerprints_of_earlier_versions_hold():
    spec = load_task(str(TASKS.shipped / "digits_mlp.toml"))
    assert fingerprint_task(spec, [], []) == "c581c7fd6b2bde4bd89928d3"


def test_a_problem_is_what_a_factory_returns(project):
    assert isinstance(load_problem(write_task(project)), Problem)
