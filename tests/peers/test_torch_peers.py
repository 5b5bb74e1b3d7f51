"""The PyTorch peers: recordings are complete and true, and what is wrong with the packages is still wrong."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from .peer import Peer
from .recordings import FOLDER, inputs_of, path_of, read_recording, recorded_weights, replay
from .torch_peers import ROWS
from .torch_runs import is_installed
from .trajectory import Problem, make_problem, max_relative_difference
from .wrong_torch_peers import DEMONSTRATIONS

rows = pytest.mark.parametrize("row", ROWS, ids=[f"{row.program}-{row.by}" for row in ROWS])
PACKAGES = sorted({row.by.partition(".")[0] for row in ROWS})
live = pytest.mark.skipif(not all(map(is_installed, PACKAGES)), reason=f"needs {', '.join(PACKAGES)}")


def test_each_row_has_a_recording_and_each_recording_a_row():
    assert {path_of(row.program, row.by) for row in ROWS} == set(FOLDER.glob("*.npz"))


def test_recordings_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.npz")) < 300_000


def test_a_recording_differs_from_a_run_that_is_not_its_own():
    """The steps that are not recorded are the program's own; those that are must be the peer's."""
    row = next(row for row in ROWS if row.program == "adam")
    problem, hyperparameters, rates = next(inputs_of(row))
    history = read_recording(row.program, row.by, problem, hyperparameters, rates)
    for kept in recorded_weights(row.program, row.by, problem, hyperparameters, rates):
        others = replay("adamw_debiased", problem, {**hyperparameters, "weight_decay": 0.01}, rates)
        assert max_relative_difference(others[kept - 1 : kept], history[kept - 1 : kept]) > 1e-6


def test_other_inputs_are_refused():
    row = ROWS[0]
    problem, hyperparameters, rates = next(inputs_of(row))
    with pytest.raises(LookupError, match="python -m"):
        recorded_weights(row.program, row.by, problem, hyperparameters, rates * 1.001)
    with pytest.raises(LookupError, match="python -m"):
        recorded_weights(row.program, row.by, make_problem(("vector",)), hyperparameters, rates)
    with pytest.raises(LookupError, match="python -m"):
        recorded_weights(row.program, "torch.optim.Nothing", problem, hyperparameters, rates)


@live
@rows
def test_the_recording_is_what_the_peer_does(row: Peer):
    for inputs in inputs_of(row):
        trained = row.run(*inputs)
        for step, weights in recorded_weights(row.program, row.by, *inputs).items():
            assert max_relative_difference([trained[step - 1]], [weights]) < row.tolerance


@live
def test_soap_on_a_square_matrix():
    """On others its result depends on how the eigenvectors of an eigenvalue of 0 are chosen, hence not in a row."""
    row = next(row for row in ROWS if row.program == "soap")
    for _, hyperparameters, rates in inputs_of(row):
        inputs = _square_problem(), hyperparameters, rates
        assert max_relative_difference(replay(row.program, *inputs), row.run(*inputs)) < 1e-12


def _square_problem() -> Problem:
    """Return the problem of the convolution's first 16 elements, as a 4 x 4 matrix."""
    problem = make_problem(("convolution",))

    def square(leaves: tuple[np.ndarray, ...]) -> tuple[np.ndarray]:
        return (leaves[0].ravel()[:16].reshape(4, 4),)

    return replace(
        problem,
        weights=square(problem.weights),
        curvatures=(problem.curvatures[0][:16, :16],),
        targets=tuple(map(square, problem.targets)),
        probes=tuple(map(square, problem.probes)),
    )


@live
@pytest.mark.parametrize("demonstrate", DEMONSTRATIONS, ids=lambda function: function.__name__)
def test_what_is_wrong_with_packages(demonstrate: Callable[[], None]):
    demonstrate()
