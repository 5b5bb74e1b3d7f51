import jax
import jax.numpy as jnp
import numpy as np
import pytest
from running import run, start

from lionsearch.tasks.models.characters import Decoder, MaskedEncoder


def test_a_later_character_changes_no_earlier_prediction():
    module, codes = Decoder(9, 8, 2, 2), jnp.arange(6, dtype=jnp.uint8)[None]
    params = start(module, codes, False)
    changed = codes.at[0, 3].set(8)
    logits = [run(module, params, each, False) for each in (codes, changed)]
    assert jnp.any(logits[0] != logits[1], axis=1).tolist() == [False] * 3 + [True] * 3


@pytest.mark.thorough
def test_what_is_masked_is_the_same_in_measuring_and_new_in_training():
    module, codes = MaskedEncoder(9, 8, 1, 2, masked=0.25), jnp.arange(200, dtype=jnp.uint8).reshape(20, 10) % 9
    params = start(module, codes, False)
    _, first = run(module, params, codes, False)
    _, again = run(module, params, codes, False)
    assert np.array_equal(first, again)
    masks = [run(module, params, codes, True, rngs={"mask": jax.random.key(key)})[1] for key in (1, 2)]
    assert not np.array_equal(*masks)
    assert 0.15 < float(jnp.mean(jnp.stack(masks))) < 0.35


@pytest.mark.thorough
def test_a_masked_character_is_not_seen():
    module, codes = MaskedEncoder(9, 8, 1, 2, masked=0.25), jnp.arange(200, dtype=jnp.uint8).reshape(20, 10) % 9
    params = start(module, codes, False)
    logits, mask = run(module, params, codes, False)
    hidden = jnp.where(mask.reshape(codes.shape), 8 - codes, codes)
    np.testing.assert_array_equal(run(module, params, hidden, False)[0], logits)
