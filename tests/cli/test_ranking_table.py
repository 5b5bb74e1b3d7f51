import json

import pytest
from workers.tiny_project import run_cli, write_project


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path)


def test_several_programs_are_ranked_on_the_command_line(project, run_here):
    arguments = ("tune", "sgd", "clip_norm(sgd, limit=2)", "--task", "linear", "--output", "ranked")
    first = run_cli(project, *arguments, "mine", timeout=180)
    assert first.returncode == 0, first.stderr
    assert {line.split()[1] for line in first.stdout.splitlines()[1:]} == {"sgd", "clip_norm(sgd,", "mine"}
    assert {path.name for path in (project / "ranked").glob("[!.]*")} == {"linear.jsonl", "ranking.md", "ranking.svg"}
    table = (project / "ranked" / "ranking.md").read_text()
    assert "`lionsearch tune 'clip_norm(sgd, limit=2)' mine sgd --task linear --output ranked`" in table
    assert (project / "ranked" / "ranking.svg").read_text().lstrip().startswith("<?xml")
    (project / "ranked" / "notes.jsonl").write_text("another file\n")
    again = run_here(*arguments)
    assert "linear 2/2" not in again.stderr, "nothing is measured twice"
    assert {line.split()[1] for line in again.stdout.splitlines()[1:]} == {"sgd", "clip_norm(sgd,"}
    assert again.stderr.endswith("hold all that is ranked there: 3 programs on 1 task\n")
    assert (project / "ranked" / "ranking.md").read_text() == table
    in_json = run_here(*arguments, "--json")
    assert {row["program"] for row in json.loads(in_json.stdout)} == {"sgd", "clip_norm(sgd, limit=2)"}
    wrong = run_here("tune", "--task", "linear")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: give one program to tune, several to rank, or --all")
