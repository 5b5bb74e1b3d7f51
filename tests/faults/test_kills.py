"""Runs that are killed at random moments and resumed end as the run that never was: nothing is lost."""

import random
import signal
import sqlite3
import time

import psutil
import pytest
from workers.tiny_project import (
    BEGINNINGS,
    EXPERIMENT,
    kill_group,
    read_rows,
    run_cli,
    start_cli,
    wait_for_end,
    write_experiment,
    write_project,
)

PROGRAMS = 3000
SEARCHES, KILLS = 7, 14
RAY_SEARCHES, RAY_KILLS = 2, 10
LONGEST = 1.2
"""Seconds of work after which a process is killed, at most."""
PATIENCE = 120

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    write_experiment(folder, "long", EXPERIMENT.replace("programs = 200", f"programs = {PROGRAMS}"))
    return folder


def test_runs_that_are_killed_at_random_moments_end_as_if_they_never_were(project, tmp_path, record_property):
    kills, searching = 0, 0
    for seed in range(SEARCHES):
        rng, folder = random.Random(seed), tmp_path / str(seed)
        start = ("search", "long", "--workers", 0, "--output", folder, "--seed", seed)
        for attempt in range(KILLS):
            process = start_cli(project, *(("resume", folder, "--workers", 0) if attempt else start))
            try:
                assert process.stderr.readline().startswith(BEGINNINGS)
                kept = count(folder)
                if rng.random() < 0.8:  # in the search proper; else anywhere, its start and its end too
                    wait_for_candidates(process, folder, kept)
                time.sleep(rng.uniform(0, LONGEST))
                is_running = process.poll() is None
            finally:
                kill_group(process)
            if not is_running:
                break
            kills += 1
            searching += kept < count(folder) < PROGRAMS
        finish(project, folder, workers=0)
        assert read_rows(folder) == read_rows(whole(project, seed))
    record_property("faults", f"{kills} kills of the process, {searching} of them amid the search; results lost: 0")
    assert kills >= 85
    assert searching > kills / 2


@pytest.mark.ray
def test_any_process_of_a_run_on_ray_may_be_killed(project, tmp_path, record_property):
    done = {"driver": 0, "worker": 0, "raylet": 0, "all": 0}
    for seed in range(RAY_SEARCHES):
        rng, folder = random.Random(seed), tmp_path / str(seed)
        command = ("search", "long", "--workers", 2, "--output", folder, "--seed", seed)
        process = start_cli(project, *command)
        victims = list(done) * RAY_KILLS
        for victim in victims[:RAY_KILLS]:
            wait_for_candidates(process, folder, count(folder))
            time.sleep(rng.uniform(0, LONGEST))
            if process.poll() is not None:
                break
            kill(process, victim)
            done[victim] += 1
            if victim != "worker":
                process.wait(PATIENCE)
                kill_group(process)
                assert wait_for_end(project, PATIENCE) == []
                process = start_cli(project, "resume", folder, "--workers", 2)
        kill_group(process)
        assert wait_for_end(project, PATIENCE) == []
        finish(project, folder, workers=0)
        assert read_rows(folder) == read_rows(whole(project, seed))
    shown = ", ".join(f"{number} of {victim}" for victim, number in done.items())
    record_property("faults", f"{sum(done.values())} kills on Ray ({shown}); results lost: 0")
    assert sum(done.values()) >= 15


def kill(process, victim):
    """Kill one kind of process of a run on Ray, or all of them."""
    driver = psutil.Process(process.pid)
    children = driver.children(recursive=True)
    named = {
        "driver": [driver],
        "all": [driver, *children],
        "raylet": [child for child in children if child.name() == "raylet"],
        "worker": [child for child in children if child.name().startswith("ray::Worker")][:1],
    }
    assert named[victim], [child.name() for child in children]
    for each in named[victim]:
        each.send_signal(signal.SIGKILL)


def whole(project, seed):
    """Return the folder of the run that nobody kills, made when it is first asked for."""
    folder = project / "whole" / str(seed)
    if not folder.exists():
        command = ("search", "long", "--workers", 0, "--output", folder, "--seed", seed)
        done = run_cli(project, *command, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
    return folder


def finish(project, folder, workers):
    done = run_cli(project, "resume", folder, "--workers", workers, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "lost by the system" not in done.stdout


def wait_for_candidates(process, folder, kept):
    """Wait until a run has told more candidates than were kept, or has ended."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and count(folder) <= kept:
        assert time.monotonic() < end, "no candidate came"
        time.sleep(0.02)


def count(folder):
    """Return how many candidates a run's database holds, whoever is writing it."""
    try:
        database = sqlite3.connect(f"file:{folder / 'run.sqlite'}?mode=ro", uri=True)
    except sqlite3.Error:
        return 0
    try:
        return database.execute("SELECT count(*) FROM candidates").fetchone()[0]
    except sqlite3.Error:
        return 0
    finally:
        database.close()
