import json

import pytest

from lionsearch.evaluate.references import Reference, ReferenceCache, cache_folder

REFERENCE = Reference(chance=2.3, loss=0.1, probe_chance=2.25, curve=(1.5, 0.75, 1 / 3))


def test_a_stored_reference_is_loaded_to_the_bit():
    ReferenceCache("machine").store("task", 0, "validation", REFERENCE)
    assert ReferenceCache("machine").load("task", 0, "validation") == REFERENCE


@pytest.mark.parametrize(
    ("machine", "task", "seed", "split"),
    [
        ("other machine", "task", 0, "validation"),
        ("machine", "other task", 0, "validation"),
        ("machine", "task", 1, "validation"),
        ("machine", "task", 0, "test"),
    ],
)
def test_a_reference_belongs_to_one_machine_task_seed_and_split(machine, task, seed, split):
    ReferenceCache("machine").store("task", 0, "validation", REFERENCE)
    assert ReferenceCache(machine).load(task, seed, split) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"chance": 1.0, "curve": []}', '{"curve": 3}', "\x00\xff"])
def test_a_broken_file_is_as_good_as_none_and_is_replaced(private_cache, content):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    path.write_text(content, encoding="latin-1")
    assert cache.load("task", 0, "validation") is None
    cache.store("task", 0, "validation", REFERENCE)
    assert cache.load("task", 0, "validation") == REFERENCE


def test_an_unknown_key_is_as_good_as_no_file(private_cache):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "newer": 1}))
    assert cache.load("task", 0, "validation") is None


def test_storing_leaves_one_whole_file(private_cache):
    for _ in range(3):
        ReferenceCache("machine").store("task", 0, "validation", REFERENCE)
    assert len([path for path in private_cache.rglob("*") if path.is_file()]) == 1


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "file" / "below"))
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    assert cache.load("task", 0, "validation") is None


def test_without_the_variable_the_folder_is_the_users(monkeypatch):
    monkeypatch.delenv("LIONSEARCH_CACHE")
    assert cache_folder().name == "lionsearch"


def test_a_score_is_what_is_gained_over_adamw_in_units_of_what_adamw_gains():
    scores = [REFERENCE.score(loss) for loss in (0.1, 2.3, -1.0, float("inf"))]
    assert scores == pytest.approx([0.0, -1.0, 0.5, -float("inf")])
