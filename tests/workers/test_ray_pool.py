import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest
import ray
from workers.tiny_project import (
    BEGINNINGS,
    EXPERIMENT,
    SCRIPT,
    kill_group,
    run_cli,
    start_cli,
    wait_for_end,
    wait_for_progress,
    write_experiment,
    write_project,
    write_task,
)

from lionsearch.archive import RunStore
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import RunError, TaskError
from lionsearch.evaluation.machine import Machine, machine_for
from lionsearch.evaluation.plan import Limits, Request
from lionsearch.graph import fingerprint
from lionsearch.lang import parse
from lionsearch.records import FailureKind, Stage
from lionsearch.runs.config import load_experiment
from lionsearch.workers import LocalPool
from lionsearch.workers.ray_pool import RayPool
from lionsearch.workers.ray_start import start_ray

pytestmark = [
    pytest.mark.ray,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning"),  # other tests made JAX compute
]

SGD = parse("def train(w, g, lr): return g * lr * 1e-4")
ROCKET = parse("def train(w, g, lr): return g * 1e6")
BROKEN = parse("def train(w, g, lr, h_gnb): return g * h_gnb")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    write_task(folder, "fragile", "fragile", "above = 1e3")
    for then in ("die", "sleep"):
        file = folder / f"{then} once"
        write_task(folder, f"{then}_once", "once", f'file = "{file}"\nthen = "{then}"')
    write_task(folder, "sleepy", "misbehave")
    write_task(folder, "deadly", "misbehave", 'how = "die"')
    for task in ("fragile", "die_once", "sleep_once", "sleepy", "deadly"):
        write_experiment(folder, task, EXPERIMENT.replace('task = "linear"', f'task = "{task}"'))
    return folder


@pytest.fixture(scope="module")
def ray_on_this_machine(project):
    """Ray, started as a pool starts it; pools that find it running share it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("LIONSEARCH_CACHE", str(project / "cache"))
        start_ray(2, None)
        yield
        ray.shutdown()
    assert not ray.is_initialized()
    assert wait_for_end(project) == []


@pytest.fixture
def open_pool(ray_on_this_machine, project):
    opened = []

    def make(experiment, **options):
        opened.append(RayPool(load_experiment(experiment).plan(), **{"workers": 1, **options}))
        return opened[-1]

    yield make
    for pool in opened:
        pool.close()


def collect_all(pool, count):
    found = {}
    while len(found) < count:
        for request, evaluation in pool.collect():
            assert (request.fingerprint, request.stage) not in found
            found[request.fingerprint, request.stage] = evaluation
    return found


def submit(pool, program, stage=Stage.SEARCH):
    pool.submit(Request(fingerprint(program), program, stage))


def test_every_request_comes_back_once(open_pool):
    pool = open_pool("tiny", workers=2)
    known = {fingerprint(program): program for program in map(load_program, PROGRAMS.names())}
    programs = [program for program in known.values() if machine_for(program, Limits()) == Machine(Limits())][:12]
    assert len(programs) == 12
    stages = (Stage.SEARCH, Stage.CONFIRM, Stage.REPORT)
    for stage in stages:
        for program in programs:
            submit(pool, program, stage)
    found = collect_all(pool, 3 * len(programs))
    assert set(found) == {(fingerprint(program), stage) for program in programs for stage in stages}
    assert all(evaluation.stage is stage for (_, stage), evaluation in found.items())
    with pytest.raises(RunError, match="nothing was submitted"):
        pool.collect()


@pytest.mark.thorough
def test_a_worker_that_was_killed_is_replaced(open_pool):
    pool = open_pool("tiny")
    submit(pool, SGD)
    before = collect_all(pool, 1)
    submit(pool, SGD)
    ray.kill(pool.actors[0].handle)
    assert collect_all(pool, 1) == before


@pytest.mark.thorough
def test_a_worker_that_dies_once_costs_nothing(open_pool, project):
    pool = open_pool("die_once")
    for program in (SGD, load_program("adamw")):
        submit(pool, program)
    found = collect_all(pool, 2)
    assert (project / "die once").exists()
    assert all(evaluation.score is not None for evaluation in found.values())


@pytest.mark.slow  # starts three workers, one after the other
def test_a_program_that_kills_two_workers_is_lost_and_no_other(open_pool):
    pool = open_pool("fragile")
    others = [parse(f"def train(w, g, lr): return g * lr * {number}e-5") for number in range(1, 8)]
    for program in [*others[:4], ROCKET, *others[4:]]:
        submit(pool, program)
    found = collect_all(pool, 8)
    lost = found.pop((fingerprint(ROCKET), Stage.SEARCH))
    assert lost.score is None
    assert lost.failure.kind is FailureKind.WORKER_LOST
    assert lost.failure.kind.is_system
    assert "the worker died" in lost.failure.detail
    assert lost.failure.detail.endswith("twice")
    assert all(evaluation.failure is None or not evaluation.failure.kind.is_system for evaluation in found.values())
    assert any(evaluation.score is not None for evaluation in found.values())


@pytest.mark.slow  # has to wait for longer than a busy machine takes to begin
def test_a_program_that_is_late_once_is_tried_again(open_pool, project):
    pool = open_pool("sleep_once", timeout=12.0)
    submit(pool, SGD)
    [evaluation] = collect_all(pool, 1).values()
    assert (project / "sleep once").exists()
    assert evaluation.score is not None


@pytest.mark.thorough
def test_a_program_that_is_late_twice_has_timed_out(open_pool):
    pool = open_pool("sleepy", timeout=2.0)
    submit(pool, SGD)
    [evaluation] = collect_all(pool, 1).values()
    assert evaluation.score is None
    assert evaluation.failure.kind is FailureKind.TIMEOUT
    assert evaluation.failure.detail == "no result after 2 seconds, twice"


@pytest.mark.thorough
def test_a_timeout_is_of_the_task_that_hung(open_pool, project):
    text = EXPERIMENT.replace('task = "linear"', 'task = "linear"\n\n[[tasks]]\ntask = "sleepy"')
    write_experiment(project, "second_sleepy", text)
    pool = open_pool("second_sleepy", timeout=6.0)
    for stage in (Stage.SEARCH, Stage.REPORT):
        submit(pool, SGD, stage)
    found = collect_all(pool, 2)
    [searched] = found[fingerprint(SGD), Stage.SEARCH].results
    assert (searched.task, searched.failure.kind) == ("sleepy", FailureKind.TIMEOUT)
    first, second = found[fingerprint(SGD), Stage.REPORT].results
    assert (first.task, first.failure.detail) == ("linear", "not measured: lost on sleepy")
    assert (second.task, second.failure.detail) == ("sleepy", "no result after 6 seconds, twice")


@pytest.mark.thorough
def test_workers_lost_again_and_again_are_an_error(open_pool, monkeypatch):
    monkeypatch.setattr("lionsearch.workers.ray_crew._LOSSES_PER_WORKER", 2)
    pool = open_pool("deadly")
    for number in range(1, 4):
        submit(pool, parse(f"def train(w, g, lr): return g * lr * {number}e-5"))
    with pytest.raises(
        RunError, match="3 workers were lost on 'deadly' with no result in between; the last: the worker died"
    ):
        collect_all(pool, 3)


@pytest.mark.thorough
def test_the_tasks_have_the_fingerprints_that_they_have_here(open_pool):
    assert open_pool("tiny").fingerprint_tasks() == LocalPool(load_experiment("tiny").plan()).fingerprint_tasks()


@pytest.mark.thorough
def test_tasks_are_loaded_by_another_worker_if_one_dies(open_pool, project):
    (project / "die once").unlink(missing_ok=True)
    assert set(open_pool("die_once").fingerprint_tasks()) == {"die_once"}
    with pytest.raises(RunError, match="the tasks cannot be loaded: two workers were lost: "):
        open_pool("deadly").fingerprint_tasks()
    with pytest.raises(RunError, match="two workers were lost at task 'sleepy': no result after 1 seconds"):
        open_pool("sleepy", timeout=1.0).fingerprint_tasks()


def test_more_workers_than_processors_are_an_error_and_leave_none(open_pool, project, monkeypatch):
    plan, stopped = load_experiment("tiny").plan(), []
    monkeypatch.setattr("lionsearch.workers.ray_worker.Worker.__init__", lambda *arguments: pytest.fail("started"))
    with monkeypatch.context() as patch:
        patch.setattr(ray, "is_initialized", lambda: False)
        patch.setattr("lionsearch.workers.ray_crew.start_ray", lambda workers, address: None)
        patch.setattr(ray, "shutdown", lambda: stopped.append(True))
        watch = SimpleNamespace(count={"CPU": 2, "GPU": 0}.get, stop=lambda: None)
        patch.setattr("lionsearch.workers.ray_crew.ClusterWatch", lambda remote: watch)
        with pytest.raises(RunError, match="3 workers asked for; the Ray cluster has 2 CPUs"):
            RayPool(plan, workers=3, address="somewhere:1")
        assert stopped == [True]  # what it started itself
        patch.setattr("lionsearch.workers.ray_crew.count_processors", lambda: 2)
        patch.setattr("lionsearch.workers.ray_crew.start_ray", lambda workers, address: pytest.fail("started"))
        with pytest.raises(RunError, match="3 workers asked for; this process may use 2 CPUs"):
            RayPool(plan, workers=3)
    with pytest.raises(RunError, match="3 workers asked for"):
        RayPool(plan, workers=3)
    assert ray.is_initialized()  # and nothing else


@pytest.mark.thorough
def test_a_task_that_cannot_be_used_is_an_error(open_pool):
    pool = open_pool("tiny")
    submit(pool, BROKEN)
    with pytest.raises(TaskError, match="the program asks for 'h_gnb', which a task gives only if"):
        pool.collect()


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGINT, 1), pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow)]
)
@pytest.mark.thorough
def test_a_signal_ends_a_run_and_its_workers(project, number, workers):
    folder = project / f"interrupted by {number.name}"
    process = start_cli(project, "search", "tiny", "--workers", workers, "--output", folder, "--programs", 10**7)
    try:
        assert process.stderr.readline().startswith(BEGINNINGS)
        assert "/10000000 programs" in wait_for_progress(process)
        os.killpg(process.pid, number)
        output, errors = process.communicate(timeout=60)
    finally:
        kill_group(process)
    assert process.returncode == 130, errors
    assert output.startswith("interrupted: ")
    assert f"lionsearch resume '{folder}' --workers {workers}\n" in output
    assert "Traceback" not in errors


NODES = """
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
print(cluster.address, flush=True)
while command := input():
    if command == "kill":
        cluster.remove_node(nodes.pop(), allow_graceful=False)
    else:
        nodes.append(cluster.add_node(num_cpus=1))
cluster.shutdown()
"""


@pytest.fixture
def nodes():
    """A process that has three nodes of one CPU, the first of them the head, and its cluster's address."""
    process = subprocess.Popen(
        [sys.executable, "-c", NODES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    address = next(line.strip() for line in process.stdout if line[0].isdigit() and line.count(":") == 1)
    yield process, address
    process.communicate("\n", timeout=60)


def command(process, word):
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def begin_search(project, folder, *arguments):
    process = start_cli(project, "search", "tiny", "--output", folder, *arguments)
    assert process.stderr.readline().startswith(BEGINNINGS)
    assert "/" in wait_for_progress(process)
    return process


def rows_of(folder):
    store = RunStore.read(folder)
    rows = [(table, row) for table, row in store.rows() if table != "conditions"]
    store.close()
    return rows


@pytest.mark.faults
def test_a_run_is_the_same_on_any_nodes_that_come_and_go(project, nodes):
    cluster, address = nodes
    size = ("--programs", 3000)
    alone = project / "alone"
    assert run_cli(project, "search", "tiny", "--output", alone, "--workers", 0, *size, timeout=200).returncode == 0
    folder = project / "on nodes"
    process = begin_search(project, folder, "--address", address, *size)
    try:
        time.sleep(2.0)
        command(cluster, "kill")
        time.sleep(2.0)
        command(cluster, "add")
        output, errors = process.communicate(timeout=200)
    finally:
        kill_group(process)
    assert process.returncode == 0, errors
    assert output.startswith("finished: 3000/3000 programs")
    assert "lost by the system" not in output
    assert rows_of(folder) == rows_of(alone)
    for workers in (1, 2):
        other = project / f"{workers} workers"
        done = run_cli(
            project, "search", "tiny", "--output", other, "--address", address, "--workers", workers, *size,
            timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert rows_of(other) == rows_of(alone)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("name", "sentence"),
    [("raylet", "this machine's Ray node is gone"), ("gcs_server", "the Ray cluster's head node at 127.0.0.1:")],
)
def test_a_ray_that_dies_ends_a_run_in_seconds_and_no_program_is_blamed(project, name, sentence):
    folder = project / f"without {name}"
    process = begin_search(project, folder, "--workers", 2, "--programs", 10**7, "--json")
    try:
        [victim] = [each for each in psutil.Process(process.pid).children(recursive=True) if each.name() == name]
        victim.kill()
        output, errors = process.communicate(timeout=30)
    finally:
        kill_group(process)
    assert (process.returncode, output) == (2, "")
    [error] = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert error.startswith(f"error: {sentence}")
    assert error.endswith(f"; go on with: {SCRIPT} resume '{folder}' --workers 2")
    assert "Traceback" not in errors
    store = RunStore.read(folder)
    assert store.counts()["generated"] > 0
    assert not any(evaluation.lost for stage in Stage for evaluation in store.evaluations(stage).values())
    store.close()
