import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.tasks.ladder.contrastive import captioned_shapes


@pytest.fixture(scope="module")
def problem():
    return captioned_shapes(width=2, features=4, side=8, group=8, examples=64, evaluated=32)


@pytest.fixture(scope="module")
def start(problem):
    return jax.jit(problem.init)(jax.random.key(0))


@pytest.mark.thorough
def test_equal_captions_share_what_is_right(problem, start):
    params, state = start
    one = {name: np.repeat(array[:1], 8, axis=0) for name, array in problem.validation.items()}
    loss, metrics = jax.jit(lambda *given: (problem.loss(*given), problem.metrics(*given)))(params, state, one)
    assert float(loss) == pytest.approx(0, abs=1e-5)
    assert float(metrics["accuracy"]) == 1


@pytest.mark.thorough
def test_a_group_is_compared_with_itself_alone(problem, start):
    params, state = start
    loss = jax.jit(problem.loss)
    groups = [jax.tree.map(lambda leaf, at=at: leaf[at : at + 8], problem.validation) for at in range(0, 32, 8)]
    mean = np.mean([float(loss(params, state, group)) for group in groups])
    assert float(loss(params, state, problem.validation)) == pytest.approx(mean, rel=1e-4)


@pytest.mark.thorough
def test_an_untrained_network_is_near_chance(problem, start):
    params, state = start
    assert 0.5 < float(jax.jit(problem.loss)(params, state, problem.validation)) < 3 * np.log(8)
    assert jnp.isfinite(jax.jit(problem.loss)(params, state, jax.tree.map(lambda x: x[:5], problem.validation)))
