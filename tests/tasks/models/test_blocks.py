import jax
import jax.numpy as jnp
import numpy as np
import pytest
from running import run, start

from lionsearch.tasks import networks
from lionsearch.tasks.models.blocks import Convolution, Transformer, cut_into_tokens


@pytest.mark.parametrize(("size", "stride", "side"), [(3, 1, 6), (3, 2, 6), (3, 2, 7), (1, 2, 7), (5, 1, 6)])
def test_a_product_of_patches_is_the_librarys_convolution(monkeypatch, size, stride, side):
    x = jax.random.normal(jax.random.key(0), (2, side, side, 3))
    layer = Convolution(4, size, stride)
    params = start(layer, x)
    ours = run(layer, params, x)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    np.testing.assert_allclose(ours, run(layer, params, x), atol=1e-4)


@pytest.mark.thorough
def test_a_transformer_is_that_of_the_proxies(monkeypatch):
    """With a norm that centres as well: so the tokens that both see are centred, and their biases are 0."""
    blocks = networks.init_transformer(jax.random.key(0), 1, 8)
    x = jax.random.normal(jax.random.key(1), (6, 8))
    module = Transformer(3, 1, 2, causal=True)
    params = start(module, x, False)["params"]
    for name, part in (("Dense_0", "up"), ("Dense_1", "down")):
        params[name] = blocks[0][part]
    params["Attention_0"] = {"Dense_0": blocks[0]["qkv"], "Dense_1": blocks[0]["out"]}
    monkeypatch.setattr(networks, "normalize", lambda x: jax.nn.standardize(x, axis=-1, epsilon=1e-6))
    expected = networks.apply_transformer(blocks, x, 3, 2, causal=True)
    np.testing.assert_allclose(run(module, {"params": params}, x, False), expected, atol=1e-5)


def test_tokens_are_square_patches():
    image = jnp.arange(16.0).reshape(1, 4, 4, 1)
    assert cut_into_tokens(image, 2).tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
