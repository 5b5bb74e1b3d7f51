from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluation.small_tasks import make_spec

from lionsearch.catalog import load_program
from lionsearch.evaluation.native import compile_training, measure_samples
from lionsearch.evaluation.plan import Limits
from lionsearch.evaluation.trainer import Trainer


@pytest.fixture(scope="module")
def trainer():
    return Trainer(make_spec(factory="evaluation.small_tasks:regression"), Limits())


def test_a_compiled_training_ends_where_the_interpreter_does(trainer):
    adamw = load_program("adamw_debiased")
    course, examples = trainer.courses.of_seed(5), trainer.courses.examples("validation")
    run = compile_training(trainer.problem, adamw, course, trainer.schedule, examples, trainer.never)
    outcome = trainer.train(adamw, 5, "validation")
    assert float(run().loss) == pytest.approx(outcome.loss, rel=1e-4)


def test_samples_are_measured_at_the_end_from_a_key(trainer):
    def samples(params, key):
        return jnp.full((2, 3, 3), jax.random.uniform(key)) + sum(jnp.sum(leaf) for leaf in jax.tree.leaves(params))

    drawing = measure_samples(replace(trainer.problem, samples=samples), jax.random.key(7))
    params, _ = trainer.objective.init(jax.random.key(0)), None
    images = drawing.metrics(params[0], "a batch")["images"]
    np.testing.assert_allclose(images, samples(params[0], jax.random.key(7)), rtol=1e-6)
    stateful = measure_samples(
        replace(trainer.problem, samples=lambda params, state, key: jnp.zeros((1, 2, 2)) + state),
        jax.random.key(7),
    )
    np.testing.assert_allclose(stateful.metrics(None, 4.0, "a batch")["images"], np.full((1, 2, 2), 4.0))
