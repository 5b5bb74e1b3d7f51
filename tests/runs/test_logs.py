import csv
import sys
from types import SimpleNamespace

import pytest
from api.given_tasks import SHORT, make_task

import lionsearch
from lionsearch.errors import SettingError


class Written:
    """Stands for a library of curves: keeps what it is given."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda *arguments, **options: self.calls.append((name, arguments, options))


def search(folder, *logs):
    return lionsearch.search(tasks=make_task(), output=folder, callbacks=logs, **SHORT)


@pytest.mark.thorough
def test_a_csv_log_is_whole_after_a_resume(tmp_path):
    path = tmp_path / "log.csv"

    class Ten(lionsearch.Callback):
        def on_candidate(self, event, progress):
            if event.number == 10:
                raise lionsearch.StopSearch

    run = search(tmp_path / "run", lionsearch.CSVLog(path), Ten())
    with path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 11
    lionsearch.resume(run, tasks=make_task(), workers=0, progress=False, callbacks=[lionsearch.CSVLog(path)])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = run.table()
    assert [int(row["number"]) for row in rows] == list(range(40))
    assert [row["fingerprint"] for row in rows] == [row["fingerprint"] for row in table]
    assert [float(row["score"]) if row["score"] else None for row in rows] == [row["score"] for row in table]


def test_a_csv_log_that_cannot_be_written(tmp_path):
    with pytest.raises(SettingError, match=r"nowhere/log.csv: cannot be written: No such file"):
        search(tmp_path / "run", lionsearch.CSVLog(tmp_path / "nowhere" / "log.csv"))


def test_a_tensorboard_log_holds_scores_and_the_best(tmp_path, monkeypatch):
    written = Written()
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=lambda *a, **o: written))
    run = search(tmp_path / "run", lionsearch.TensorBoardLog(tmp_path / "log"))
    scalars = [arguments for name, arguments, _ in written.calls if name == "add_scalar"]
    assert {arguments[0] for arguments in scalars} == {"candidate/score", "candidate/statements", "best/score"}
    scores = {step: value for name, value, step in scalars if name == "candidate/score"}
    assert scores[0] == run.table()[0]["score"]
    assert written.calls[-1][0] == "close"


def test_a_tensorboard_log_is_read_by_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    search(tmp_path / "run", lionsearch.TensorBoardLog(tmp_path / "log"))
    assert list((tmp_path / "log").glob("events.out.tfevents.*"))


def test_a_wandb_log_begins_and_ends_a_run_there(tmp_path, monkeypatch):
    begun, given = Written(), {}
    begun.summary = {}

    def init(**options):
        given.update(options)
        return begun

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    search(tmp_path / "run", lionsearch.WandbLog(project="optimizers"))
    assert given["project"] == "optimizers"
    assert given["config"]["programs"] == 40
    assert begun.calls[-1][0] == "finish"
    assert begun.summary["best/program"].endswith("return update, m, v\n")


def test_what_is_not_installed_is_said_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(SettingError, match="wandb is not installed: pip install wandb"):
        lionsearch.WandbLog()
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SettingError, match="pip install tensorboardX"):
        lionsearch.TensorBoardLog("log")
