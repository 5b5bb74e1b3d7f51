"""How many workers one driver feeds: real searches of the quickstart, whose evaluations cost nothing or only wait.

    python benchmarks/scaling.py                                   all parts but `long`, about five minutes
    python benchmarks/scaling.py --part long --programs 300000     memory, database, `inspect`; a quarter of an hour

Parts: `driver` (programs a second with evaluations that cost nothing), `islands` (the same of several drivers that
exchange their best), `workers` (two Ray workers against one), `simulation` (workers kept busy, against real Ray workers
that sleep and then for as many as 1,000, by one driver and by several), `long`.

The simulation runs the real search, store and fingerprints, and only the workers' time is made up: its clock is the
driver's processor time, which leaps to the next result where the driver would wait. So it holds for drivers with a core
of their own.
"""

from __future__ import annotations

import argparse
import heapq
import logging
import multiprocessing
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lionsearch.catalog import load_program
from lionsearch.evaluation.plan import Request
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.records import Evaluation, Stage, TaskResult
from lionsearch.runs.config import RunConfig, load_experiment
from lionsearch.runs.islands import start_islands
from lionsearch.runs.opening import resume_run, start_run
from lionsearch.runs.run import SearchRun
from lionsearch.workers.pool import Pool

PARTS = ("driver", "islands", "workers", "simulation", "long")
SECONDS = (0.01, 0.1, 1.0)
WORKERS = (16, 64, 256, 1000)
ISLANDS = (1, 2, 4, 8, 12, 16, 20)
SLEEPERS, NAP = 8, 0.1
"""Real Ray workers that the simulation is compared with, and seconds of an evaluation."""


def main() -> None:
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="repeat for several; default: all but long")
    parser.add_argument("--programs", type=int, default=300_000, help="of the long run")
    arguments = parser.parse_args()
    for part in arguments.part or PARTS[:-1]:
        match part:
            case "driver":
                measure_driver()
            case "islands":
                measure_islands()
            case "workers":
                measure_workers()
            case "simulation":
                measure_simulation()
            case "long":
                measure_long(arguments.programs)


class _Instant:
    """A pool whose evaluations cost nothing."""

    def __init__(self) -> None:
        self._queue: list[Request] = []

    def submit(self, request: Request) -> None:
        self._queue.append(request)

    def collect(self) -> list[tuple[Request, Evaluation]]:
        taken, self._queue = self._queue, []
        return [(request, score(request)) for request in taken]

    def forget(self, unwanted: Callable[[Request], bool]) -> None:
        raise NotImplementedError  # no search here ends early

    def fingerprint_tasks(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        self._queue.clear()


class _Simulated:
    """A pool of workers whose evaluations take made-up time; results come when the clock says so.

    Args:
        workers: so many at once.
        seconds: of an evaluation, in the mean; each takes half to one and a half times as long.
    """

    def __init__(self, workers: int, seconds: float):
        self._seconds, self.busy = seconds, 0.0
        self._skipped, self._started = 0.0, time.process_time()
        self._free = [0.0] * workers
        self._running: list[tuple[float, int, Request]] = []
        self._count = 0

    def now(self) -> float:
        return time.process_time() - self._started + self._skipped

    def submit(self, request: Request) -> None:
        lasts = duration(request, self._seconds)
        end = max(self.now(), heapq.heappop(self._free)) + lasts
        self.busy += lasts
        self._count += 1
        heapq.heappush(self._free, end)
        heapq.heappush(self._running, (end, self._count, request))

    def collect(self) -> list[tuple[Request, Evaluation]]:
        self._skipped += max(0.0, self._running[0][0] - self.now())
        found, now = [], self.now()
        while self._running and self._running[0][0] <= now:
            request = heapq.heappop(self._running)[2]
            found.append((request, score(request)))
        return found

    def forget(self, unwanted: Callable[[Request], bool]) -> None:
        raise NotImplementedError  # no search here ends early

    def fingerprint_tasks(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        self._running.clear()


def score(request: Request) -> Evaluation:
    """Return a made-up evaluation that a fingerprint decides, as long as a race that a program loses at once."""
    value = random.Random(request.fingerprint).gauss(0.0, 0.02)
    rounds = (value,) * (16 if request.stage is not Stage.SEARCH or request.hurdles is None else 1)
    results = tuple(TaskResult(name, 1.0, value, scores=rounds) for name in ("digits_rnn", "digits_small_vit"))
    return Evaluation(request.stage, value, results, rounds)


def duration(request: Request, mean: float) -> float:
    """Return made-up seconds of an evaluation."""
    return mean * random.Random(f"{request.fingerprint}{request.stage}").uniform(0.5, 1.5)


def search(pool: Pool[Request, Evaluation], programs: int, window: int = 64, matches: bool = True) -> float:
    """Run the quickstart's search in a folder that is thrown away; return seconds of the driver's clock."""
    with tempfile.TemporaryDirectory() as folder:
        return _search_in(Path(folder) / "run", pool, programs, window, matches)


def _search_in(
    folder: Path, pool: Pool[Request, Evaluation], programs: int, window: int = 64, matches: bool = True
) -> float:
    config = _config(programs, window, matches)
    store = start_run(folder, config)
    start = time.perf_counter()
    try:
        SearchRun(config, store, pool).run()
    finally:
        store.close()
    return time.perf_counter() - start


def _config(programs: int, window: int, matches: bool) -> RunConfig:
    config = load_experiment("quickstart", programs=programs, window=window)
    if matches:
        return config
    settings = config.experiment.search
    mutation = settings.mutation.model_copy(update={"match": 0.0})
    chosen = settings.model_copy(update={"mutation": mutation})
    return config.model_copy(update={"experiment": config.experiment.model_copy(update={"search": chosen})})


def measure_driver(programs: int = 4000) -> None:
    """Print programs a second of a driver whose evaluations cost nothing, by the clock and of a core for itself."""
    for matches in (True, False):
        core = time.process_time()
        rate = programs / search(_Instant(), programs, matches=matches)
        alone = programs / (time.process_time() - core)
        shown = "as the quickstart searches" if matches else "match = 0.0"
        print(f"driver: {rate:.0f} programs/s, with a core for itself {alone:.0f}/s, {shown}", flush=True)


def measure_islands(programs: int = 4000) -> None:
    """Print programs a second of several drivers, in the time of the clock and in that of a core for each."""
    for count in (1, 2, 4):
        with tempfile.TemporaryDirectory() as place:
            config = load_experiment("quickstart", programs=programs, islands={"count": count})
            folders = start_islands(Path(place) / "run", config)
            with multiprocessing.get_context("spawn").Pool(count) as processes:
                both = processes.map(_drive_island, folders, chunksize=1)
        clock, cores = (max(column) for column in zip(*both, strict=True))
        total = count * programs
        print(
            f"islands: {count}: {total / clock:.0f} programs/s, with a core for each {total / cores:.0f}/s", flush=True
        )


def _drive_island(folder: Path) -> tuple[float, float]:
    """Search on one island with evaluations that cost nothing; return its seconds, and those of a processor."""
    store, config = resume_run(folder)
    clock, core = time.perf_counter(), time.process_time()
    try:
        SearchRun(config, store, _Instant()).run()
    finally:
        store.close()
    return time.perf_counter() - clock, time.process_time() - core


def measure_simulation() -> None:
    """Print how busy workers are kept: real ones that sleep beside simulated ones, then what can only be simulated."""
    real, simulated = _sleep_for_real(600), _simulate(SLEEPERS, NAP, 600)
    print(
        f"simulation: {SLEEPERS} Ray workers that sleep {1000 * NAP:.0f} ms: busy {100 * real[0]:.0f} %,"
        f" {real[1]:.1f} programs/s; simulated: {100 * simulated[0]:.0f} %, {simulated[1]:.1f}/s",
        flush=True,
    )
    for matches in (True, False):
        print(f"simulation: workers kept busy by one driver{'' if matches else ', match = 0.0'}", flush=True)
        for seconds in SECONDS:
            shown = []
            for workers in WORKERS:
                programs = int(min(20 * workers, max(3000, 6 * workers)))
                busy, rate = _simulate(workers, seconds, programs, matches)
                shown.append(f"{workers}: {100 * busy:.0f} % ({rate:.0f}/s)")
            print(f"  {1000 * seconds:5.0f} ms an evaluation   " + "   ".join(shown), flush=True)
        _simulate_islands(WORKERS[-1], NAP, matches)


def _simulate_islands(workers: int, seconds: float, matches: bool) -> None:
    """Print how busy workers are kept by several drivers that share them, each on a core of its own."""
    shown = []
    for count in ISLANDS:
        share = workers // count
        busy, rate = _simulate(share, seconds, max(3000, 6 * share), matches)
        shown.append(f"{count}: {100 * busy:.0f} % ({count * rate:.0f}/s)")
    print(f"  {workers} workers, {1000 * seconds:.0f} ms, so many islands   " + "   ".join(shown), flush=True)


def _simulate(workers: int, seconds: float, programs: int, matches: bool = True) -> tuple[float, float]:
    """Return the share of the time that workers are busy, and programs a second."""
    pool = _Simulated(workers, seconds)
    search(pool, programs, max(64, 4 * workers), matches)
    total = pool.now()
    return pool.busy / (workers * total), programs / total


def _sleep_for_real(programs: int) -> tuple[float, float]:
    """Return the same of Ray workers that sleep."""
    import ray

    from lionsearch.workers import ray_crew, ray_pool

    slept: list[float] = []

    class Sleeper(ray_crew.Worker):
        def __init__(self, plan: Any, folder: str, machine: str = ""):
            pass

        def evaluate(self, requests: Sequence[Request]) -> list[Evaluation]:
            for request in requests:
                time.sleep(duration(request, NAP))
            return [score(request) for request in requests]

    class Watched(ray_pool.RayPool):
        def collect(self) -> list[tuple[Request, Evaluation]]:
            found = super().collect()
            slept.extend(duration(request, NAP) for request, _ in found)
            return found

    ray.init(
        address="local", num_cpus=SLEEPERS, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR
    )
    original, ray_crew.Worker = ray_crew.Worker, Sleeper  # type: ignore[misc]
    try:
        pool = Watched(_config(1, 64, True).plan(), SLEEPERS)
        for actor in pool.actors:  # wait for all of them to have started
            ray.get(actor.handle.evaluate.remote(()), timeout=120)
        seconds = search(pool, programs)
        pool.close()
    finally:
        ray_crew.Worker = original  # type: ignore[misc]
        ray.shutdown()
    return sum(slept) / (SLEEPERS * seconds), programs / seconds


def measure_workers(candidates: int = 1200, rounds: int = 2) -> None:
    """Print two Ray workers' candidates a second against one's, on the quickstart's tasks."""
    from throughput import drain, draw_candidates

    from lionsearch.workers.ray_pool import RayPool

    plan = load_experiment("quickstart").plan()
    programs = {fingerprint(program): remove_dead_code(program) for program in draw_candidates(candidates)}
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in rates:
            pool = RayPool(plan, workers)
            for number in range(4 * workers):  # compile both tasks in every worker
                pool.submit(Request(str(number), load_program("adamw"), Stage.CONFIRM))
            drain(pool.collect, 4 * workers)
            start = time.perf_counter()
            for name, program in programs.items():
                pool.submit(Request(name, program, Stage.SEARCH))
            drain(pool.collect, len(programs))
            rates[workers].append(len(programs) / (time.perf_counter() - start))
            pool.close()
    one, two = (statistics.median(rates[workers]) for workers in (1, 2))
    print(f"workers: one {one:.1f} candidates/s, two {two:.1f}/s, ratio {two / one:.2f}x", flush=True)


def measure_long(programs: int, marks: int = 6) -> None:
    """Print the driver's memory, the database and what `inspect` takes, as a long run goes on."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        pool = _Marking(max(1, programs // marks), folder)
        seconds = _search_in(folder, pool, programs)
        print(f"long: {programs:,} programs in {seconds:.0f} s", flush=True)
        command = [sys.executable, "-m", "lionsearch", "inspect", str(folder)]
        took = measure(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"long: inspect {took:.1f} s, {peak:.0f} MB", flush=True)


class _Marking(_Instant):
    """Says now and then how the driver's memory and the database have grown."""

    def __init__(self, every: int, folder: Path):
        super().__init__()
        self._every, self._folder, self._count, self._start = every, folder, 0, time.perf_counter()

    def submit(self, request: Request) -> None:
        super().submit(request)
        self._count += 1
        if self._count % self._every == 0:
            size = sum(path.stat().st_size for path in self._folder.glob("*")) / 2**20
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            seconds = time.perf_counter() - self._start
            rate = self._count / seconds
            print(
                f"long: {self._count:,} evaluated, {rate:.0f}/s, driver {peak:.0f} MB, folder {size:.0f} MB", flush=True
            )


def measure(function: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
