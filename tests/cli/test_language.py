import json
import subprocess
import sys
from pathlib import Path

import pytest
from workers.tiny_project import environment, run_cli, start_cli, write_project

from lionsearch.archive import CandidateRow, RunStore
from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS
from lionsearch.lang import parse

KEYS = ["name", "statements", "live_statements", "slots", "inputs", "fingerprint"]
HEAVY = ("jax", "ray", "sklearn", "optax")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))


def test_check_says_what_is_live(project):
    (project / "dead.py").write_text("def train(w, g, m, v, lr):\n  x = sin(w)\n  m = m + g\n  return m * lr, m, v\n")
    done = run_cli(project, "check", "dead.py", "lion")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("dead  ok   2 of  3 statements live, 1 slot, ")
    assert second.startswith("lion  ok   7 of  7 statements live, 1 slot, ")
    assert done.stderr == ""


def test_check_goes_on_after_a_program_that_is_wrong(project, run_here):
    (project / "loop.py").write_text("def train(w, g, lr):\n    for x in g:\n        pass\n    return g\n")
    done = run_here("check", "mine", "nosuch.py", "loop.py", "lion")
    assert done.returncode == 2
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["mine", "ok"], ["lion", "ok"]]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors[0] == "error: nosuch.py: there is no such file"
    assert errors[1].startswith("error: loop.py:2:5: ")
    assert len(errors) == 2
    done = run_here("check", "nosuch.py", "lion", "--json")
    assert done.returncode == 2
    bad, good = json.loads(done.stdout)
    assert bad == {"name": "nosuch.py", "error": "nosuch.py: there is no such file"}
    assert list(good) == KEYS


def test_check_in_json(run_here):
    done = run_here("check", "lion", "mine", "--json")
    lion, mine = json.loads(done.stdout)
    assert list(lion) == list(mine) == KEYS
    assert (lion["name"], lion["slots"], lion["inputs"]) == ("lion", 1, ["w", "g", "lr"])
    assert (mine["name"], mine["statements"], mine["live_statements"], mine["slots"]) == ("mine", 2, 2, 0)
    assert mine["inputs"] == ["g", "lr"]
    assert len(lion["fingerprint"]) == 24


@pytest.mark.parametrize(
    ("command", "shelf", "own"),
    [("programs", PROGRAMS, "mine"), ("tasks", TASKS, "linear"), ("experiments", EXPERIMENTS, "tiny")],
)
def test_lists_hold_the_shipped_names_and_those_of_the_folder(run_here, command, shelf, own):
    done = run_here(command, "--json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    names = [row["name"] for row in rows]
    assert sorted(names) == sorted({*shelf.names(), own})
    assert names == sorted(names) or command == "tasks", "which are by stage"
    plain = run_here(command)
    assert plain.stderr == ""
    names = [line.split()[0] for line in plain.stdout.splitlines()]
    assert names == ["name", *(row["name"] for row in rows)]
    shown = "from" if command == "programs" else "description"
    assert all(row[shown] in plain.stdout for row in rows)


def test_tasks_are_listed_by_stage(run_here):
    rows = json.loads(run_here("tasks", "--json").stdout)
    order = ["proxy", "middle", "target", "accelerator"]
    assert [row["stage"] for row in rows] == sorted((row["stage"] for row in rows), key=order.index)
    assert {row["name"]: row["stage"] for row in rows}["linear"] == "proxy", "as a task that says nothing"
    some = json.loads(run_here("tasks", "--stage", "middle", "--stage", "target", "--json").stdout)
    assert [row["name"] for row in some] == [row["name"] for row in rows if row["stage"] in ("middle", "target")]
    assert "'proxy', 'middle', 'target', 'accelerator'" in run_here("tasks", "--stage", "large").stderr


def test_programs_say_where_they_are_from_and_what_they_need(run_here):
    rows = {row["name"]: row for row in json.loads(run_here("programs", "--json").stdout)}
    soap, lion, mine = rows["soap"], rows["lion"], rows["mine"]
    assert (lion["year"], lion["group"], lion["state"], lion["needs"]) == (2023, "sign", "1", [])
    assert lion["source"].startswith("Chen et al. 2023 (arXiv 2302.06675)")
    assert {"t", "matrices"} <= set(soap["needs"])
    assert (mine["year"], mine["source"], mine["group"]) == (None, "", "")


def test_show_prints_equations_source_and_the_program(run_here):
    done = run_here("show", "lion")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("lion: Lion: ")
    assert "    m <- b2 m + (1 - b2) g" in lines
    assert "source: Chen et al. 2023 (arXiv 2302.06675), program 1." in lines
    assert "def train(w, g, m, lr, *, b1=0.9, b2=0.99, weight_decay=0.1, lr_scale=0.0003):" in lines


@pytest.mark.parametrize(
    ("slots", "shown"),
    [
        ("", "0"),
        ("m, v, ", "2 (for each parameter)"),
        ("s: scalar, ", "scalar"),
        ("m, s: scalar, r: row, ", "1 (for each parameter), scalar, row"),
    ],
)
def test_show_says_what_is_kept_for_each_parameter(project, run_here, slots, shown):
    names = "".join(f", {slot.split(':')[0]}" for slot in slots.split(", ") if slot)
    (project / "state.py").write_text(f"def train(w, g, {slots}lr): return g * lr{names}\n")
    assert f"state: {shown}" in run_here("show", "state.py").stdout.splitlines()


def test_show_without_a_docstring_has_the_name_only(run_here):
    assert run_here("show", "mine").stdout.startswith("mine\n\nstate: 0\n")


def test_show_prints_what_the_page_on_transforms_says(run_here):
    page = (Path(__file__).parents[2] / "docs" / "gallery" / "transforms.md").read_text()
    command = '$ lionsearch show "lookahead(sgd, k=5)"\n'
    printed = page[page.index(command) + len(command) :].split("```")[0]
    assert run_here("show", "lookahead(sgd, k=5)").stdout == printed


def test_show_parts_the_title_the_equations_and_the_notes_of_a_composition_by_one_line(run_here):
    printed = run_here("show", "clip_norm(muon)").stdout
    assert printed.startswith("clip_norm(muon)\n\n    m <- ")
    assert "\n\n\n" not in printed


def test_show_says_which_equations_and_source_are_of_which_program(run_here):
    lines = run_here("show", "matrices(muon, adamw_debiased)").stdout.splitlines()
    first, second = lines.index("    muon:"), lines.index("    adamw_debiased:")
    assert lines[first + 1] == lines[second + 1] == "      m <- b1 m + (1 - b1) g"
    [source] = [line for line in lines if line.startswith("source: ")]
    assert source.startswith("source: muon: Jordan et al. 2024 ")
    assert "; adamw_debiased: Loshchilov & Hutter 2019 " in source
    assert "group: matrix, adaptive" in lines


def test_show_takes_a_candidate_of_a_run(project, run_here):
    store = RunStore.create(project / "run", "{}")
    store.add_candidate(CandidateRow(0, None, "initial", "f0", 1, 1))
    store.add_program("f0", 0, "def train(w, g, lr):\n    return g * lr\n")
    store.close()
    printed = run_here("show", "run:0").stdout
    assert printed.startswith("candidate_0\n\nfrom: run, no score in the search\nstate: 0\n\ndef train(w, g, lr):\n")
    done = run_here("show", "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: run: this is a run; expected run:ID, ID the number of a candidate\n"


def test_show_prints_a_composition_as_one_program(run_here):
    done = run_here("show", "lookahead(mine, k=3)")
    text = done.stdout[done.stdout.index("def train") :]
    program = parse(text)
    assert (program.slots, dict(program.hyperparameters)["k"]) == (("slow",), 3.0)
    row = json.loads(run_here("show", "lookahead(mine, k=3)", "--json").stdout)
    assert parse(row["program"]) == program
    assert row["name"] == "lookahead(mine, k=3)"


def test_rivals_are_listed(run_here):
    rows = {row["name"]: row for row in json.loads(run_here("rivals", "--json").stdout)}
    assert "Defazio" in rows["rival:saga"]["source"]
    assert "rival:newton" in run_here("rivals").stdout


def test_transforms_are_listed(run_here):
    rows = {row["name"]: row for row in json.loads(run_here("transforms", "--json").stdout)}
    assert rows["lookahead"]["settings"] == {"k": 5.0, "alpha": 0.5}
    assert rows["matrices"]["programs"] == 2
    plain = run_here("transforms").stdout
    assert all(name in plain for name in rows)


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_wrong_composition_is_one_line(run_here, command):
    done = run_here(command, "lookahed(lion)")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: lookahed(lion): unknown transform 'lookahed'; did you mean 'lookahead'?\n"


@pytest.mark.parametrize("command", ["programs", "tasks"])
def test_a_reader_that_has_had_enough_is_no_error(project, command):
    process = start_cli(project, command, "--json")
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == ""
    process.wait(timeout=30)


def loaded_modules(project, *arguments):
    """The modules that a command loads."""
    code = (
        "import sys; from lionsearch.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print(set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stderr


def test_check_loads_little(project):
    loaded = loaded_modules(project, "check", "lion")
    assert "'typer'" in loaded
    assert not [name for name in (*HEAVY, "rich", "lionsearch.catalog.schema") if f"'{name}'" in loaded]


@pytest.mark.parametrize("command", [("programs",), ("tasks",), ("experiments",), ("--help",)])
def test_lists_load_no_jax_and_no_ray(project, command):
    loaded = loaded_modules(project, *command)
    assert not [name for name in HEAVY if f"'{name}'" in loaded]
