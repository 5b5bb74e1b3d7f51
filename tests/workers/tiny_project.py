"""A folder as a user has it: a task of their own that trains in milliseconds, and an experiment on it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from lionsearch.archive import RunStore

SCRIPT = Path(sys.executable).parent / "lionsearch"

_MODULE = """
import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from lionsearch.errors import TaskError
from lionsearch.tasks import Problem


def linear(examples: int = 32) -> Problem:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3 * examples, 4)).astype("float32")
    y = x @ np.array([1, -2, 3, 0.5], "float32") + 0.1 * rng.normal(size=3 * examples).astype("float32")

    def part(number):
        rows = slice(number * examples, (number + 1) * examples)
        return {"x": x[rows], "y": y[rows]}

    def loss(params, batch):
        return jnp.mean((batch["x"] @ params["w"] + params["b"] - batch["y"]) ** 2)

    def init(key):
        return {"w": jax.random.normal(key, (4,)), "b": jnp.zeros(())}

    return Problem(init, loss, part(0), part(1), part(2), lambda params, batch: {"rms": loss(params, batch) ** 0.5})


def once(file: str, then: str) -> Problem:
    '''The first process to come here dies, or sleeps; the next ones do not.'''
    if not Path(file).exists():
        Path(file).touch()
        misbehave(then)
    return linear()


def fragile(above: float) -> Problem:
    '''A process that trains to weights above this bound dies.'''
    problem = linear()

    def check(largest):
        if largest > above:
            misbehave("die")

    def loss(params, batch):
        jax.debug.callback(check, jnp.max(jnp.abs(params["w"])))
        return problem.loss(params, batch)

    return Problem(problem.init, loss, problem.train, problem.validation, problem.test)


def misbehave(how: str = "sleep") -> Problem:
    if how == "die":
        os._exit(1)
    time.sleep(600)


def not_a_problem() -> int:
    return 3


def failing() -> Problem:
    raise OSError("no such data")
"""

_TASK = """description = "linear regression"
steps = 40
batch = 8
warmup = 4
learning_rate = 0.3
weight_decay = 0.0
factory = "{factory}"
"""

EXPERIMENT = """description = "a few seconds"
programs = 200
window = 8
initial = ["adamw"]

[[tasks]]
task = "linear"

[search]
population = 20
tournament = 3
racing = { seeds = 3 }

[search.mutation]
max_length = 20

[evaluation]
elites = 3
confirm_seeds = 2
report_seeds = 2
"""


def write_project(folder, experiment=EXPERIMENT):
    """Write the folder: task `linear`, experiment `tiny`, program `mine`."""
    (folder / "tiny_task.py").write_text(_MODULE)
    write_task(folder, "linear", "linear")
    write_experiment(folder, "tiny", experiment)
    (folder / "programs").mkdir(exist_ok=True)
    (folder / "programs" / "mine.py").write_text("def train(w, g, lr): return g * lr * 0.01\n")
    return folder


def write_task(folder, name, function, options="", factory=""):
    """Write a task on a function of the folder's module."""
    path = folder / "proxy_tasks" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    text = _TASK.format(factory=factory or f"tiny_task:{function}")
    path.write_text(text + (f"\n[options]\n{options}\n" if options else ""))
    return path


def write_experiment(folder, name, text):
    path = folder / "experiments" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def environment(folder, **more):
    """The environment of a command in the folder, with a cache of its own."""
    return {**os.environ, "LIONSEARCH_CACHE": str(folder / "cache"), **more}


def run_cli(folder, *arguments, timeout=60, **more):
    """Run `lionsearch` in the folder to its end."""
    return subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def start_cli(folder, *arguments, **more):
    """Start `lionsearch` in the folder, as the leader of a process group of its own."""
    return subprocess.Popen(
        [str(SCRIPT), *map(str, arguments)],
        cwd=folder,
        env=environment(folder, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


BEGINNINGS = ("starting workers", "loading the tasks")
"""What a search says first, with workers and without."""


def wait_for_progress(process):
    """Return the first line of progress of a started search, which comes after its steps."""
    for line in iter(process.stderr.readline, ""):
        if re.match(r"\d+/\d+ programs  ", line):
            return line
    raise AssertionError("it ended without progress")


def without_progress(errors):
    """Return what a search said on stderr beside its progress, which has a line every ten seconds on any machine."""
    progress = re.compile(r"\d+/\d+ programs  |compiling the tasks, |training with ")
    return "".join(line for line in errors.splitlines(True) if not progress.match(line))


def read_rows(folder):
    """Return all rows of a run's database."""
    store = RunStore.read(folder)
    try:
        return list(store.rows())
    finally:
        store.close()


def kill_group(process):
    """Kill a started process and all it started, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    if not process.stdout.closed:
        process.communicate(timeout=30)


def wait_for_end(folder, seconds=20.0):
    """Wait until no process runs with the folder's cache; return the names of those that still do."""
    end = time.monotonic() + seconds
    while (names := _names(folder)) and time.monotonic() < end:
        time.sleep(0.1)
    return names


def _names(folder):
    names = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LIONSEARCH_CACHE") == str(folder / "cache") and process.pid != os.getpid():
                names.append(process.name())
        except psutil.Error:
            continue
    return names
