import json
import math
import random
import re
from dataclasses import replace

import pytest
from runs.test_run import FakePool
from workers.tiny_project import read_rows, run_cli, write_project

from lionsearch.archive import RunStore
from lionsearch.errors import SettingError
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult, choice_key
from lionsearch.runs.config import load_experiment
from lionsearch.runs.meta_validation import MetaCurve, MetaPoint, meta_curve
from lionsearch.runs.opening import resume_run, start_run
from lionsearch.runs.run import SearchRun
from lionsearch.runs.view import Run

META = {"meta_validation": {"tasks": ["other"], "seeds": 4, "every": 20}}
BY_META = {**META, "evaluation": {"select": "meta_validation"}}


class Pool(FakePool):
    """As a fake pool, with scores on the other task that fall as programs grow; it notes what it is asked for."""

    def collect(self):
        return [
            (request, self.meta(request) if request.stage is Stage.META else found)
            for request, found in super().collect()
        ]

    @staticmethod
    def meta(request):
        scores = tuple(-0.01 * len(request.program.statements) + 0.001 * seed for seed in range(4))
        mean = math.fsum(scores) / 4
        return Evaluation(Stage.META, mean, (TaskResult("other", 1.0, mean, scores=scores),), (mean,))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    task = (folder / "proxy_tasks" / "linear.toml").read_text()
    for name in ("other", "third"):
        (folder / "proxy_tasks" / f"{name}.toml").write_text(task)
    return folder


@pytest.fixture(autouse=True)
def _in_project(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(project / "cache"))


def search(folder, pool, **settings):
    config = load_experiment("tiny", **settings)
    store = start_run(folder, config)
    try:
        return SearchRun(config, store, pool).run()
    finally:
        store.close()


def evaluations(folder, stage):
    return RunStore.read(folder).evaluations(stage)


def test_the_search_is_the_same_with_it_and_without(tmp_path):
    with_it, without = search(tmp_path / "with", Pool(), **META), search(tmp_path / "without", Pool())
    rows = [(table, row) for table, row in read_rows(tmp_path / "with") if "meta" not in row]
    assert rows == read_rows(tmp_path / "without")
    assert with_it.best == without.best
    assert with_it.report == without.report
    assert evaluations(tmp_path / "without", Stage.META) == {}


def test_what_was_the_best_of_the_search_is_measured_now_and_then_and_once(tmp_path):
    pool = Pool()
    search(tmp_path / "run", pool, **META)
    asked = [name for (name, stage), count in pool.submitted.items() if stage is Stage.META for _ in range(count)]
    assert 1 <= len(asked) <= 11
    assert len({*asked}) == len(asked)
    assert set(asked) == set(evaluations(tmp_path / "run", Stage.META))


@pytest.mark.parametrize("settings", [META, BY_META], ids=["watched", "chosen"])
def test_the_order_of_results_and_an_interrupt_change_nothing(tmp_path, settings):
    whole = search(tmp_path / "whole", Pool(order=1), **settings)
    other = search(tmp_path / "other", Pool(order=2), **settings)
    assert evaluations(tmp_path / "whole", Stage.META) == evaluations(tmp_path / "other", Stage.META)
    cut = search(tmp_path / "cut", Pool(order=3, interrupt_after=90), **settings)
    assert not cut.finished
    store, config = resume_run(tmp_path / "cut")
    try:
        again = SearchRun(config, store, Pool(order=4)).run()
    finally:
        store.close()
    assert whole.best == other.best == again.best
    assert evaluations(tmp_path / "cut", Stage.META) == evaluations(tmp_path / "whole", Stage.META)


def test_the_best_may_be_chosen_by_it(tmp_path):
    plain = search(tmp_path / "plain", Pool(), **META)
    chosen = search(tmp_path / "chosen", Pool(), **BY_META)
    measured = evaluations(tmp_path / "chosen", Stage.META)
    assert set(evaluations(tmp_path / "chosen", Stage.CONFIRM)) == set(measured)
    assert len(chosen.best.program.statements) < len(plain.best.program.statements)
    assert measured[chosen.best.fingerprint].score == max(found.score for found in measured.values())
    assert chosen.report is not None


def test_the_curve_is_of_what_was_the_best_in_the_order_of_candidates(tmp_path):
    search(tmp_path / "run", Pool(), **BY_META)
    curve = meta_curve(Run(tmp_path / "run"))
    numbers = [point.candidate for point in curve.points]
    assert numbers == sorted(numbers)
    assert curve.tasks == ("other",)
    assert meta_curve(Run(tmp_path / "run")).describe()["points"][0]["meta"] == pytest.approx(curve.points[0].meta.mean)
    search(tmp_path / "none", Pool())
    assert meta_curve(Run(tmp_path / "none")) is None


def point(candidate, *scores):
    return MetaPoint(candidate, 0.1 * candidate, scores)


LOW, HIGH, WILD = (0.0, 0.0, 0.0, 0.01, 0.0, 0.0), (0.1, 0.11, 0.12, 0.1, 0.1, 0.11), (0.2, 0.0, 0.1, 0.2, 0.0, 0.1)


@pytest.mark.parametrize(
    ("points", "share", "words"),
    [
        ([point(0, *LOW), point(50, *HIGH)], None, "no fall is seen"),
        ([point(0, *LOW), point(50, *HIGH), point(80, *LOW)], 0.5, "overfits its own tasks from 50 % of it on"),
        (
            [point(0, *LOW), point(50, *HIGH), point(80, *WILD)],
            None,
            r" 0.0067 ±.* lower than candidate 50, which",
        ),
        (
            [point(0, *HIGH[:4]), point(9, *LOW[:4]), point(80, *LOW[:4])],
            0.0,
            "overfits its own tasks from 0 % of it on",
        ),
        ([point(0, *LOW), point(50, *HIGH), point(80, *HIGH)], None, "no fall is seen"),
        ([point(0, *LOW)], None, "one point, which says nothing of overfitting"),
    ],
)
def test_it_overfits_from_its_peak_on_if_the_last_is_worse_seed_by_seed(points, share, words):
    curve = MetaCurve(("other",), tuple(points), 100)
    assert curve.overfits_from == share
    assert re.search(words, str(curve))
    assert ("overfits" in str(curve)) == (share is not None)


def test_noise_alone_is_rarely_called_overfitting():
    rng = random.Random(0)
    called = sum(
        MetaCurve(
            ("other",), tuple(point(n, *(rng.gauss(0, 1) for _ in range(8))) for n in range(20)), 20
        ).overfits_from
        is not None
        for _ in range(400)
    )
    assert called <= 10  # 2.5 %


TWO = {"meta_validation": {"tasks": ["other", "third"], "seeds": 4, "every": 20}}


def measured(*, third=None):
    """What came of a program on two other tasks: 0.5 with each seed, or a failure."""
    good = TaskResult("other", 1.0, 0.5, scores=(0.5,) * 4)
    if third is None:
        return Evaluation(Stage.META, 0.5, (good, replace(good, task="third")), (0.5,))
    failed = TaskResult("third", failure=Failure(third, "made up"), scores=(0.5,))
    return Evaluation(
        Stage.META, None if third.is_system else -0.25, (good, failed), () if third.is_system else (-0.25,)
    )


def search_with(folder, first, later, **settings):
    started = []

    def meta(request):
        started.append(request)
        return first if len(started) == 1 else later

    pool = Pool()
    pool.meta = meta
    return search(folder, pool, **settings)


def test_a_best_that_fails_on_another_task_falls_there_alone(tmp_path):
    search_with(tmp_path / "run", measured(), measured(third=FailureKind.NON_FINITE), **TWO)
    curve = meta_curve(Run(tmp_path / "run"))
    assert len(curve.points) > 1
    assert (curve.points[0].scores, curve.points[0].fails_on) == ((0.5,) * 4, ())
    assert (curve.last.scores, curve.last.fails_on) == ((-0.25,) * 4, ("third",))
    assert curve.overfits_from is not None
    assert "(it fails on third), 0.7500 ±0.0000 lower" in str(curve)
    assert curve.describe()["points"][-1]["fails_on"] == ["third"]


def test_what_the_system_lost_is_no_point_and_what_came_after_it_is_measured_against_it(tmp_path):
    search_with(tmp_path / "run", measured(), measured(third=FailureKind.WORKER_LOST), **TWO)
    curve = meta_curve(Run(tmp_path / "run"))
    assert [point.scores for point in curve.points] == [(0.5,) * 4]


def test_what_fails_somewhere_is_not_chosen_before_what_trains_everywhere():
    fails = replace(measured(third=FailureKind.NON_FINITE), score=0.9, rounds=(0.9,))
    assert choice_key(measured(), 5, 0.0) > choice_key(fails, 5, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"meta_validation": {"tasks": ["linear"]}},
            "'tasks' and 'meta_validation.tasks' name linear twice; what watches",
        ),
        ({"meta_validation": {"tasks": ["othr"]}}, r"setting 'meta_validation\.tasks': unknown task 'othr'"),
        ({"meta_validation": {"tasks": ["other"], "every": 0}}, "meta_validation.every"),
        ({"evaluation": {"select": "meta_validation"}}, "expected 'meta_validation'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        load_experiment("tiny", **settings)


@pytest.mark.thorough
def test_a_real_run_shows_its_curve_in_inspect(project):
    text = (project / "experiments" / "tiny.toml").read_text()
    (project / "experiments" / "watched.toml").write_text(
        f'{text}\n[meta_validation]\ntasks = ["other"]\nseeds = 4\nevery = 40\n'
    )
    done = run_cli(project, "search", "watched", "--workers", 0)
    assert done.returncode == 0, done.stderr
    assert "\nmeta-validation: on other, out of the search's sight, " in done.stdout
    shown = run_cli(project, "inspect", "runs/watched")
    assert "on other, out of the search's sight, " in shown.stdout
    found = json.loads(run_cli(project, "inspect", "runs/watched", "--json").stdout)["meta_validation"]
    assert found["tasks"] == ["other"]
    assert len(found["points"]) >= 1
