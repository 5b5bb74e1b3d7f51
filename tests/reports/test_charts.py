import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from reports.made_runs import make_large_run, make_run

from lionsearch.reports import charts
from lionsearch.reports.run_facts import gather

CHARTS = [
    charts.chart_progress,
    charts.chart_trainings,
    charts.chart_times,
    charts.chart_seeds,
    charts.chart_shares,
    charts.chart_front,
    charts.chart_map,
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return gather(make_run(tmp_path_factory.mktemp("runs") / "run", 8))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return gather(make_large_run(tmp_path_factory.mktemp("runs") / "run", 4000))


@pytest.mark.parametrize("draw", CHARTS)
def test_a_chart_is_sound_and_takes_its_colours_from_the_page(facts, draw):
    chart = draw(facts, "run0-")
    ElementTree.fromstring(chart.svg)
    assert not re.search(r"#[0-9a-f]{6}\b", chart.svg)
    assert "currentColor" in chart.svg
    assert "var(--series-" in chart.svg
    assert "<style" not in chart.svg
    assert chart.title
    assert chart.text


def test_no_two_charts_share_an_identifier(facts):
    found = [
        name
        for prefix in ("run0-", "run1-")
        for draw in CHARTS
        for name in re.findall(r' id="(.*?)"', draw(facts, prefix).svg)
    ]
    assert len(found) == len({*found})


@pytest.mark.parametrize("draw", CHARTS)
def test_what_a_chart_refers_to_is_there(facts, draw):
    svg = draw(facts, "run0-").svg
    wanted = {*re.findall(r"url\(#(.*?)\)", svg), *re.findall(r'href="#(.*?)"', svg)}
    places = {name for name in wanted if not name.startswith("run0-program-")}
    assert places <= {*re.findall(r' id="(.*?)"', svg)}


def test_points_of_the_front_are_links_that_say_where_they_lead(facts):
    svg = charts.chart_front(facts, "run0-").svg
    links = re.findall(r'<a href="#(.*?)" class="point" aria-label="(.*?)"', svg)
    assert links == [
        ("run0-program-3", "candidate 3, score +0.0250: show the program"),
        ("run0-program-2", "candidate 2, score +0.0750: show the program"),
    ]
    assert "_blank" not in svg


def test_a_large_run_is_thinned_and_says_so(large, facts):
    assert len(large.trained) > charts.MOST_POINTS
    for draw in (charts.chart_progress, charts.chart_front):
        chart = draw(large, "run0-")
        assert chart.svg.count("<use ") < 1000
        assert f"Of {len(large.trained):,} programs that train" in chart.note
        assert draw(facts, "run0-").note == ""


@pytest.mark.parametrize("draw", CHARTS)
def test_a_run_without_programs_has_charts_that_say_so(tmp_path, draw):
    chart = draw(gather(make_run(tmp_path / "run", 0, ended=False)), "run0-")
    ElementTree.fromstring(chart.svg)
    assert chart.text


def test_a_sentence_says_whether_scores_hold(facts):
    assert charts.describe_overfitting(facts) == (
        "On fresh seeds 3 elites score 0.0050 less in the mean than on the seeds by which the search chose them;"
        " 3 of 3 score less."
    )


def test_scores_are_drawn_against_time_in_a_unit_that_is_read_well(facts):
    chart = charts.chart_times(facts, "run0-")
    assert "minutes of searching" in chart.svg
    assert chart.text == "The search took 17.8 minutes; it last found a better program after 5.33."
    assert "seconds of searching" in charts.chart_times(replace(facts, seconds=100.0), "run0-").svg
    assert "hours of searching" in charts.chart_times(replace(facts, seconds=8000.0), "run0-").svg


def test_runs_are_compared_in_time_only_if_all_have_times(facts):
    assert len(charts.compare([facts, facts])) == 2
    [trainings] = charts.compare([facts, replace(facts, seconds=None)])
    assert trainings.title == "The runs side by side: best score against trainings"
