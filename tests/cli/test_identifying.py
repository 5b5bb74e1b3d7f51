import json

import pytest
from workers.tiny_project import run_cli

from lionsearch.cli.identifying import say_how_near, say_what_it_is
from lionsearch.identification import Identity
from lionsearch.identification.nearest import Neighbour


def test_identify_in_json_and_in_words(project):
    done = run_cli(project, "identify", "raw.py", "--nearest", 0)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "raw.py is no known optimizer, nor a transform of one\n"
    found = json.loads(run_cli(project, "identify", "signum", "--nearest", 0, "--json").stdout)
    assert (found["name"], found["nearest"]) == ("signum", [])


@pytest.mark.slow  # follows all known programs; `test_behaviour` follows some
def test_identify_names_the_nearest(project):
    done = run_cli(project, "identify", "signum", "--task", "linear", "--nearest", 2, "--json", timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["name", "hyperparameters", "transforms", "also", "schedule", "nearest"]
    assert (found["name"], found["transforms"], found["also"]) == ("signum", [], ["tiger"])
    assert found["hyperparameters"]["b1"] == 0.9
    assert [len(found["nearest"]), found["nearest"][0]["similarity"]] == [2, pytest.approx(1.0, abs=1e-6)]
    assert {"name", "similarity", "scale"} <= set(found["nearest"][0])


def test_what_it_is_in_a_sentence():
    assert say_what_it_is(None) == "is no known optimizer, nor a transform of one"
    lion = Identity("lion", ("cautious",), (("b1", 0.9), ("b2", 0.99)), ("tiger",))
    assert say_what_it_is(lion, ": the start").splitlines() == [
        "is cautious(lion) with b1 = 0.9, b2 = 0.99: the start",
        "with these constants the same rule: tiger",
    ]


def test_how_near_the_nearest_is():
    near = Neighbour("lion", 0.99871, 1.0, (("b1", 0.664), ("b2", 0.976), ("lr_scale", 0.0003)), ())
    assert say_how_near(near, "digits_rnn") == (
        "its updates are nearest to those of lion with b1 = 0.664, b2 = 0.976:"
        " mean cosine 0.9987 along one training of digits_rnn"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("lion", "--task", "nowhere"), "unknown task 'nowhere'"), (("runs/none:3",), "runs/none")],
)
def test_mistakes_are_one_line(run_here, arguments, message):
    done = run_here("identify", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
