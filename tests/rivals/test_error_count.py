import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from rivals.error_problem import CLASSES, make_batch, make_oracle, make_weights, share_wrong

from lionsearch.errors import SettingError
from lionsearch.rivals.error_count import best_step, find_margins, find_right
from lionsearch.tasks import networks

REACH = 4.0


def search(batch, weights, directions):
    """The best step along each direction, and the share of errors there."""
    flat, unravel = ravel_pytree(weights)
    oracle = make_oracle(batch, weights)

    def look(direction):
        here, there = (find_margins(oracle, unravel(at), CLASSES) for at in (flat, flat + direction))
        step = best_step(*find_right(here, there - here), REACH)
        return step, share_wrong(unravel(flat + step.size * direction), batch)

    return jax.jit(jax.vmap(look))(directions)


def brute_force(batch, weights, directions):
    """The fewest errors along each direction, on a fine grid of steps."""
    flat, unravel = ravel_pytree(weights)
    sizes = jnp.linspace(-REACH, REACH, 20_001)

    def look(direction):
        return jnp.min(jax.vmap(lambda size: share_wrong(unravel(flat + size * direction), batch))(sizes))

    return jax.jit(lambda every: jax.lax.map(look, every))(directions)


def some_directions(size):
    return jnp.concatenate([jnp.eye(size), jax.random.normal(jax.random.key(1), (3, size))])


@pytest.mark.parametrize("noise", [0.3, 1.5, 4.0])
@pytest.mark.thorough
def test_the_step_is_the_best_that_brute_force_finds(noise):
    batch, weights = make_batch(noise=noise), make_weights(3)
    directions = some_directions(9)
    steps, shares = search(batch, weights, directions)
    best = brute_force(batch, weights, directions)
    assert np.all(np.abs(steps.size) <= REACH)
    np.testing.assert_allclose(shares, 1 - steps.right / 60, atol=1e-6)
    assert np.all(shares <= best + 1e-6)
    assert float(share_wrong(weights, batch)) > np.min(best) + 0.05, "there is something to find"


def test_margins_are_differences_of_scores():
    batch, weights = make_batch(), make_weights()
    scores = networks.apply_dense(weights, jnp.asarray(batch["image"]))
    expected = scores - jnp.take_along_axis(scores, batch["label"][:, None], axis=1)
    np.testing.assert_allclose(find_margins(make_oracle(batch, weights), weights, CLASSES), expected, atol=1e-5)


def test_an_example_is_right_between_the_steps_where_a_class_beats_its_label():
    margins = jnp.array([[0.0, -1.0, -2.0], [0.0, 1.0, -1.0], [0.0, 1.0, -1.0]])
    slopes = jnp.array([[0.0, 1.0, -1.0], [0.0, -2.0, 0.0], [0.0, 0.0, 1.0]])
    above, below = find_right(margins, slopes)
    np.testing.assert_allclose(above, [-2.0, 0.5, np.inf])
    np.testing.assert_allclose(below, [1.0, np.inf, -np.inf])


def test_the_middle_of_the_nearest_of_the_best_pieces_is_taken():
    above, below = jnp.array([1.0, 2.0, -4.0, jnp.inf]), jnp.array([3.0, 5.0, -2.0, -jnp.inf])
    step = best_step(above, below, 10.0)
    assert (float(step.size), int(step.right)) == (2.5, 2)
    apart = best_step(jnp.array([1.0, -4.0, 9.0, 9.0]), jnp.array([3.0, -3.0, 8.0, 8.0]), 10.0)
    assert (float(apart.size), int(apart.right)) == (2.0, 1)


def test_steps_stay_within_reach():
    for above, right in ((3.0, 1), (5.0, 0)):
        step = best_step(jnp.array([above]), jnp.array([jnp.inf]), 4.0)
        assert abs(float(step.size)) < 4.0
        assert int(step.right) == right


def test_a_task_without_labels_is_refused():
    batch = {"image": np.zeros((4, 2), np.float32)}
    oracle = make_oracle(batch, make_weights(), measure=lambda weights, batch: jnp.sum(weights["kernel"]), judge=None)
    with pytest.raises(SettingError, match="whose examples have a `label`"):
        find_margins(oracle, oracle.weights, CLASSES)
