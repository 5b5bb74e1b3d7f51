import jax
import numpy as np
import pytest
from data_sets import needs_austen, needs_shakespeare

from lionsearch.tasks.data.windows import decode_text
from lionsearch.tasks.ladder.text import fine_tuned_model, language_model, masked_model
from lionsearch.tasks.models import pretraining

SMALL = {"width": 4, "layers": 1, "heads": 1, "context": 40, "evaluated": 16}


def test_a_book_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="book is 'bible'; it must be 'shakespeare' or 'austen'"):
        language_model(book="bible")


@needs_shakespeare
def test_a_window_has_a_character_more_than_the_context():
    assert language_model(**SMALL).validation.shape == (16, 41)
    assert masked_model(**SMALL).validation.shape == (16, 40)
    assert len(decode_text(language_model(**SMALL).train[0])) == 41


@needs_shakespeare
@needs_austen
def test_a_model_that_read_shakespeare_starts_on_austen_with_its_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))
    trained = []

    def train(training, examples):
        trained.append(examples)
        return jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, np.float32), training.out_info)

    monkeypatch.setattr(pretraining, "_train", train)
    problem = fine_tuned_model(**SMALL, examples=50)
    assert len(problem.train) == 50
    assert len(trained) == 1
    assert len(trained[0]) > 90_000
    params, _ = jax.jit(problem.init)(jax.random.key(0))
    assert all(np.all(leaf == 0.5) for leaf in jax.tree.leaves(params))
