import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from lionsearch.tasks.ladder import diffusion


def test_samples_are_images_from_0_to_1():
    problem = diffusion.digits_diffusion(width=8, layers=1)
    params, state = jax.jit(problem.init)(jax.random.key(0))
    images = np.asarray(problem.samples(params, state, jax.random.key(1)))
    assert images.shape == (16, 8, 8)
    assert images.min() >= 0
    assert images.max() <= 1


def test_the_splits_are_all_the_digits():
    problem = diffusion.digits_diffusion()
    assert [len(part) for part in (problem.train, problem.validation, problem.test)] == [1197, 300, 300]
    assert (problem.train.min(), problem.train.max()) == (-1, 1)


@pytest.mark.thorough
def test_trained_weights_draw_what_looks_like_digits():
    """Their mean is that of the digits, whose edges are black and whose middle is not."""
    problem = diffusion.digits_diffusion(width=64, layers=1)
    params, state = jax.jit(problem.init)(jax.random.key(0))
    optimizer = optax.adam(0.003)

    @jax.jit
    def train(params, moments):
        def step(carry, key):
            params, moments = carry
            batch = jnp.asarray(problem.train)[jax.random.randint(key, (64,), 0, 1197)]
            slope = jax.grad(lambda at: problem.train_loss(at, state, batch, key)[0])(params)
            updates, moments = optimizer.update(slope, moments, params)
            return (optax.apply_updates(params, updates), moments), None

        keys = jax.random.split(jax.random.key(1), 1_500)
        return jax.lax.scan(step, (params, moments), keys)[0][0]

    trained = train(params, optimizer.init(params))
    drawn = np.concatenate([problem.samples(trained, state, jax.random.key(2 + number)) for number in range(4)])
    real = (problem.test[..., 0].mean(axis=0) + 1) / 2
    assert np.corrcoef(drawn.mean(axis=0).ravel(), real.ravel())[0, 1] > 0.9
