import jax
import numpy as np
import pytest
from running import run, start

from lionsearch.tasks.models.two_towers import TwoTowers


@pytest.mark.thorough
def test_vectors_have_unit_length_and_an_image_does_not_see_its_caption():
    module = TwoTowers(words=9, width=4, layers=1, features=6)
    image = np.asarray(jax.random.randint(jax.random.key(0), (3, 8, 8, 3), 0, 255), np.uint8)
    caption = np.arange(15, dtype=np.int32).reshape(3, 5) % 9
    params = start(module, {"image": image, "caption": caption})
    images, texts, scale = run(module, params, {"image": image, "caption": caption})
    again, others, _ = run(module, params, {"image": image, "caption": caption[::-1]})
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(again, images, atol=1e-5)
    np.testing.assert_allclose(others[::-1], texts, atol=1e-5)
    assert 5 < float(scale) < 20
