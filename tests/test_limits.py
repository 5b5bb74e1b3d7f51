"""Inputs that are larger than any of use: refused in a moment, in a line that says the limit."""

import gc
import time

import pytest
from workers.tiny_project import EXPERIMENT, write_project

from lionsearch import limits
from lionsearch.catalog import load_program
from lionsearch.errors import LionSearchError
from lionsearch.lang import parse
from lionsearch.runs.config import load_experiment
from lionsearch.tasks.spec import load_task

HEAD = "def train(w, g, lr):\n"
TASK = 'factory = "tiny_task:linear"\nsteps = 40\nbatch = 8\nwarmup = 4\nlearning_rate = 0.3\nweight_decay = 0.0\n'

PROGRAMS = {
    "statements": (HEAD + "    x = g\n" * 4_001 + "    return g", "more than 4000 statements"),
    "million": (HEAD + "    x = g\n" * 1_000_000 + "    return g", "has 10000033 bytes; at most 200000 are read"),
    "line": (HEAD + "    " + "x = g;" * 4_000_000 + "return g", "has 24000033 bytes; at most 200000 are read"),
    "long line": (HEAD + "    " + "x = g;" * 1_000 + "return g", r":2:1: a line of 6012 characters; .* at most 4000"),
    "name": (HEAD + f"    {'x' * 101} = g\n    return g", "a name of 101 characters; names have at most 100"),
    "parameters": (f"def train(w, g, {', '.join(f's{i}' for i in range(300))}, lr): return g", "at most 200"),
}
COMPOSITIONS = {
    "spaces": ("lookahead(" + " " * 40_000 + "adamw.py)", "40019 characters; a composition has at most 2000"),
    "megabytes": ("lookahead(" * 1_000_000 + ")", "10000001 characters; a composition has at most 2000"),
    "depth": ("lookahead(" * 30 + "adamw" + ")" * 30, "more than 20 programs inside one another"),
    "number": (f"lookahead(adamw, k={'9' * 1_900})", "is too large a number"),
    "digits": (f"lookahead(adamw, k=[{'-' * 900}1])", "expected a number"),
    "name": ("x" * 10**7, r"unknown program 'xxx.* \.\.\. x.*'; there are"),
}
SETTINGS = {
    "digits": (TASK.replace("40", "9" * 5_000), "line 2 has 5008 characters; a line has at most 2000"),
    "bits": (TASK.replace("40", "9" * 1_900), "setting 'steps' is a number of 6312 bits; it should be at most"),
    "brackets": (TASK + "a = " + "[" * 100_000, "the file has 100104 bytes; at most 50000 are read"),
    "depth": (TASK + "a = " + "[" * 1_500, "brackets are nested too deeply"),
    "lines": (TASK + "a = " + "[\n" * 10_000, "brackets are nested too deeply"),
    "key": (TASK + "a" + ".a" * 30 + " = 1", "line 7 has a key of more than 20 parts"),
    "quoted key": (TASK + "''" + ' . ""' * 30 + " = 1", "line 7 has a key of more than 20 parts"),
    "keys": (TASK + ("a" + ".a" * 900 + " = 1\n") * 25, "line 7 has a key of more than 20 parts"),
    "options": (TASK + "[options]\na = 1979-05-27", "setting 'options': should hold text, numbers"),
    "infinite": (TASK + "[options]\na = [inf]", "setting 'options': should hold text, numbers"),
}
BOUNDS = {
    "steps = 40": ("steps = 1000000000000", "at most 10_000_000: the schedule and the batches of a training are held"),
    "batch = 8": ("batch = 1000000000000", "at most 1_000_000: the batches of a training are held in memory"),
    "steps = 40\nbatch = 8": ("steps = 10000000\nbatch = 100000", "must be at most 200_000_000: .* 12 bytes for each"),
    "warmup = 4": ("warmup = 4\nseeds = 1000000000", "at most 1_000: the seeds of the next stage .* begin there"),
    "weight_decay = 0.0": ("weight_decay = 1e300", r"at most 1e\+30: float32 holds little more"),
}
SEARCHES = {
    "population = 20": ("population = 1000000000", "at most 100_000: every program of it is held in memory"),
    "tournament = 3": ("tournament = 21", r"'search': tournament \(21\) must not exceed population \(20\)"),
    "racing = { seeds = 3 }": ("racing = { seeds = 1000000000 }", "at most 1_000: the seeds of the next stage"),
    "programs = 200": ("programs = 1000000000000", "at most 100_000_000: what is known of each is held in memory"),
    "window = 8": ("window = 1000000000", "at most 100_000: every candidate in flight is held in memory"),
    "max_length = 20": ("max_length = 1000000", "at most 4_000: a program has no more statements"),
    "elites = 3": ("elites = 1000000000", "at most 10_000: each is trained with"),
    "confirm_seeds = 2": ("confirm_seeds = 1000000000", "at most 1_000: the seeds of the next stage"),
    "report_seeds = 2": ("report_seeds = 1000000000", "at most 1_000: the seeds of the next stage"),
    "population = 20\ntournament = 3": ("population = 60000", r"islands \(2\) times population \(60000\) .*100_000"),
    "[evaluation]": ("[evaluation.limits]\nmax_length = 1000000\n[evaluation]", "at most 4_000: a program has no more"),
    'description = "a few seconds"': (f"seed = {2**63}", "at most 9_223_372_036_854_775_807: seeds have 64 bits"),
}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(write_project(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def uncollected():
    gc.disable()  # to go through what other tests left behind takes a second of the refusal's time
    yield
    gc.enable()


def check_refusal(read, given, message):
    start = time.thread_time()
    with pytest.raises(LionSearchError, match=message) as error:
        read(given)
    assert time.thread_time() - start < 1
    assert len(str(error.value)) < 1_000
    assert len(str(error.value).splitlines()) in (1, 3)


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_program_that_is_too_large(project, case):
    text, message = PROGRAMS[case]
    (project / "large.py").write_text(text)
    check_refusal(load_program, "large.py", message)
    check_refusal(parse, text, "at most 200000" if "bytes" in message else message)


@pytest.mark.parametrize("case", COMPOSITIONS)
def test_a_composition_that_is_too_large(case):
    check_refusal(load_program, *COMPOSITIONS[case])


@pytest.mark.parametrize("case", SETTINGS)
def test_a_task_that_is_too_large(project, case):
    text, message = SETTINGS[case]
    (project / "large.toml").write_text(text)
    check_refusal(load_task, "large.toml", message)


@pytest.mark.parametrize("setting", BOUNDS)
def test_a_task_that_would_take_too_much(project, setting):
    value, message = BOUNDS[setting]
    assert setting in TASK
    (project / "large.toml").write_text(TASK.replace(setting, value))
    check_refusal(load_task, "large.toml", message)


@pytest.mark.parametrize("setting", SEARCHES)
def test_a_search_that_would_take_too_much(project, setting):
    value, message = SEARCHES[setting]
    assert setting in EXPERIMENT
    (project / "large.toml").write_text(EXPERIMENT.replace(setting, value))
    check_refusal(load_experiment, "./large.toml", message)


def test_what_is_at_the_limits_is_read(project):
    body = "    x = g + g\n" * (limits.PROGRAM_STATEMENTS - 1)
    assert len(parse(f"{HEAD}{body}    return g * lr\n").statements) == limits.PROGRAM_STATEMENTS
    (project / "large.toml").write_text(TASK.replace("40\nbatch = 8", "10000000\nbatch = 20") + "seeds = 1000\n")
    assert load_task("large.toml").steps == 10**7
    spaces = limits.COMPOSITION - len("lookahead(adamw)")
    assert load_program("lookahead(" + " " * spaces + "adamw)").slots
    assert load_program("lookahead(" * 19 + "adamw" + ")" * 19).slots


def test_a_file_without_end_is_read_no_further(monkeypatch):
    monkeypatch.setattr("lionsearch.catalog.shelves._is_file", lambda path: True)
    with pytest.raises(LionSearchError, match=r"at most 200000 are read"):
        load_program("/dev/zero")
