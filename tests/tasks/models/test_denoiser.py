import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from running import run, start

from lionsearch.tasks.models.denoiser import (
    ConvolutionalNetwork,
    Denoiser,
    DenseNetwork,
    _fold,
    _unfold,
    draw_samples,
)


class KnowsTheImage(nn.Module):
    """Says what noise is on an image that is 0.25 everywhere, which it knows."""

    def __call__(self, images, times):
        angle = (jnp.pi / 2 * times)[:, None, None, None]
        return (images - jnp.cos(angle) * 0.25) / jnp.maximum(jnp.sin(angle), 1e-6)


def test_what_knows_the_noise_has_no_loss_and_draws_the_image():
    module = Denoiser(KnowsTheImage())
    found, noise = run(module, {}, jnp.full((8, 4, 4, 1), 0.25), False)
    np.testing.assert_allclose(found, noise, atol=1e-4)
    drawn = draw_samples(module, {}, jax.random.key(0), (3, 4, 4, 1), steps=20)
    np.testing.assert_allclose(drawn, 0.25, atol=1e-4)


def test_noise_is_the_same_in_measuring_and_new_in_training():
    module, images = Denoiser(KnowsTheImage()), jnp.zeros((64, 4, 4, 1))
    measured = [run(module, {}, images, False)[1] for _ in range(2)]
    assert np.array_equal(*measured)
    assert float(measured[0].std()) == pytest.approx(1, abs=0.1)
    trained = [run(module, {}, images, True, rngs={"noise": jax.random.key(key)})[1] for key in (0, 1)]
    assert not np.array_equal(*trained)


@pytest.mark.thorough
@pytest.mark.parametrize("network", [DenseNetwork(8, 1), ConvolutionalNetwork(4, 1)], ids=lambda n: type(n).__name__)
def test_a_network_is_told_the_time(network):
    images = jax.random.normal(jax.random.key(0), (1, 8, 8, 1))
    params = start(network, images, jnp.array([0.5]))
    early, late = (run(network, params, images, jnp.array([time])) for time in (0.1, 0.9))
    assert early.shape == images.shape
    assert float(jnp.abs(early - late).max()) > 1e-4


def test_places_of_four_pixels_are_unfolded_as_they_were_folded():
    images = jax.random.normal(jax.random.key(0), (2, 4, 6, 3))
    assert _fold(images).shape == (2, 2, 3, 12)
    np.testing.assert_array_equal(_unfold(_fold(images)), images)
