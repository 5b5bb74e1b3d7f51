import errno
import json
import math
import os
import tempfile

import pytest

from lionsearch.evaluation.references import Reference, ReferenceCache, _digest, cache_folder

REFERENCE = Reference(chance=2.3, loss=0.1, probe_chance=2.25, curve=(1.5, 0.75, 1 / 3))


def test_a_stored_reference_is_loaded_to_the_bit():
    ReferenceCache("machine").store("task", 0, "validation", REFERENCE)
    assert ReferenceCache("machine").load("task", 0, "validation", 3) == REFERENCE


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
    assert ReferenceCache(machine).load(task, seed, split, 3) is None


BROKEN = ["", "{", "[]", "3", '{"chance": 1.0, "curve": []}', '{"curve": 3}', "\x00\xff", "[" * 100_000]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_as_good_as_none_and_is_replaced(private_cache, content):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    path.write_text(content, encoding="latin-1")
    assert cache.load("task", 0, "validation", 3) is None
    cache.store("task", 0, "validation", REFERENCE)
    assert cache.load("task", 0, "validation", 3) == REFERENCE


CHANGES = [
    {"newer": 1},
    {"chance": 2.4},
    {"chance": math.nan},
    {"loss": math.inf},
    {"loss": "0.1"},
    {"loss": True},
    {"loss": None},
    {"loss": [0.1]},
    {"curve": [1.5, 0.75]},
    {"curve": [1.5, math.nan, 0.3]},
    {"curve": [1.5, "0.75", 0.3]},
    {"curve": "abc"},
    {"curve": {"0": 1.5, "1": 1.0, "2": 0.5}},
    {"digest": None},
]


def sealed(content, path):
    """The content with the digest that it would have been written with."""
    reference = {name: value for name, value in content.items() if name != "digest"}
    return {**reference, "digest": _digest(reference, path.stem)}


@pytest.mark.parametrize("seal", [lambda content, path: content, sealed], ids=["as it is", "with a digest"])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_file_that_was_changed_is_thrown_away(private_cache, change, seal):
    if seal is sealed and change in ({"chance": 2.4}, {"digest": None}):
        pytest.skip("is a reference then")
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    path.write_text(json.dumps(seal({**json.loads(path.read_text()), **change}, path)))
    assert cache.load("task", 0, "validation", 3) is None
    assert not path.exists()


def test_every_flipped_bit_is_seen(private_cache):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        assert cache.load("task", 0, "validation", 3) in (None, REFERENCE), (place, flipped)
    path.write_bytes(whole)
    assert cache.load("task", 0, "validation", 3) == REFERENCE


def test_the_file_of_another_seed_or_of_another_length_is_not_believed(private_cache):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    (path,) = private_cache.rglob("*.json")
    content = path.read_bytes()
    assert cache.load("task", 0, "validation", 4) is None
    cache.store("task", 1, "validation", REFERENCE)
    (other,) = private_cache.rglob("*.json")
    other.write_bytes(content)
    assert cache.load("task", 1, "validation", 3) is None


@pytest.mark.parametrize("fails", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(private_cache, monkeypatch, fails, error):
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)

    def fail(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, fail)
        if isinstance(error, OSError):
            cache.store("task", 0, "validation", Reference(3.0, 1.0, 3.0, (1.0, 1.0, 1.0)))
        else:
            with pytest.raises(KeyboardInterrupt):
                cache.store("task", 0, "validation", Reference(3.0, 1.0, 3.0, (1.0, 1.0, 1.0)))
    assert len([path for path in private_cache.rglob("*") if path.is_file()]) == 1
    assert cache.load("task", 0, "validation", 3) == REFERENCE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no disk that is always full")
def test_a_full_disk_does_no_harm(private_cache, monkeypatch):
    cache = ReferenceCache("machine")
    named = tempfile.NamedTemporaryFile

    def full(mode, dir, delete):
        file = named(mode, dir=dir, delete=delete)
        descriptor = os.open("/dev/full", os.O_WRONLY)
        os.dup2(descriptor, file.fileno())
        os.close(descriptor)
        return file

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    cache.store("task", 0, "validation", REFERENCE)
    assert [path for path in private_cache.rglob("*") if path.is_file()] == []
    assert cache.load("task", 0, "validation", 3) is None


def test_storing_leaves_one_whole_file(private_cache):
    for _ in range(3):
        ReferenceCache("machine").store("task", 0, "validation", REFERENCE)
    assert len([path for path in private_cache.rglob("*") if path.is_file()]) == 1


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "file" / "below"))
    cache = ReferenceCache("machine")
    cache.store("task", 0, "validation", REFERENCE)
    assert cache.load("task", 0, "validation", 3) is None


def test_without_the_variable_the_folder_is_the_users(monkeypatch):
    monkeypatch.delenv("LIONSEARCH_CACHE")
    assert cache_folder().name == "lionsearch"


def test_a_score_is_what_is_gained_over_adamw_in_units_of_what_adamw_gains():
    scores = [REFERENCE.score(loss) for loss in (0.1, 2.3, -1.0, float("inf"))]
    assert scores == pytest.approx([0.0, -1.0, 0.5, -float("inf")])
