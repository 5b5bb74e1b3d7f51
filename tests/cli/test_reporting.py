import json
import signal
import urllib.request

import pytest
from reports.made_runs import make_run
from workers.tiny_project import kill_group, start_cli


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    make_run(folder / "run")
    make_run(folder / "begun", 0, ended=False)
    return folder


def test_report_writes_a_page(project, run_here):
    done = run_here("report", "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote run/report.html: open it in a browser\n", "")
    assert "Better than" not in done.stdout
    assert "better than tuned AdamW on both tasks" in (project / "run" / "report.html").read_text()


def test_a_report_of_several_runs_is_in_the_working_folder(project, run_here):
    assert run_here("report", "run", "begun").stdout == "wrote report.html: open it in a browser\n"
    assert "The runs side by side" in (project / "report.html").read_text()


def test_report_of_several_runs_in_json(project, run_here):
    done = run_here("report", "run", "begun", "-o", "both.html", "--json")
    assert json.loads(done.stdout) == {"file": "both.html", "bytes": (project / "both.html").stat().st_size}


def test_report_of_what_is_no_run(run_here):
    done = run_here("report", "nowhere")
    assert (done.returncode, done.stderr) == (2, "error: nowhere: there is no such folder\n")


def test_watch_serves_until_it_is_interrupted(project):
    process = start_cli(project, "watch", "run", "--json")
    try:
        address = json.loads(process.stdout.readline() + process.stdout.readline() + process.stdout.readline())
        with urllib.request.urlopen(address["address"], timeout=60) as answer:
            assert answer.read().startswith(b"<!DOCTYPE html>")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""
    finally:
        kill_group(process)


def test_watch_of_what_is_no_run(run_here):
    done = run_here("watch", "nowhere")
    assert (done.returncode, done.stderr) == (2, "error: nowhere: there is no such folder\n")
