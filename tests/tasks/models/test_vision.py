import jax
import jax.numpy as jnp
import numpy as np
import pytest
from running import run, start

from lionsearch.tasks.models.vision import Augment, Mixer, ResNet, SignalNet, VisionTransformer


def test_an_augmented_image_is_moved_and_half_are_mirrored_in_training_alone():
    image = np.zeros((1, 9, 9, 1), np.float32)
    image[0, 4, 2:4, 0] = 1, 2
    images = jnp.asarray(np.repeat(image, 400, axis=0))
    module = Augment(2)
    assert module.apply({}, images, False) is images
    moved = np.asarray(run(module, {}, images, True, rngs={"augment": jax.random.key(0)}))[..., 0]
    ones, twos = (np.argwhere(moved == value)[:, 1:] for value in (1, 2))
    assert np.all(ones[:, 0] == twos[:, 0])
    mirrored = ones[:, 1] > twos[:, 1]
    assert 0.4 < mirrored.mean() < 0.6
    assert sorted(set((ones[:, 0] - 4).tolist())) == [-2, -1, 0, 1, 2]
    assert sorted(set((ones[~mirrored, 1] - 2).tolist())) == [-2, -1, 0, 1, 2]
    assert sorted(set((ones[mirrored, 1] - 6).tolist())) == [-2, -1, 0, 1, 2]


@pytest.mark.thorough
def test_a_residual_networks_statistics_go_on_in_training_alone():
    images = jax.random.normal(jax.random.key(0), (16, 8, 8, 1))
    module = ResNet(4, (1, 1))
    variables = start(module, images, False)
    assert run(module, variables, images, False).shape == (16, 10)
    _, new = run(module, variables, images, True, mutable=["batch_stats"])
    changed = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), variables["batch_stats"], new["batch_stats"])
    assert all(jax.tree.leaves(changed))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "module",
    [VisionTransformer(8, 1, 2, 4, dropout=0.5), Mixer(8, 1, 4, 8, dropout=0.5)],
    ids=lambda m: type(m).__name__,
)
def test_each_image_is_named_by_itself_and_dropout_is_of_training_alone(module):
    images = jax.random.normal(jax.random.key(0), (3, 8, 8, 1))
    params = start(module, images, False)
    outputs = run(module, params, images, False)
    np.testing.assert_allclose(run(module, params, images[1:2], False), outputs[1:2], atol=1e-5)
    trained = run(module, params, images, True, rngs={"dropout": jax.random.key(2)})
    assert float(jnp.abs(trained - outputs).max()) > 1e-3


@pytest.mark.thorough
def test_a_mixer_mixes_tokens():
    images = jax.random.normal(jax.random.key(0), (1, 8, 8, 1))
    module = Mixer(8, 1, 4, 8)
    params = start(module, images, False)
    exchanged = jnp.concatenate([images[:, 4:], images[:, :4]], axis=1)
    difference = run(module, params, images, False) - run(module, params, exchanged, False)
    assert float(jnp.abs(difference).max()) > 1e-4


def test_a_network_of_signals_sees_all_points():
    signals = jax.random.normal(jax.random.key(0), (1, 40))
    module = SignalNet(6)
    params = start(module, signals)
    slope = jax.jit(jax.grad(lambda x: jnp.sum(module.apply(params, x) ** 2)))(signals)
    assert slope.shape == (1, 40)
    assert float((slope != 0).mean()) > 0.9
