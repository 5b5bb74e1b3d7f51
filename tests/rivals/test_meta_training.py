import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.rivals import meta_training
from lionsearch.rivals.lstm import WEIGHTS, init_network, load_network
from lionsearch.rivals.meta_training import LENGTHS, UNROLL, MetaTask, main, measure, meta_train
from lionsearch.tasks.problem import Problem


def make_problem() -> Problem:
    """A noisy line."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = (x @ np.array([1.0, -2.0, 0.5]) + 0.1 * rng.normal(size=120)).astype(np.float32)
    part = {"x": x, "y": y}

    def loss(weights, batch):
        return jnp.mean((batch["x"] @ weights - batch["y"]) ** 2)

    return Problem(lambda key: jax.random.normal(key, (3,)), loss, part, part, part)


@pytest.fixture(scope="module")
def problems():
    return {"line": make_problem()}


@pytest.fixture(scope="module")
def learned(problems):
    losses: list[float] = []
    network = meta_train(problems, 40, rate=0.01, listener=lambda step, task, loss: losses.append(loss))
    return network, losses


def test_a_few_steps_lower_the_loss_of_trainings(problems, learned):
    network, losses = learned
    before = measure(problems, init_network(jax.random.fold_in(jax.random.key(0), 0)), length=60)["line"]
    after = measure(problems, network, length=60)["line"]
    assert len(losses) == 40
    assert after < before - 0.3


def test_the_same_seed_gives_the_same_network(problems):
    first, again, other = (meta_train(problems, 2, seed) for seed in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert not np.array_equal(first.readout, other.readout)


def test_trainings_differ_in_weights_and_length(problems):
    task, network = MetaTask(problems["line"]), init_network(jax.random.key(0))
    began = [task.begin(network, jax.random.key(seed)) for seed in range(8)]
    lengths = {int(each.length) for each in began}
    assert len(lengths) > 2
    assert all(LENGTHS[0] <= length <= LENGTHS[1] and length % UNROLL == 0 for length in lengths)
    assert not np.array_equal(began[0].weights[0], began[0].weights[1])


def test_trainings_go_on_where_an_unroll_ended(problems):
    task, network = MetaTask(problems["line"]), init_network(jax.random.key(0))
    start = task.begin(network, jax.random.key(0))
    _, (_, after) = task.unroll(network, start, jnp.float32(0))
    assert int(after.step) == UNROLL
    assert not np.array_equal(after.weights, start.weights)
    assert np.any(after.state != 0)


def test_imitation_is_of_adams_updates(problems):
    """Of a network that does nothing, the difference is the mean square of Adam's updates: 1 in the first step."""
    task, network = MetaTask(problems["line"]), init_network(jax.random.key(0))
    silent = network._replace(readout=jnp.zeros(20))
    start = task.begin(silent, jax.random.key(0))
    lowered, (loss, after) = task.unroll(silent, start, jnp.float32(1))
    np.testing.assert_array_equal(after.weights, start.weights)
    assert 0.3 < float(lowered - loss) < 1.1


def test_only_training_examples_are_used(problems):
    problem = problems["line"]
    nothing = jax.tree.map(lambda leaf: np.full_like(leaf, np.nan), problem.validation)
    hidden = Problem(problem.init, problem.loss, problem.train, nothing, nothing)
    network = meta_train({"line": hidden}, 2)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(network))


def test_the_command_writes_a_file_that_can_be_used(problems, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(meta_training, "tasks", lambda: problems)
    main(["--steps", "2", "--output", str(tmp_path / "mine.npz")])
    assert load_network(tmp_path / "mine.npz").readout.shape == load_network(WEIGHTS).readout.shape
    assert "step 2  mean log loss: line " in capsys.readouterr().out


def test_the_tasks_are_small():
    for problem in meta_training.tasks().values():
        sizes = [leaf.size for leaf in jax.tree.leaves(jax.eval_shape(problem.init, jax.random.key(0)))]
        assert sum(sizes) < 1000
