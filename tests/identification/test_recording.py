import numpy as np
import pytest

from lionsearch.catalog import load_program
from lionsearch.identification.recording import record_trajectory
from lionsearch.lang import parse
from lionsearch.semantics.replay import follow
from lionsearch.tasks.spec import TaskSpec

SPEC = TaskSpec(
    name="small",
    factory="evaluation.small_tasks:regression",
    steps=40,
    batch=16,
    warmup=4,
    learning_rate=0.02,
    weight_decay=0.1,
)


@pytest.fixture(scope="module")
def trajectory():
    return record_trajectory(SPEC, ("t", "h"), steps=12)


def test_weights_move_as_tuned_adamw_moves_them(trajectory):
    updates = follow(load_program("adamw").with_hyperparameters({"weight_decay": 0.1}), trajectory)
    assert updates is not None
    weights = np.array([np.concatenate([np.ravel(leaf) for leaf in inputs["w"]]) for inputs in trajectory.inputs])
    np.testing.assert_allclose(weights[:-1] - weights[1:], updates[:-1], rtol=1e-3, atol=1e-6)


def test_inputs_are_what_was_asked_for(trajectory):
    first = trajectory.inputs[0]
    assert set(first) == {"w", "g", "lr", "t", "h"}
    assert [leaf.shape for leaf in first["h"]] == list(trajectory.shapes)
    assert first["lr"] == pytest.approx(20.0)
    assert [inputs["t"] for inputs in trajectory.inputs] == list(range(1, 13))
    assert follow(load_program("polyak_sgd"), trajectory) is None  # it needs the loss


def test_gradients_are_of_different_batches(trajectory):
    firsts = [inputs["g"][0] for inputs in trajectory.inputs]
    assert not np.allclose(firsts[0], firsts[1])
    size = sum(np.prod(shape, dtype=int) for shape in trajectory.shapes)
    updates = follow(parse("def train(w, g, lr): return g * lr"), trajectory)
    assert updates is not None
    assert updates.shape == (12, size)


def test_a_model_with_a_state_and_dropout_is_recorded():
    spec = SPEC.model_copy(update={"factory": "evaluation.small_tasks:normalized_regression"})
    recorded = record_trajectory(spec, ("g_full",), steps=4)
    assert recorded.shapes == ((6, 8), (8,))
    assert all(
        np.isfinite(leaf).all() for inputs in recorded.inputs for name in ("g", "g_full") for leaf in inputs[name]
    )
    still = record_trajectory(spec.model_copy(update={"options": {"dropout": 0.0}}), steps=4)
    firsts = [np.concatenate([leaf.ravel() for leaf in each.inputs[0]["g"]]) for each in (recorded, still)]
    assert not np.allclose(*firsts), "dropout is in what is recorded"
