import json
import re
import signal
import subprocess
import time

import pytest
from workers.tiny_project import SCRIPT, run_cli, write_project

FEW = ("--points", 3, "--seeds", 2, "--workers", 0)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    task = (folder / "proxy_tasks" / "linear.toml").read_text()
    (folder / "proxy_tasks" / "longer.toml").write_text(f'stage = "middle"\n{task}')
    done = run_cli(folder, "search", "tiny", "--workers", 0)
    assert done.returncode == 0, done.stderr
    return folder


def test_compare_prints_a_table_and_writes_page_and_plot(project, run_here):
    done = run_here("compare", "lion", "sgd", "--task", "linear", *FEW)
    assert done.returncode == 0, done.stderr
    heads, *rows = [line.split() for line in done.stdout.splitlines()]
    assert heads[:3] == ["place", "program", "linear"]
    assert {row[1] for row in rows} == {"adamw_debiased", "lion", "sgd"}
    assert "score: 0 is AdamW with bias correction, tuned alike" in done.stderr
    page = (project / "comparison" / "comparison.md").read_text()
    assert (
        "`lionsearch compare lion sgd adamw_debiased --task linear --points 3 --tune-seeds 2 --seeds 2"
        " --output comparison`" in page
    )
    assert (project / "comparison" / "comparison.svg").read_text().startswith("<?xml")
    rows = json.loads((project / "comparison" / "comparison.json").read_text())
    assert {row["program"] for row in rows} == {"adamw_debiased", "lion", "sgd"}
    assert all(row["learning_rate"] > 0 for row in rows)


def test_compare_again_trains_nothing_and_says_the_same(project, run_here):
    first, second = (run_here("compare", "lion", "--task", "linear", *FEW, "--output", "again") for _ in range(2))
    assert first.stdout == second.stdout
    lines = (project / "again" / "trials.jsonl").read_text().splitlines()
    assert len(lines) == len({*lines})


def test_json_has_a_row_for_each_program_and_task(project, run_here):
    done = run_here("compare", "lion", "--task", "linear", "--task", "longer", *FEW, "--json")
    rows = json.loads(done.stdout)
    assert sorted((row["program"], row["task"]) for row in rows) == [
        (name, task) for name in ("adamw_debiased", "lion") for task in ("linear", "longer")
    ]
    adamw = next(row for row in rows if row["program"] == "adamw_debiased")
    assert (adamw["score"], adamw["scores"]) == (0, [0, 0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "lion", "lion", "--task", "linear"), "'lion' is given twice"),
        (("compare", "lionn", "--task", "linear"), "unknown program 'lionn'; did you mean 'lion'"),
        (("compare", "lion", "--task", "linear", "--task", "linear"), "a task is given twice"),
        (("funnel", "runs/none"), "runs/none: there is no such folder"),
        (("funnel", "runs/tiny", "--stages", "proxy,middel"), "unknown stage 'middel'; did you mean 'middle'"),
        (("funnel", "runs/tiny", "--stages", "proxy,proxy"), "each once; not proxy, proxy"),
        (
            ("funnel", "runs/tiny", "--stages", "target", "--task", "longer"),
            "task 'longer' is of stage 'middle'; expected one of a later stage, target",
        ),
    ],
)
def test_mistakes_are_one_line(project, run_here, words, message):
    done = run_here(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(rf"error: .*{re.escape(message)}.*\n", done.stderr), done.stderr


FUNNEL = ("funnel", "runs/tiny", "--task", "longer", "--programs", 4, *FEW)


def test_a_funnel_prints_its_stages_and_who_fell(project, run_here):
    done = run_here(*FUNNEL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stage proxy, validation data:\nplace")
    assert re.search(r"goes on|falls: ", done.stdout)
    assert re.search("winner: |no program climbed every stage|is not better than AdamW on test data", done.stdout)
    assert re.search(r"stage proxy: \d of \d programs go on", done.stderr)
    page = (project / "runs" / "tiny" / "funnel" / "funnel.md").read_text()
    assert page.startswith("# Funnel\n\n`lionsearch funnel ")
    assert re.search("Test data: |test data was left alone", page)


@pytest.mark.thorough
def test_a_funnel_that_was_killed_ends_the_same(project, run_here):
    whole = run_here(*FUNNEL, "--json", "--output", "whole")
    command = [SCRIPT, *map(str, FUNNEL), "--json", "--output", "killed"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    trials = project / "killed" / "trials.jsonl"
    deadline = time.monotonic() + 120
    while not (trials.exists() and len(trials.read_bytes().splitlines()) > 8):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = run_here(*FUNNEL, "--json", "--output", "killed")

    def strip(text):
        return re.sub(r'"seconds_per_step": [^,}]*', "", text)

    assert strip(again.stdout) == strip(whole.stdout)


@pytest.mark.ray
@pytest.mark.thorough
def test_a_comparison_is_the_same_on_ray(project):
    words = ("compare", "lion", "--task", "linear", "--task", "longer", "--points", 4, "--seeds", 2, "--json")
    here = run_cli(project, *words, "--workers", 0, "--output", "here")
    there = run_cli(project, *words, "--workers", 2, "--output", "there")
    assert there.returncode == 0, there.stderr
    rows = [[{**row, "seconds_per_step": 0} for row in json.loads(done.stdout)] for done in (here, there)]
    assert rows[0] == rows[1]


def test_rivals_are_tuned_like_programs(project, run_here):
    (project / "of_mine.py").write_text(
        "import optax\n\ndef make(learning_rate):\n    return optax.chain(optax.clip(1.0), optax.sgd(learning_rate))\n"
    )
    done = run_here("compare", "lion", "--task", "linear", *FEW, "--output", "rivals")
    assert done.returncode == 0, done.stderr
    done = run_here("compare", "optax:lion", "lion", "of_mine:make", "--task", "linear", *FEW, "--output", "rivals")
    assert done.returncode == 0, done.stderr
    rows = {row["program"]: row for row in json.loads((project / "rivals" / "comparison.json").read_text())}
    assert rows["optax:lion"]["learning_rate"] == rows["lion"]["learning_rate"]
    assert rows["optax:lion"]["loss"] == pytest.approx(rows["lion"]["loss"], rel=1e-3)
    assert rows["of_mine:make"]["weight_decay"] is None
    assert {row["gradients"] for row in rows.values()} == {1.0}
    assert [row["state"] for row in rows.values()].count(2.0) == 1


def test_without_a_program_there_is_nothing_to_compare(run_here):
    done = run_here("compare", "--task", "linear", *FEW)
    assert done.returncode == 2
    assert done.stderr.strip() == "error: give programs to compare, or --all"
