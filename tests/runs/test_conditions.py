from importlib.metadata import version

import pytest

from lionsearch.archive import CandidateRow, ConditionRow, RunStore
from lionsearch.errors import RunError
from lionsearch.runs import conditions
from lionsearch.runs.conditions import Change, check_conditions, describe_versions, list_changes

TASKS = {"linear": "c0ffee", "digits": "decaff"}


@pytest.fixture
def store(tmp_path):
    opened = RunStore.create(tmp_path / "run", "{}")
    assert check_conditions(opened, TASKS) == []
    for number in range(3):
        opened.add_candidate(CandidateRow(number, None, "initial", "f", 1, 1))
    yield opened
    opened.close()


def replace_in(monkeypatch, function, **changes):
    """Have what a function of the module returns changed; a value of None takes a key away."""
    now = {**getattr(conditions, function)(), **changes}
    monkeypatch.setattr(conditions, function, lambda: {key: value for key, value in now.items() if value is not None})


def test_the_versions_are_those_of_all_that_scores_depend_on():
    versions = describe_versions()
    assert {"Python", "processor"} < set(versions)
    for package in ("lionsearch", "jax", "jaxlib", "numpy", "scikit-learn"):
        assert versions[package] == version(package)


def test_the_same_conditions_are_not_stored_again(store):
    rows = list(store.rows())
    assert check_conditions(store, dict(reversed(TASKS.items()))) == []
    assert list(store.rows()) == rows
    assert list_changes(store.conditions()) == []


def test_a_changed_task_is_refused_in_one_sentence_and_nothing_is_stored(store):
    rows = list(store.rows())
    with pytest.raises(RunError) as refused:
        check_conditions(store, {**TASKS, "linear": "changed"})
    assert str(refused.value) == (
        f"{store.folder}: since the run was made, task 'linear' has changed (its data, its code or its reference);"
        " scores from before and after could not be compared: undo it, or resume it in spite of that"
        " with --force (in Python, force=True)"
    )
    assert list(store.rows()) == rows


def test_a_change_that_is_forced_is_part_of_the_run(store):
    change = Change("task", "linear", "c0ffee", "changed")
    assert check_conditions(store, {**TASKS, "linear": "changed"}, force=True) == [change]
    assert list_changes(store.conditions()) == [(3, change)]
    assert check_conditions(store, {**TASKS, "linear": "changed"}) == []
    with pytest.raises(RunError, match="task 'linear' has changed"):
        check_conditions(store, TASKS)


@pytest.mark.parametrize(("digest", "words"), [("other", "computes something else"), (None, "is no longer there")])
def test_a_changed_operation_is_refused_until_it_is_forced(store, monkeypatch, digest, words):
    replace_in(monkeypatch, "digest_operations", sqrt=digest)
    with pytest.raises(RunError, match=f"since the run was made, operation 'sqrt' {words}; scores from before"):
        check_conditions(store, TASKS)
    [change] = check_conditions(store, TASKS, force=True)
    assert change.is_break
    assert [(3, change)] == list_changes(store.conditions())
    assert check_conditions(store, TASKS) == []


def test_a_new_operation_changes_nothing(store, monkeypatch):
    replace_in(monkeypatch, "digest_operations", softsign="new")
    assert check_conditions(store, TASKS) == []


def test_other_versions_alone_are_noted_and_part_of_the_run(store, monkeypatch):
    replace_in(monkeypatch, "describe_versions", jax="9.9.9")
    [change] = check_conditions(store, TASKS)
    assert str(change) == f"jax was {version('jax')} and is 9.9.9"
    assert not change.is_break
    assert list_changes(store.conditions()) == [(3, change)]


def test_other_versions_may_be_why_a_task_has_changed(store, monkeypatch):
    replace_in(monkeypatch, "describe_versions", jax="9.9.9")
    with pytest.raises(RunError, match=r"reference\) \(jax was .* and is 9\.9\.9, which may be why\); scores"):
        check_conditions(store, {**TASKS, "linear": "changed"})


def test_many_changes_are_counted(store, monkeypatch):
    replace_in(monkeypatch, "digest_operations", **dict.fromkeys(["sin", "cos", "tan", "exp", "log"], "other"))
    with pytest.raises(RunError, match="and 2 more"):
        check_conditions(store, TASKS)


def test_changes_are_counted_from_the_last():
    rows = [ConditionRow(number, "task", "a", value) for number, value in enumerate("xxyyx")]
    assert list_changes(rows) == [(2, Change("task", "a", "x", "y")), (4, Change("task", "a", "y", "x"))]
