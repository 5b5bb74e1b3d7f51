import csv
import io
import json

import pytest
from reports.made_runs import make_run


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    make_run(folder / "run", 8)
    make_run(folder / "begun", 0, ended=False)
    return folder


def test_several_runs_stand_side_by_side(run_here):
    done = run_here("inspect", "run", "begun")
    assert done.returncode == 0, done.stderr
    header, run, begun, _, meaning = done.stdout.splitlines()
    assert header.startswith("run    programs  programs/s  trainings  cache hits, %  best  statements  on fresh seeds")
    assert run.split()[:2] == ["run", "8"]
    assert "+0.0750 ±0.0025  +0.0700 ±0.0021  signum" in run
    assert begun.split() == ["begun", "0", "-", "0", "0", *("-" * 5)]
    assert meaning.endswith("0 is tuned AdamW, ± a 95 % confidence interval over the seeds")


def test_side_by_side_in_json_and_as_csv(run_here):
    run, begun = json.loads(run_here("inspect", "run", "begun", "--json").stdout)
    assert (run["run"], run["programs"], run["candidate"], run["method"]) == ("run", 8, 2, "signum")
    assert run["test"]["mean"] == pytest.approx(0.07)
    assert run["programs_per_second"] == pytest.approx(8 / 1070)
    assert (begun["candidate"], begun["fresh"], begun["seconds"]) == (None, None, None)
    rows = list(csv.DictReader(io.StringIO(run_here("inspect", "run", "begun", "--csv").stdout)))
    assert [row["run"] for row in rows] == ["run", "begun"]
    assert float(rows[0]["test_interval"]) == pytest.approx(run["test"]["interval"])
    assert rows[1]["fresh"] == ""


def test_what_is_for_one_run_is_refused_for_several(run_here):
    for option in (["--where", "score > 0"], ["--sort", "score"], ["--top", "3"], ["--lineage"]):
        done = run_here("inspect", "run", "begun", *option)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"error: {option[0]} is for one run; several, or islands, are shown side by side\n"
