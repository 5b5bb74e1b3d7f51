import json

import pytest
from workers.tiny_project import run_cli

from lionsearch.graph import check_program


def test_simplify_without_tasks_logs_each_step(project):
    done = run_cli(project, "simplify", "raw.py")
    assert done.returncode == 0, done.stderr
    assert "dead code: " in done.stdout
    assert "sign(m)" in done.stdout
    assert "def train(w, g, m, lr, *, b1=0.8999999761581421):" in done.stdout
    assert "lionsearch identify" in done.stdout


def test_simplify_with_a_task_in_json(project):
    arguments = ("--task", "linear", "--seeds", 3, "--tolerance", 0.05, "-o", "short.py", "--json")
    done = run_cli(project, "simplify", "raw.py", *arguments, timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["program", "statements", "slots", "steps", "unseen", "finished"]
    assert found["program"] == (project / "short.py").read_text()
    program = check_program(found["program"])
    assert (len(program.statements), len(program.slots)) == (found["statements"], found["slots"])
    assert found["statements"] <= 6
    assert abs(found["unseen"]["linear"]["difference"]) <= 0.05
    stages = [step["stage"] for step in found["steps"]]
    assert {"dead code", "algebra", "little effect"} <= set(stages)
    measured = [step for step in found["steps"] if step["stage"] == "little effect"]
    assert all(step["before"] is not None and step["interval"] is not None for step in measured)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("simplify", "nothing"), "unknown program 'nothing'"),
        (("simplify", "lion", "--task", "nowhere"), "unknown task 'nowhere'"),
        (("simplify", "lion", "--task", "linear", "--task", "linear"), "a task is given twice"),
        (("simplify", "broken.py", "--task", "linear"), "cannot be simplified on linear"),
        (("simplify", "lion", "-o", "no/such/folder.py"), "cannot be written: no/such is no folder"),
        (("simplify", "lion", "-o", "short.txt"), "expected the name of a file that ends in .py"),
        (("simplify", "lion", "-o", "."), "expected the name of a file that ends in .py"),
        (("simplify", "lion", "-o", "x" * 300 + "/short.py"), "cannot be written: File name too long"),
    ],
)
def test_mistakes_are_one_line(project, run_here, arguments, message):
    (project / "broken.py").write_text("def train(w, g, lr): return g * -1e30\n")
    run = run_cli if "broken.py" in arguments else lambda project, *words: run_here(*words)
    done = run(project, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
