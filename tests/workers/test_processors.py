import os

import pytest

from lionsearch.workers import processors
from lionsearch.workers.processors import count_processors


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of 16 processors, whose control groups are files of the test."""
    monkeypatch.setattr(processors, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(processors, "_OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(processors, "_bound", lambda: 16)

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "groups" / name.replace("__", "/").replace("cpu_", "cpu.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_without_groups_it_is_what_the_process_is_bound_to(machine):
    assert count_processors() == 16


@pytest.mark.parametrize(("text", "expected"), [("max 100000", 16), ("400000 100000", 4), ("250000 100000", 2)])
def test_a_groups_share_counts(machine, text, expected):
    machine("0::/box\n", box__cpu_max=text)
    assert count_processors() == expected


@pytest.mark.parametrize("text", ["50000 100000", "1 100000"])
def test_there_is_at_least_one(machine, text):
    machine("0::/\n", cpu_max=text)
    assert count_processors() == 1


def test_the_tightest_of_the_groups_around_counts(machine):
    machine("0::/a/b\n", a__b__cpu_max="800000 100000", a__cpu_max="300000 100000", cpu_max="max 100000")
    assert count_processors() == 3


def test_groups_of_the_first_version_count(machine):
    files = {"cpu,cpuacct__box__cpu_cfs_quota_us": "600000", "cpu,cpuacct__box__cpu_cfs_period_us": "100000"}
    machine("4:cpu,cpuacct:/box\n3:memory:/box\n", **files)
    assert count_processors() == 6
    machine("4:cpu,cpuacct:/box\n", **{**files, "cpu,cpuacct__box__cpu_cfs_quota_us": "-1"})
    assert count_processors() == 16


@pytest.mark.parametrize("text", ["", "nonsense", "1 0", "1 2 3"])
def test_a_file_that_says_nothing_is_no_limit(machine, text):
    machine("0::/\n", cpu_max=text)
    assert count_processors() == 16


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no such call here")
def test_a_bound_process_counts_what_it_is_bound_to():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert count_processors() == 1
    finally:
        os.sched_setaffinity(0, before)
