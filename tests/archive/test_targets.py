import pytest

from lionsearch.archive import RunStore, targets
from lionsearch.archive.store import CandidateRow
from lionsearch.archive.targets import Provenance, load_target, names_rival
from lionsearch.errors import MissingFileError, RunError, SettingError, UnknownNameError
from lionsearch.records import Evaluation, Stage, TaskResult

TEXT = "def train(w, g, lr):\n    v1 = g * lr\n    return v1\n"


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "first"
    store = RunStore.create(folder, "{}")
    for number in range(2):
        store.add_candidate(CandidateRow(number, None, "initial", f"f{number}", 1, 1))
        store.add_program(f"f{number}", number, TEXT)
    store.add_evaluation("f1", Evaluation(Stage.SEARCH, -0.25, (TaskResult("digits", 1.0, -0.25, None, ()),)))
    store.close()
    return folder


def test_names_files_and_compositions(tmp_path):
    (tmp_path / "mine.py").write_text(TEXT)
    path = str(tmp_path / "mine.py")
    assert load_target("lion")[1] == Provenance("lion", "lion")
    assert load_target(path)[1] == Provenance(path, "mine")
    program, provenance = load_target(" lookahead(lion, k=5) ")
    assert provenance.name == "lookahead(lion, k=5)"
    assert dict(program.hyperparameters)["k"] == 5.0


def test_a_candidate_of_a_run(run):
    program, provenance = load_target(f"{run}:1")
    assert program.update == "v1"
    assert provenance == Provenance(f"{run}:1", "candidate_1", str(run), 1, -0.25)
    assert load_target(f"{run}:0")[1].score is None


def test_a_candidate_of_a_run_may_stand_in_a_composition(run):
    plain, _ = load_target(f"{run}:1")
    for inner in (f"{run}:1", f"'{run}:1'"):
        text = f"decay({inner}, weight_decay=0.5)"
        program, provenance = load_target(text)
        assert provenance == Provenance(text, text)
        assert dict(program.hyperparameters)["weight_decay"] == 0.5
        assert len(program.statements) > len(plain.statements)
    with pytest.raises(UnknownNameError, match=r"unknown candidate '7'; expected one of: 0 to 1"):
        load_target(f"decay({run}:7)")


def test_a_run_without_a_number_is_told_what_is_expected(run, monkeypatch):
    for text in (str(run), f"{run}/", f"{run}:abc", f"{run}:"):
        with pytest.raises(RunError) as caught:
            load_target(text)
        assert str(caught.value) == f"{text}: this is a run; expected {run}:ID, ID the number of a candidate"
    (run / "best.py").write_text(TEXT)
    monkeypatch.chdir(run.parent)
    with pytest.raises(RunError, match=r"expected first:ID, ID the number of a candidate, or first/best\.py$"):
        load_target("first")
    monkeypatch.chdir(run)
    with pytest.raises(UnknownNameError, match="did you mean 'lion'"):
        load_target("lino")


def test_what_is_not_there_is_said(run, tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown candidate '7'; expected one of: 0 to 1"):
        load_target(f"{run}:7")
    with pytest.raises(RunError, match="nowhere: there is no such folder"):
        load_target(f"{tmp_path}/nowhere:0")
    with pytest.raises(UnknownNameError, match="did you mean 'lion'"):
        load_target("lino")
    with pytest.raises(MissingFileError):
        load_target(f"{tmp_path}/none.py")


@pytest.mark.parametrize("text", ["optax:adamw", "sam(rival:saga)", "saga"])
def test_a_rival_is_no_program(text):
    with pytest.raises(SettingError, match=r"is a rival, no program; `evaluate`, `compare` and `tune` take it"):
        load_target(text)


def test_what_stands_in_a_run_folder_is_no_rival(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stranger").mkdir()
    assert names_rival("stranger:make")
    (tmp_path / "stranger" / "config.json").write_text("{}")
    assert not names_rival("stranger:make")
    assert not names_rival("other:elites")


def test_a_composition_of_one_program_keeps_what_its_rates_were(run, monkeypatch):
    peaks = (("digits", 0.02),)
    monkeypatch.setattr(targets, "_find_peaks", lambda folder: peaks)
    assert load_target(f"decay({run}:1)")[1].peaks == peaks
    assert load_target(f"matrices({run}:1, lion)")[1].peaks == ()
