from dataclasses import replace

import pytest
from comparison.contests import LOSSES, SPECS
from comparison.surfaces import DECAYED, FAILS, PLAIN, Bowls

from lionsearch.comparison.contest import Budget, adamw, hold
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.ledger import open_ledger
from lionsearch.comparison.shown import flat_rows, lines, markdown, plot, say_failures, settings, show_costs, table
from lionsearch.comparison.standing import rank

BUDGET = Budget(points=6, tune_seeds=1, seeds=3)


@pytest.fixture(scope="module")
def standings(tmp_path_factory):
    with open_ledger(tmp_path_factory.mktemp("contest"), SPECS) as ledger:
        laboratory = Laboratory(ledger, lambda: Bowls(LOSSES))
        return rank(hold([PLAIN, DECAYED, adamw()], BUDGET, "test", laboratory))


def test_a_table_has_a_cell_for_each_column(standings):
    heads, rows = table(standings)
    assert heads == ("place", "program", "mean score", "a", "b", "ms a step", "state")
    assert [row[1] for row in rows] == [each.contestant for each in standings]
    assert {len(row) for row in rows} == {len(heads)}
    heads, rows = table(standings, costs=False)
    assert heads[-1] == "b"
    assert {len(row) for row in rows} == {len(heads)}


def test_what_is_asked_of_training_is_a_column_where_it_differs(standings):
    def ask(standing, *costs):
        tasks = {
            name: replace(task, entry=replace(task.entry, trainings=(replace(task.entry.trainings[0], costs=costs),)))
            for name, task in standing.tasks.items()
        }
        return replace(standing, tasks=tasks)

    first, *others = standings
    plain = [ask(each, 1.0, 0.0, 0.0) for each in others]
    heads, _ = table([ask(first, 1.0, 0.0, 0.0), *plain])
    assert "asked" not in heads
    heads, rows = table([ask(first, 1.0, 2.5, 12.0), *plain])
    assert heads[-1] == "asked"
    assert [row[-1] for row in rows] == ["1 g + 2.5 f + 12 Hv", "1 g", "1 g"]
    assert show_costs((0.0, 3.0, 0.0)) == "3 f"


def test_settings_are_those_that_were_tuned(standings):
    _, rows = settings(standings)
    assert len(rows) == 2 * len(standings)
    found = {(row["program"], row["task"]): row for row in flat_rows(standings)}
    for program, task, rate, decay in rows:
        assert float(rate) == pytest.approx(found[program, task]["learning_rate"], rel=0.01)
        assert decay == ("-" if program == "plain" else f"{found[program, task]['weight_decay']:g}")


def test_rows_are_flat_and_hold_what_was_found(standings):
    rows = flat_rows(standings)
    assert len(rows) == 6
    for row in rows:
        assert row["score"] == pytest.approx(sum(row["scores"]) / BUDGET.seeds)
        assert row["metric_accuracy"] == pytest.approx(1 / row["loss"], rel=1e-3)
    assert {row["weight_decay"] for row in rows if row["program"] == "plain"} == {None}


def test_a_page_has_scores_losses_and_settings_of_all(standings):
    page = markdown("Title", "the command", standings, BUDGET)
    assert page.startswith("# Title\n\n`the command`\n")
    assert page.count("| plain |") == 3
    assert "accuracy" in page


def test_a_table_in_markdown():
    assert lines(("a", "b"), [("1", "2")]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


def test_a_plot_is_the_same_each_time(standings, tmp_path):
    for name in ("one.svg", "two.svg"):
        plot(standings, tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two


def test_what_failed_is_said_with_its_reason(standings):
    first, *others = standings
    assert say_failures(standings) == []
    broken = replace(FAILS, failure=replace(FAILS.failure, detail="its step failed"))
    tasks = {name: replace(task, entry=replace(task.entry, trainings=(broken,))) for name, task in first.tasks.items()}
    changed = [replace(first, tasks=tasks), *others]
    sentences = [f"{first.contestant} on {name} failed: its step failed" for name in tasks]
    assert say_failures(changed) == sentences
    assert all(f"\n{sentence}.\n" in markdown("Title", "the command", changed, BUDGET) for sentence in sentences)
