import json

import pytest
from workers.tiny_project import run_cli

from lionsearch.archive import RunStore
from lionsearch.lang import parse
from lionsearch.records import Stage
from lionsearch.runs.view import Run


def test_inspect_in_json(project, searched, run_here):
    content = json.loads(run_here("inspect", "runs/tiny", "--top", 4, "--json").stdout)
    assert (content["run"], content["experiment"], content["tasks"]) == ("runs/tiny", "tiny", ["linear"])
    assert content["generated"] == content["total"] == 200
    assert content["statements"] == searched["statements"]
    assert len(content["search"]) == 4
    everything = json.loads(run_here("inspect", "runs/tiny", "--top", 1000, "--json").stdout)["search"]
    order = [(-row["seeds"], 0.005 * row["statements"] - row["score"]) for row in everything]
    assert order == sorted(order)
    assert content["search"] == everything[:4]
    assert len({row["seeds"] for row in everything}) > 1
    assert content["confirm"][0]["candidate"] == searched["best"]["candidate"]
    assert content["confirm"][0]["program"] == searched["best"]["program"]
    assert sum(content["failures"].values()) < content["unique"]


def test_inspect_as_text(project, searched, run_here):
    done = run_here("inspect", "runs/tiny")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("runs/tiny: 200 of 200 programs, ")
    for title in (
        "best in the search",
        "best on fresh seeds, by mean score less 0.005 for each statement; 0",
        "best on test data and held-out seeds, by mean score",
        "best on fresh seeds for its length",
        "  form",
        "form: the known optimizers that it is but for constants",
    ):
        assert title in done.stdout


def test_the_front_gets_better_as_it_gets_longer(project, searched, run_here):
    front = json.loads(run_here("inspect", "runs/tiny", "--top", 1, "--json").stdout)["front"]
    assert [row["statements"] for row in front] == sorted({row["statements"] for row in front})
    assert [row["score"] for row in front] == sorted(row["score"] for row in front)
    assert searched["best"]["candidate"] in {row["candidate"] for row in front}
    assert all(row["statements"] == len(parse(row["program"]).statements) for row in front)


def test_inspect_a_candidate(project, searched, run_here):
    number = searched["best"]["candidate"]
    content = json.loads(run_here("inspect", "runs/tiny", "--candidate", number, "--json").stdout)
    assert content["candidate"] == number
    assert content["program"] == searched["best"]["program"]
    lineage = content["lineage"]
    assert lineage[0]["number"] == number
    assert [row["parent"] for row in lineage] == [*(row["number"] for row in lineage[1:]), None]
    assert lineage[-1]["change"] == "initial"
    plain = run_here("inspect", "runs/tiny", "--candidate", number).stdout
    assert plain.startswith(searched["best"]["program"])
    ancestors = [line.split() for line in plain.rstrip().splitlines()[-len(lineage) :]]
    assert [int(words[0]) for words in ancestors] == [row["number"] for row in lineage]
    assert ancestors[-1][:2] == ["0", "initial"]
    assert lineage[0]["score"] == pytest.approx(searched["best"]["search"]["score"])


def test_a_lineage_says_what_each_step_changed(project, searched, run_here):
    number = searched["best"]["candidate"]
    printed = run_here("inspect", "runs/tiny", "--lineage", number).stdout
    assert printed == run_here("inspect", "runs/tiny", "--candidate", number).stdout
    lineage = json.loads(run_here("inspect", "runs/tiny", "--lineage", number, "--json").stdout)["lineage"]
    for row in lineage:
        if row["diff"] is not None:
            assert f"\ncandidate {row['number']}, {row['change']}, " in printed
            assert all(f"  {line}\n" in printed for line in row["diff"])


def test_a_lineage_is_by_default_that_of_the_best(project, searched, run_here):
    expected = run_here("inspect", "runs/tiny", "--lineage", searched["best"]["candidate"]).stdout
    for arguments in (["runs/tiny", "--lineage"], ["--lineage", "runs/tiny"], ["runs/tiny", "--candidate", "best"]):
        assert run_here("inspect", *arguments).stdout == expected
    wrong = run_here("inspect", "runs/tiny", "--lineage", "seven")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "'seven' is not the number of a candidate, nor 'best'" in wrong.stderr


def test_inspect_a_candidate_that_failed(project, searched, run_here):
    store = RunStore.read(project / "runs" / "tiny")
    failed = {name: each for name, each in store.evaluations(Stage.SEARCH).items() if each.failure is not None}
    number = next(number for number in range(200) if store.lineage(number)[0].fingerprint in failed)
    result = failed[store.lineage(number)[0].fingerprint].results[-1]
    store.close()
    lineage = json.loads(run_here("inspect", "runs/tiny", "--candidate", number, "--json").stdout)["lineage"]
    assert lineage[0]["score"] is None
    assert lineage[0]["failure"]["task"] == result.task
    assert lineage[0]["failure"]["detail"] == result.failure.detail
    assert lineage[-1]["failure"] is None
    printed = run_here("inspect", "runs/tiny", "--candidate", number).stdout
    assert f"\nfailed on {result.task}: {result.failure.detail}\n" in printed
    row = next(line for line in printed.splitlines() if line.split()[:1] == [str(number)])
    assert row.rstrip().endswith(f"failed on {result.task}")


def test_inspect_a_candidate_that_is_not_there(project, searched, run_here):
    done = run_here("inspect", "runs/tiny", "--candidate", 200)
    assert done.returncode == 2
    assert done.stderr == "error: runs/tiny: there is no candidate 200; 200 are stored, numbered from 0\n"


def test_the_first_of_many_are_the_first_of_all(project, searched):
    run = Run(project / "runs" / "tiny")
    for top in (1, 7, 1000):
        assert run.ranked(Stage.SEARCH, top) == run.ranked(Stage.SEARCH)[:top]


def test_inspect_loads_no_jax_and_no_ray(project, searched):
    done = run_cli(project, "inspect", "runs/tiny", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "lionsearch.archive.store" in loaded
    assert not {"jax", "ray"} & loaded
