from types import SimpleNamespace

import pytest
from contracts.keeping import CONTRACT, REASON, Contract, NotPossible, cases, keep
from contracts.subjects import COMPOSITIONS, SUBJECTS, target
from contracts.summary import summarize

from lionsearch.archive.targets import load_target
from lionsearch.compose import TRANSFORMS


def a_name_is_short(subject):
    assert len(subject) < 5, f"{subject} is long"


SHORT = Contract(a_name_is_short, 2, ("lion", "adam", "adamw", "sgd"))


def _keep(subject, *table):
    noted = {}
    keep(SHORT, subject, table, noted.__setitem__)
    return noted


def test_a_contract_is_kept_or_broken():
    assert _keep("lion") == {CONTRACT: "a name is short"}
    with pytest.raises(AssertionError, match="adamw is long"):
        _keep("adamw")


def test_what_is_not_possible_has_to_fail_for_its_reason():
    row = NotPossible((a_name_is_short,), ("adamw", "sgd"), "have letters", "is long")
    assert _keep("adamw", row)[REASON] == "have letters"
    with pytest.raises(pytest.fail.Exception, match="sgd keeps it, and stands in the table"):
        _keep("sgd", row)
    with pytest.raises(AssertionError, match="adamw is long"):
        _keep("adamw", NotPossible((), ("adamw",), "have letters", "is short"))


def test_all_are_asked_and_some_by_default():
    for contract, by_default in ((SHORT, 2), (Contract(a_name_is_short, 0, SHORT.subjects), 0)):
        asked = cases([contract] * 2, turn=1)
        assert len(asked) == 8
        assert sum(type(case) is tuple for case in asked) == 2 * by_default


def test_every_transform_is_in_one_composition():
    assert [name.partition("(")[0] for name in COMPOSITIONS] == list(TRANSFORMS)
    assert all(load_target(target(subject)) for subject in SUBJECTS[-len(COMPOSITIONS) :])


def _report(outcome, *noted):
    return SimpleNamespace(
        user_properties=[(CONTRACT, "a name is short"), *noted],
        when="call",
        nodeid="tests/contracts/test_optax.py::test_it",
        outcome=outcome,
        passed=outcome == "passed",
    )


def test_the_summary_counts():
    refused = (REASON, "have letters")
    reports = [_report("passed"), _report("failed"), _report("passed", refused), _report("failed", refused)]
    other = SimpleNamespace(user_properties=[], when="call")
    assert summarize([*reports, other]) == [
        "optax: a name is short: 4 run, 1 kept, 2 broken, 1 not possible (1 have letters)"
    ]
    assert summarize([other]) == []
