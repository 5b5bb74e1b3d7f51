import numpy as np
import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.lang import parse
from lionsearch.semantics import replay
from lionsearch.semantics.oracle import run_oracle
from lionsearch.semantics.replay import Trajectory, follow, ignores_shapes

SHAPES = ((2, 3), (2,))


def draw(steps: int = 5) -> list[dict[str, object]]:
    rng = np.random.default_rng(0)

    def leaves() -> tuple[np.ndarray, ...]:
        return tuple(rng.normal(size=shape) for shape in SHAPES)

    return [{"w": leaves(), "g": leaves(), "lr": np.float64(0.1), "t": np.float64(n + 1)} for n in range(steps)]


def test_updates_are_those_of_the_oracle_on_the_same_gradients():
    inputs = draw()
    inputs = [{**each, "w": inputs[0]["w"]} for each in inputs]  # a rule without weight decay reads no weights
    adam = load_program("adam_counter_free")
    found = follow(adam, Trajectory(tuple(inputs), SHAPES))
    weights = run_oracle(adam, inputs[0]["w"], [each["g"] for each in inputs], [0.1] * len(inputs))
    before = [inputs[0]["w"], *weights]
    for step, update in enumerate(found):
        moved = [old - new for old, new in zip(before[step], before[step + 1], strict=True)]
        np.testing.assert_allclose(update, np.concatenate([leaf.ravel() for leaf in moved]), rtol=1e-6, atol=1e-12)


def test_the_weights_are_those_recorded():
    inputs = draw()
    found = follow(parse("def train(w, g, lr): return w * lr"), Trajectory(tuple(inputs), SHAPES))
    assert found.shape == (5, 8)
    np.testing.assert_allclose(found[3][:6], 0.1 * inputs[3]["w"][0].ravel())


def test_an_input_that_was_not_recorded():
    assert follow(parse("def train(w, g, lr, loss): return g * loss"), Trajectory(tuple(draw()), SHAPES)) is None


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_what_ignores_shapes_is_the_same_where_all_tensors_are_one(name, monkeypatch):
    program, trajectory = load_program(name), Trajectory(tuple(draw()), SHAPES)
    if ignores_shapes(program) and (found := follow(program, trajectory)) is not None:
        monkeypatch.setattr(replay, "ignores_shapes", lambda program: False)
        np.testing.assert_allclose(found, follow(program, trajectory), rtol=1e-9, atol=1e-12)


def test_what_looks_at_tensors_or_matrices_does_not_ignore_shapes():
    names = [name for name in PROGRAMS.names() if ignores_shapes(load_program(name))]
    assert {"adamw", "lion", "dog"} < set(names)
    assert not {"muon", "adafactor", "lars", "lamb", "soap"} & set(names)
