"""Every program in `programs/`, and every transform, trains as an independent implementation of it does."""

from collections.abc import Callable

import pytest
from sampling import every

from lionsearch.catalog import load_program
from lionsearch.compose import TRANSFORMS
from lionsearch.identification.matching import shipped_names
from lionsearch.lang import Program

from . import optax_peers, optax_transform_peers
from .peer import Peer, compare_changed, compare_defaults, compare_small
from .table import ROWS
from .trajectory import VARYING, make_problem, max_relative_difference, run_program
from .wrong_peers import DEMONSTRATIONS

PROBLEM = make_problem()
COMPILED = (*optax_peers.ROWS, *optax_transform_peers.ROWS)
FLOORS = ("fromage", "lamb", "lars", "novograd", "adopt", "radam")
"""Programs with floors under norms and roots, and special cases of the first steps."""


def compiled_by_default(row: Peer) -> bool:
    """Whether other implementations leave some of its hyperparameters, or the whole program, without a proof."""
    others = [other for other in ROWS if other.program == row.program and other not in COMPILED]
    return not others or not set(row.hyperparameters) <= {key for other in others for key in other.hyperparameters}


rows = pytest.mark.parametrize(
    "row",
    [
        row if row not in COMPILED or compiled_by_default(row) else pytest.param(row, marks=pytest.mark.slow)
        for row in ROWS
    ],
    ids=[f"{row.program}-{row.by}" for row in ROWS],
)


@rows
def test_equal_with_defaults_and_a_constant_learning_rate(row: Peer):
    assert compare_defaults(row) <= row.tolerance


@rows
def test_equal_with_other_hyperparameters_and_a_varying_learning_rate(row: Peer):
    assert compare_changed(row) <= row.tolerance


@pytest.mark.parametrize(
    "row",
    [row if row.program in FLOORS else pytest.param(row, marks=pytest.mark.slow) for row in optax_peers.ROWS],
    ids=[f"{row.program}-{row.by}" for row in optax_peers.ROWS],
)
def test_equal_from_weights_of_zero_with_small_gradients(row: Peer):
    """Where norms and roots have their floors and their special cases."""
    assert compare_small(row) <= row.tolerance


@pytest.mark.parametrize("name", shipped_names())
def test_a_program_has_a_peer(name: str):
    assert name in {row.program for row in ROWS}, f"programs/{name}.py has no row in tests/peers"


@pytest.mark.parametrize("name", every(8, shipped_names()))
def test_every_hyperparameter_is_compared_at_a_value_that_matters(name: str):
    """Or the second comparison would say nothing about it. `lr_scale` is in every rate that a peer gets."""
    program = load_program(name)
    wanted = {key for key, _ in program.hyperparameters} - {"lr_scale"}
    assert wanted <= set().union(*(_that_matter(program, row) for row in ROWS if row.program == name))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_has_a_peer_and_its_settings_matter_there(name: str):
    around = [row for row in ROWS if row.program.startswith(f"{name}(")]
    assert around, f"the transform {name} has no row in tests/peers"
    found = set().union(*(_that_matter(load_program(row.program), row) for row in around))
    assert set(TRANSFORMS[name].settings) <= found


def _that_matter(program: Program, row: Peer) -> set[str]:
    """Return the hyperparameters whose defaults would change the row's second comparison."""
    defaults = dict(program.hyperparameters)
    changed = program.with_hyperparameters(row.hyperparameters)
    expected = run_program(changed, PROBLEM, VARYING)
    found = set()
    for key in row.hyperparameters.keys() & defaults.keys():
        back = run_program(changed.with_hyperparameters({key: defaults[key]}), PROBLEM, VARYING)
        if max_relative_difference(back, expected) > 1e-6:
            found.add(key)
    return found


@pytest.mark.parametrize("demonstrate", DEMONSTRATIONS, ids=lambda function: function.__name__)
def test_a_wrong_peer_is_wrong_as_said(demonstrate: Callable[[], None]):
    demonstrate()
