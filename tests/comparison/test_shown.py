import pytest
from comparison.contests import LOSSES, SPECS
from comparison.surfaces import DECAYED, PLAIN, Bowls

from lionsearch.comparison.contest import Budget, adamw, hold
from lionsearch.comparison.laboratory import Laboratory
from lionsearch.comparison.ledger import open_ledger
from lionsearch.comparison.shown import cells, columns, flat_rows, lines, markdown, plot
from lionsearch.comparison.standing import rank

BUDGET = Budget(points=6, tune_seeds=1, seeds=3)
SLOTS = {"plain": 0, "decayed": 0, "adamw_debiased": 2}


@pytest.fixture(scope="module")
def standings(tmp_path_factory):
    with open_ledger(tmp_path_factory.mktemp("contest"), SPECS) as ledger:
        laboratory = Laboratory(ledger, lambda: Bowls(LOSSES))
        return rank(hold([PLAIN, DECAYED, adamw()], BUDGET, "test", laboratory))


def test_a_table_has_a_cell_for_each_column(standings):
    assert columns(standings) == ("place", "program", "mean score", "a", "b", "ms a step", "slots")
    assert all(len(cells(each, 1)) == len(columns(standings)) for each in standings)


def test_rows_are_flat_and_hold_what_was_found(standings):
    rows = flat_rows(standings)
    assert len(rows) == 6
    for row in rows:
        assert row["score"] == pytest.approx(sum(row["scores"]) / BUDGET.seeds)
        assert row["metric_accuracy"] == pytest.approx(1 / row["loss"], rel=1e-3)
    assert {row["weight_decay"] for row in rows if row["program"] == "plain"} == {None}


def test_a_page_has_scores_losses_and_settings_of_all(standings):
    page = markdown("Title", "the command", standings, SLOTS, BUDGET)
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
