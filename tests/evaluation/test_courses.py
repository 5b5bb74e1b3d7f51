import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_tasks import make_spec, normalized_regression, regression

from lionsearch.evaluation.courses import Courses


def test_a_seed_starts_from_its_own_weights_and_the_models_state():
    problem = normalized_regression()
    courses = Courses(problem, make_spec())
    for seed in (0, 5):
        params, state = problem.init(jax.random.key(seed))
        course = courses.of_seed(seed)
        jax.tree.map(lambda one, two: np.testing.assert_allclose(one, two, rtol=1e-6), course.params, params)
        assert jax.tree.structure(course.model) == jax.tree.structure(state)
        np.testing.assert_array_equal(course.model["mean"], jnp.zeros(8))
    assert Courses(regression(), make_spec()).of_seed(0).model == ()


def test_batches_are_epochs_without_replacement():
    courses = Courses(regression(), make_spec(steps=60, batch=20))
    batches = np.asarray(courses.of_seed(3).batches)
    assert batches.shape == (10, 6, 20)
    epochs = batches.reshape(-1, 60)  # 3 batches, of 64 examples
    assert all(len(set(epoch.tolist())) == 60 for epoch in epochs)
    assert len({epoch.tobytes() for epoch in epochs}) == len(epochs)
    assert np.array_equal(Courses(regression(), make_spec(steps=60, batch=20)).of_seed(3).batches, batches)
    assert not np.array_equal(courses.of_seed(4).batches, batches)


def test_keys_are_the_seeds_own():
    courses = Courses(regression(), make_spec())
    keys = [jax.random.key_data(courses.of_seed(seed).key).tobytes() for seed in range(4)]
    initial = [jax.random.key_data(jax.random.key(seed)).tobytes() for seed in range(4)]
    assert len({*keys, *initial}) == 8


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_probe_is_a_part_of_the_validation_split(split):
    problem = regression()
    courses = Courses(problem, make_spec())
    train, probe, final = courses.examples(split)
    np.testing.assert_array_equal(train["x"], problem.train["x"])
    np.testing.assert_array_equal(probe["x"], problem.validation["x"][:16])  # a quarter, as there are so few
    np.testing.assert_array_equal(final["x"], getattr(problem, split)["x"])
    np.testing.assert_array_equal(courses.split(split)["x"], final["x"])
