import json
import shutil
import sqlite3

import pytest
from workers.tiny_project import read_rows

from lionsearch.cli.checking import is_run

SOUND = "runs/tiny  ok  200 of 200 candidates and "


def damage(folder, *statements):
    database = sqlite3.connect(folder / "run.sqlite")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


@pytest.fixture
def copied(project, searched):
    """A copy of the run, to be damaged."""
    shutil.copytree(project / "runs" / "tiny", project / "damaged", dirs_exist_ok=True)
    yield project / "damaged"
    for name in ("damaged", "saved"):
        shutil.rmtree(project / name, ignore_errors=True)


def test_what_is_a_run(project, searched):
    assert is_run(str(project / "runs" / "tiny"))
    assert not any(is_run(text) for text in ("lion", "lion\0", "x" * 5000, str(project), str(project / "raw.py")))


def test_a_sound_run_among_programs(project, searched, run_here):
    done = run_here("check", "lion", "runs/tiny")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith(SOUND)
    program, run = json.loads(run_here("check", "lion", "runs/tiny", "--json").stdout)
    assert program["name"] == "lion"
    assert (run["run"], run["is_sound"], run["candidates"], run["sound"]) == ("runs/tiny", True, 200, 200)
    assert run["faults"] == []


@pytest.mark.thorough
def test_a_damaged_run_is_saved_and_gone_on_with_to_the_same_end(project, copied, run_here):
    whole = read_rows(project / "runs" / "tiny")
    damage(
        copied,
        "UPDATE programs SET text = replace(text, 'lr', 'rl') WHERE first_candidate = 50",
        "UPDATE results SET scores = '[9]' WHERE fingerprint IN (SELECT fingerprint FROM programs"
        " WHERE first_candidate = 50)",
        "UPDATE candidates SET parent = number WHERE number = 120",
    )
    done = run_here("check", "damaged")
    assert done.returncode == 2
    first, advice, command = done.stdout.splitlines()
    assert first.startswith("damaged  damaged  198 of 200 candidates and ")
    assert advice == "candidates 0 to 49 and all sound evaluations can be saved, and gone on from, with:"
    assert command.endswith("lionsearch check damaged --save FOLDER")
    assert [line.split(":")[:2] for line in done.stderr.splitlines()] == [["error", " damaged"]] * 3
    saved = run_here("check", "damaged", "--save", "saved")
    assert "saved in saved; go on with:\n" in saved.stdout
    assert "lionsearch resume saved\n" in saved.stdout
    assert run_here("resume", "saved", "--workers", 0).returncode == 0
    assert read_rows(project / "saved") == whole


def test_saving_is_of_one_run(project, searched, run_here):
    for arguments in (("lion",), ("runs/tiny", "lion"), ("runs/nowhere",)):
        done = run_here("check", *arguments, "--save", "saved")
        assert (done.returncode, done.stderr) == (
            2,
            "error: --save saved: expected one run folder to save from, and no program\n",
        )
    done = run_here("check", "runs/tiny", "--save", "runs/tiny")
    assert "runs/tiny: the folder is not empty; choose another" in done.stderr


DAMAGES = {
    "a parent of itself": "UPDATE candidates SET parent = number WHERE number = 50",
    "parents in a circle": "UPDATE candidates SET parent = 51 - number + 50 WHERE number IN (50, 51)",
    "a parent that is text": "UPDATE candidates SET parent = 'x' WHERE number = 50",
    "an infinite size": "UPDATE candidates SET statements = 1e999 WHERE number = 50",
    "metrics that are a blob": "UPDATE results SET metrics = x'80ff' WHERE position = 0",
    "metrics that are numbers": "UPDATE results SET metrics = 3",
    "deep scores": "UPDATE results SET scores = printf('%.*c', 100000, '[')",
    "an unknown kind of failure": "UPDATE results SET failure = 'bad luck' WHERE failure IS NOT NULL",
    "an unknown stage": "UPDATE evaluations SET stage = 'later' WHERE stage = 'confirm'",
    "text that is not UTF-8": "UPDATE programs SET text = CAST(x'80ff' AS TEXT)",
    "a program that is a blob": "UPDATE programs SET text = x'80ff'",
    "a constant that was changed": "UPDATE programs SET text = replace(text, '1', '2')",
    "no programs": "DELETE FROM programs",
    "no results": "DELETE FROM results",
    "conditions of another type": "UPDATE conditions SET value = x'80ff'",
    "no such table": "DROP TABLE results",
    "a view": "CREATE VIEW more AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT * FROM n",
    "another format": "PRAGMA user_version = 77",
}
COMMANDS = (
    ("inspect", "damaged"),
    ("inspect", "damaged", "--candidate", 50),
    ("show", "damaged:50"),
    ("check", "damaged"),
    ("check", "damaged", "--json"),
)


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_run_is_reported_in_lines_that_name_it(copied, run_here, what):
    damage(copied, DAMAGES[what])
    codes = []
    for command in COMMANDS:
        done = run_here(*command)
        codes.append(done.returncode)
        assert done.returncode in (0, 2)
        assert all(line.startswith("error: damaged: ") for line in done.stderr.splitlines()), done.stderr
        assert bool(done.stderr) == (done.returncode == 2) or "--json" in command
    assert codes[3:] == [2, 2]


@pytest.mark.faults
@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_run_is_resumed_to_the_same_end_or_refused_in_one_line(project, copied, run_here, what):
    damage(copied, DAMAGES[what])
    done = run_here("resume", "damaged", "--workers", 0)
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert set(read_rows(copied)) >= set(read_rows(project / "runs" / "tiny"))
    else:
        assert done.returncode == 2
        assert len(errors) == 1
        assert errors[0].startswith("error: damaged: ")


def test_a_flipped_bit_in_the_configuration_is_found(copied, run_here):
    path = copied / "config.json"
    path.write_text(path.read_text().replace('"programs": 200', '"programs": 201'))
    done = run_here("check", "damaged")
    assert done.returncode == 2
    assert "error: damaged: its config.json is not as it was written" in done.stderr


@pytest.mark.parametrize("text", ["", "{}", "[]", "\x00", '{"experiment": 3}', "[" * 10**5], ids=lambda text: text[:16])
def test_a_damaged_configuration_is_reported_in_one_line(copied, run_here, text):
    (copied / "config.json").write_text(text)
    for command in (("inspect", "damaged"), ("resume", "damaged", "--workers", 0), ("check", "damaged")):
        done = run_here(*command)
        assert done.returncode == 2
        [line] = done.stderr.splitlines()
        assert line.startswith("error: damaged: ")
