import json

import pytest
from comparison.contests import LOSSES, SPECS, contest
from comparison.surfaces import Bowls
from evaluation.small_tasks import make_spec

from lionsearch.comparison.ledger import TRIALS, open_ledger
from lionsearch.errors import SettingError


def test_a_line_that_was_cut_off_is_made_again(tmp_path):
    whole = contest(tmp_path, Bowls(LOSSES))
    path = tmp_path / TRIALS
    path.write_bytes(path.read_bytes()[:-20])
    pool = Bowls(LOSSES)
    assert contest(tmp_path, pool) == whole
    assert len(pool.asked) == 1
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_task_of_other_settings_or_code_is_refused(tmp_path):
    contest(tmp_path, Bowls(LOSSES))
    with pytest.raises(SettingError, match="task 'a' had other settings when its trainings were made"):
        contest(tmp_path, Bowls(LOSSES), [make_spec(name="a", steps=30), SPECS[1]])
    with open_ledger(tmp_path, [make_spec(name="a", description="other words", learning_rate=7.0), SPECS[1]]) as ledger:
        assert [spec.learning_rate for spec in ledger.tasks] == [spec.learning_rate for spec in SPECS]
    with open_ledger(tmp_path / "new", [make_spec(name="a", learning_rate=7.0)]) as ledger:
        assert ledger.tasks[0].learning_rate == 7.0

    class Edited(Bowls):
        def fingerprint_tasks(self):
            return {"a": "other", "b": "code of b"}

    path = tmp_path / TRIALS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(SettingError, match="task 'a' had other data or code when its trainings were made"):
        contest(tmp_path, Edited(LOSSES))


@pytest.mark.parametrize(
    "line",
    ["[]", "{}", "no JSON", '{"task": "a", "program": "x", "factor": "y"}', '{"task":' + "[" * 5000, "1e999", '"text"'],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path, line):
    contest(tmp_path, Bowls(LOSSES))
    with (tmp_path / TRIALS).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(SettingError, match=r"trials\.jsonl: line \d+ is no training; move the file away"):
        contest(tmp_path, Bowls(LOSSES))


def test_two_processes_do_not_add_to_one_file(tmp_path):
    with open_ledger(tmp_path, SPECS), pytest.raises(SettingError, match="another process is adding trainings"):
        contest(tmp_path, Bowls(LOSSES))
    contest(tmp_path, Bowls(LOSSES))


def test_a_folder_that_cannot_be_one_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot hold a comparison"):
        contest(tmp_path / "file", Bowls(LOSSES))
