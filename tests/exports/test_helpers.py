import re

import pytest

from lionsearch.exports.helpers import called_helpers, helper_texts, helpers_of
from lionsearch.exports.speller import spelling_of
from lionsearch.lang import OPERATIONS


@pytest.mark.parametrize(("shown", "library"), [("jnp", "jax"), ("torch", "torch")])
def test_every_helper_that_is_called_is_there(shown, library):
    shortcuts = [row.shortcut.spelling for row in OPERATIONS.values() if row.shortcut is not None]
    texts = [each.text for each in (*(spelling_of(row, shown) for row in OPERATIONS.values()), *shortcuts)]
    called = {name for text in (*texts, *helpers_of(library).values()) for name in called_helpers(text)}
    assert called <= set(helpers_of(library))


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_a_helper_brings_those_that_it_calls_and_no_others(library):
    for name in helpers_of(library):
        texts = helper_texts([name], library)
        defined = {re.search(r"^(?:def|class) (\w+)", text, re.M)[1] for text in texts}
        called = {each for text in texts for each in called_helpers(text)}
        assert name in defined
        assert called - {name} == defined - {name}
