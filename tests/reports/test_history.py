from lionsearch.archive import SearchedRow
from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.lang import format_program
from lionsearch.reports.history import find_climbs, find_mutations, find_operations, find_shares, list_operations


def row(number, score, *, parent=0, change="tune", fingerprint="", statements=4, live=4, seeds=1, trainings=1):
    parent = None if number == 0 else parent
    return SearchedRow(
        number, parent, change, fingerprint or f"f{number}", statements, live, score, seeds, trainings, None
    )


def test_what_is_better_has_more_seeds_or_a_better_score_less_the_price_of_its_statements():
    rows = [row(0, 0.5), row(1, 0.4, seeds=2), row(2, 0.45, seeds=2, live=20), row(3, None), row(4, 0.41, seeds=2)]
    assert [climb.candidate for climb in find_climbs(rows, 0.01)] == [0, 1, 4]
    assert [climb.candidate for climb in find_climbs(rows, 0.0)] == [0, 1, 2]
    assert [climb.trainings for climb in find_climbs(rows, 0.01)] == [1, 2, 5]
    assert find_climbs([], 0.0) == []


def test_shares_are_of_the_candidates_of_a_part():
    rows = [row(0, 0.1), row(1, None, statements=8), row(2, 0.1, fingerprint="f0", trainings=0), row(3, 0.2)]
    (whole,) = find_shares(rows, 1)
    assert (whole.candidate, whole.cached, whole.dead, whole.failed) == (3, 1 / 4, 4 / 20, 1 / 3)
    assert [share.cached for share in find_shares(rows, 2)] == [0.0, 0.5]
    assert find_shares([]) == []


def test_a_child_of_several_mutations_counts_for_each_and_is_compared_with_its_parent():
    rows = [row(0, 0.1), row(1, 0.3, change="tune + match"), row(2, None), row(3, 0.2, parent=1, change="match")]
    tune, match = sorted(find_mutations(rows), key=lambda each: each.name, reverse=True)
    assert (tune.name, tune.count, tune.trained, tune.improved) == ("tune", 2, 0.5, 0.5)
    assert (match.count, match.trained, match.improved) == (2, 1.0, 0.5)
    assert tune.gain == 0.3 - 0.1
    assert abs(match.gain - 0.05) < 1e-12


def test_operations_are_those_that_the_child_has_and_its_parent_has_not():
    texts = {
        "f0": "def train(w, g, lr):\n    v1 = lr * g\n",
        "f1": "def train(w, g, lr):\n    v1 = sign(g)\n    v2 = lr * v1\n",
    }
    [found] = find_operations([row(0, 0.1), row(1, 0.2)], texts)
    assert (found.name, found.count, found.improved) == ("sign", 1, 1.0)


def test_the_operations_of_a_text_are_those_of_the_program():
    for name in PROGRAMS.names():
        program = load_program(name)
        expected = {statement.operation for statement in program.statements} - {"copy"}
        assert list_operations(format_program(program)) == expected, name
