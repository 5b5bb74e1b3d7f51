"""What happens to bad input: exit code 2, one line that says what, where and what was expected, and no traceback."""

import os
import re
from importlib.metadata import version

import pytest
from workers.tiny_project import EXPERIMENT, run_cli, write_experiment, write_project, write_task

import lionsearch
from lionsearch import cli
from lionsearch.runs.config import load_experiment
from lionsearch.runs.opening import start_run

GOOD = "def train(w, g, lr):\n    return g * lr\n"

PROGRAMS = {
    "syntax.py": ("def train(w, g, lr:\n    return g\n", r"syntax\.py:1"),
    "loop.py": ("def train(w, g, lr):\n    for x in g:\n        pass\n    return g\n", r"loop\.py:2:5: "),
    "import.py": ("import os\n" + GOOD, r"import\.py:1:1: "),
    "operation.py": ("def train(w, g, lr):\n    return sgn(g) * lr\n", r"operation\.py:2:12: .*'sgn'.* 'sign'"),
    "arguments.py": ("def train(w, g, lr):\n    return sign(g, w) * lr\n", r"arguments\.py:2:12: .*sign.*1.*2"),
    "kinds.py": ("def train(w, g, lr):\n    return g * clip(g, w)\n", r"kinds\.py:2:\d+: .*clip"),
    "scalar.py": ("def train(w, g, lr):\n    return dot(g, g)\n", r"scalar\.py:.*tensor"),
    "early.py": ("def train(w, g, lr):\n    x = y * g\n    y = g\n    return x\n", r"early\.py:2:9: .*'y'"),
    "name.py": (
        "def train(w, g, lr):\n    moment = g\n    return momnet * lr\n",
        r"name\.py:3:12: .*'momnet'.*'moment'",
    ),
    "noreturn.py": ("def train(w, g, lr):\n    x = g * lr\n", r"noreturn\.py:.*return"),
    "order.py": ("def train(w, g, m, v, lr):\n    m = m + g\n    return m, v\n", r"order\.py:3:\d+: .*m, v"),
    "empty.py": ("", r"empty\.py: .*train"),
    "infinite.py": ("def train(w, g, lr):\n    return g * 1e999\n", r"infinite\.py:2:16: "),
}

TASK = 'factory = "tiny_task:linear"\nsteps = 40\nbatch = 8\nwarmup = 4\nlearning_rate = 0.3\nweight_decay = 0.0\n'

TASKS = {
    "type": (TASK.replace("steps = 40", 'steps = "40"'), r"setting 'steps' is '40'"),
    "float": (TASK.replace("steps = 40", "steps = 40.5"), r"setting 'steps' is 40\.5"),
    "key": (TASK + "sede = 3\n", r"unknown setting 'sede'; did you mean 'seeds'"),
    "absent": (TASK.replace("batch = 8\n", ""), r"setting 'batch' is missing"),
    "range": (TASK.replace("batch = 8", "batch = 0"), r"setting 'batch' is 0; .*greater than 0"),
    "chunks": (TASK + "chunks = 7\n", r"steps \(40\) must be a multiple of chunks \(7\)"),
    "toml": ("steps = = 3\n", r"not TOML: .*line 1"),
    "format": (TASK.replace("tiny_task:linear", "tiny_task"), r"setting 'factory' is 'tiny_task'"),
}

LATE_TASKS = {
    "module": ('factory = "nowhere:linear"', r"cannot import 'nowhere' of its factory"),
    "function": ('factory = "tiny_task:liner"', r"module 'tiny_task' has no function 'liner'"),
    "result": ('factory = "tiny_task:not_a_problem"', r"the factory returned int; expected lionsearch\.tasks\.Problem"),
    "failing": ('factory = "tiny_task:failing"', r"tiny_task:failing failed: OSError: no such data"),
    "option": ('factory = "tiny_task:linear"\noptions = {exmaples = 3}', r"unexpected keyword argument 'exmaples'"),
    "batch": ('factory = "tiny_task:linear"\noptions = {examples = 4}', r"a batch of 8 from 4 training examples"),
}

EXPERIMENTS = {
    "task": (EXPERIMENT.replace('"linear"', '"linaer"'), r"unknown task 'linaer'; did you mean 'linear'"),
    "initial": (EXPERIMENT.replace('"adamw"', '"adagradd"'), r"unknown program 'adagradd'; did you mean 'adagrad'"),
    "setting": (EXPERIMENT.replace("tournament", "tournamnet"), r"'search\.tournamnet'; did you mean 'tournament'"),
    "value": (EXPERIMENT.replace("population = 20", "population = -1"), r"'search\.population' is -1"),
    "twice": (EXPERIMENT + '\n[[tasks]]\ntask = "linear"\n', r"names linear twice"),
    "notask": (re.sub(r'\[\[tasks\]\]\ntask = "linear"', "", EXPERIMENT), r"setting 'tasks' is missing"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    (folder / "folder.py").mkdir()
    (folder / "bytes.py").write_bytes(b"\xff\xfe\x00")
    (folder / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (folder / "hessian.py").write_text("def train(w, g, lr, h_gnb):\n    return g / h_gnb\n")
    (folder / "zero.py").write_text("def train(w, g, lr):\n    return g\n")
    return folder


def error_of(done, first=True):
    """The error of a command that failed as it should."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert len(errors) == 1
    assert lines[0] == errors[0] or not first
    return errors[0]


@pytest.mark.parametrize("file", PROGRAMS)
def test_a_program_outside_the_language(project, run_here, file):
    text, message = PROGRAMS[file]
    (project / file).write_text(text)
    assert re.search(message, error_of(run_here("check", file)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "missing.py"], r"missing\.py: there is no such file"),
        (["check", "./folder.py"], r"folder\.py: this is a folder; expected a \.py file"),
        (["check", "folder.py"], r"folder\.py: this is a folder; expected a \.py file"),
        (["check", "programs"], r"programs: this is a folder; expected a \.py file"),
        (["check", "clip_norm(lion"], r"clip_norm\(lion: a parenthesis is not closed"),
        (["check", "bytes.py"], r"bytes\.py: not UTF-8 text: .* at byte 0"),
        (["check", "lino"], r"unknown program 'lino'; did you mean 'lion'"),
        (["check", "x" * 300], r"unknown program"),
        (["check", "./" + "x" * 300], r"there is no such file"),
        (["evaluate", "lion", "--task", "linaer"], r"unknown task 'linaer'; did you mean 'linear'"),
        (["evaluate", "lion", "--task", "bytes.toml"], r"bytes\.toml: not UTF-8 text"),
        (["evaluate", "hessian.py", "--task", "linear"], r"asks for 'h_gnb', .*`sampled_loss`; task 'linear' has none"),
        (["tune", "hessian.py", "--task", "linear"], r"asks for 'h_gnb', .*`sampled_loss`; task 'linear' has none"),
        (["tune", "lion", "--task", "nowhere.toml"], r"nowhere\.toml: there is no such file"),
        (["search", "tinny"], r"unknown experiment 'tinny'; did you mean 'tiny'"),
        (["search", "nowhere/tiny.toml"], r"nowhere/tiny\.toml: there is no such file"),
        (["search", "bytes.toml"], r"bytes\.toml: not UTF-8 text"),
        (["search", "tiny", "--workers", "0", "--address", "auto"], r"--workers 0 .* leave out --address"),
        (["resume", "nowhere", "--workers", "0"], r"nowhere: there is no such folder"),
        (["resume", "x" * 300], r"there is no such folder"),
        (["resume", "proxy_tasks"], r"proxy_tasks: not a run folder; config\.json is not in it"),
        (["inspect", "proxy_tasks"], r"proxy_tasks: not a run folder; config\.json is not in it"),
        (["search", "tiny", "--workers", "0", "--output", "proxy_tasks"], r"proxy_tasks: the folder is not empty"),
        (["search", "tiny", "--workers", "0", "--output", "tiny_task.py"], r"cannot be made a run folder: File exists"),
    ],
)  # fmt: skip
def test_names_and_files_that_are_not_there(project, run_here, arguments, message):
    assert re.search(message, error_of(run_here(*arguments)))
    assert not (project / "runs").exists()


@pytest.mark.parametrize("case", TASKS)
def test_a_task_with_a_wrong_setting(project, run_here, case):
    text, message = TASKS[case]
    (project / f"{case}.toml").write_text(text)
    error = error_of(run_here("evaluate", "lion", "--task", f"{case}.toml"))
    assert error.startswith(f"error: {case}.toml: ")
    assert re.search(message, error)


@pytest.mark.parametrize("case", LATE_TASKS)
def test_a_task_whose_fault_shows_when_it_is_made(project, run_here, case):
    text, message = LATE_TASKS[case]
    (project / f"late_{case}.toml").write_text(TASK.replace('factory = "tiny_task:linear"', text))
    error = error_of(run_here("evaluate", "lion", "--task", f"late_{case}.toml"))
    assert error.startswith(f"error: task 'late_{case}': ") or f"late_{case}: " in error
    assert re.search(message, error)


def test_a_search_on_a_task_that_cannot_be_made(project, tmp_path):
    write_task(project, "broken", "liner")
    write_experiment(project, "broken", EXPERIMENT.replace('"linear"', '"broken"'))
    done = run_cli(project, "search", "broken", "--workers", 0, "--output", tmp_path / "run")
    assert "error: task 'broken': module 'tiny_task' has no function 'liner'" in error_of(done, first=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.thorough
def test_a_search_that_cannot_be_leaves_the_users_files_in_its_folder(tmp_path):
    task = TASK.replace("tiny_task:linear", "making:make_folder")
    (tmp_path / "task.toml").write_text(task + 'options = {path = "data"}\n')
    text = EXPERIMENT.replace('"linear"', f'"{tmp_path / "task.toml"}"')
    (tmp_path / "experiment.toml").write_text(text)
    (tmp_path / "here").mkdir()
    (tmp_path / "making.py").write_text("import os\n\n\ndef make_folder(path):\n    os.mkdir(path)\n")
    done = run_cli(
        tmp_path / "here",
        "search",
        tmp_path / "experiment.toml",
        "--workers",
        0,
        "--output",
        ".",
        PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    )
    assert "the factory returned NoneType" in error_of(done, first=False)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["data"]


@pytest.mark.thorough
def test_a_resume_without_its_cluster_leaves_the_run_as_it_is(project, tmp_path, monkeypatch):
    monkeypatch.chdir(project)
    start_run(tmp_path / "run", load_experiment("tiny")).close()  # nothing is told yet
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    done = run_cli(project, "resume", tmp_path / "run", "--address", "127.0.0.1:1")
    assert "no Ray cluster at '127.0.0.1:1'" in error_of(done, first=False)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("case", EXPERIMENTS)
def test_an_experiment_with_a_wrong_setting(project, run_here, case):
    text, message = EXPERIMENTS[case]
    (project / f"{case}.toml").write_text(text)
    assert re.search(message, error_of(run_here("search", f"./{case}.toml", "--workers", 0)))
    assert not (project / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["check"],
        ["check", "lion", "--jsn"],
        ["evaluate", "lion"],
        ["evaluate", "lion", "--task", "linear", "--seeds", "0"],
        ["search", "tiny", "--workers", "-1"],
        ["search", "tiny", "--programs", "many"],
    ],
)
def test_wrong_usage_is_one_line_that_says_where_the_right_one_is(run_here, arguments):
    done = run_here(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert re.fullmatch(r"error: .*[;?] see: lionsearch( \w+)? -h\n", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["search", "tiny", "--seed", "x"],
            "error: invalid value for '--seed': 'x' is not an integer; see: lionsearch search -h\n",
        ),
        (["export", "lion", "--to", "json"], "invalid value for '--to': 'json' is not one of 'optax', "),
        (["evaluate", "lion", "--task", "linear", "--seeds", "0"], "'--seeds': should be greater than or equal to 1"),
    ],
)
def test_a_value_of_a_wrong_type_is_said_in_plain_words(run_here, arguments, message):
    printed = run_here(*arguments).stderr
    assert message in printed
    assert not re.search("Value error|Input|unable to parse", printed)


def test_the_version(run_here):
    done = run_here("--version")
    assert (done.returncode, done.stdout) == (0, f"{version('lionsearch')}\n")
    assert lionsearch.__version__ == version("lionsearch")


def test_a_program_without_statements_is_a_program(project):
    assert "0 of  0 statements live" in run_cli(project, "check", "zero.py").stdout


def test_an_interrupt_while_an_extension_is_loaded_is_one(monkeypatch):
    def app(**options):
        raise ImportError("while initializing the extension") from KeyboardInterrupt()

    left = []
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(cli, "_leave", left.append)
    monkeypatch.setattr("sys.unraisablehook", None)
    with pytest.raises(ImportError):
        cli.main()
    assert left == [130]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("Out of memory\nallocating 9 bytes.")])
def test_no_memory_left_is_a_line(monkeypatch, capsys, error):
    def app(**options):
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr("sys.unraisablehook", None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert re.fullmatch(r"error: out of memory: .+\n", capsys.readouterr().err)
