import re

import pytest

from lionsearch.export.helpers import JAX_HELPERS, TORCH_HELPERS, helper_texts
from lionsearch.export.speller import spelling_of
from lionsearch.lang import OPERATIONS


@pytest.mark.parametrize(("library", "helpers"), [("jnp", JAX_HELPERS), ("torch", TORCH_HELPERS)])
def test_every_helper_that_is_called_is_there(library, helpers):
    shortcuts = [row.shortcut.spelling for row in OPERATIONS.values() if row.shortcut is not None]
    texts = [each.text for each in (*(spelling_of(row, library) for row in OPERATIONS.values()), *shortcuts)]
    called = {name for text in (*texts, *helpers.values()) for name in re.findall(r"(?<![\w.])_[a-z]\w*(?=\()", text)}
    assert called <= set(helpers)


@pytest.mark.parametrize("helpers", [JAX_HELPERS, TORCH_HELPERS], ids=["jax", "torch"])
def test_a_helper_brings_those_that_it_calls_and_no_others(helpers):
    for name in helpers:
        texts = helper_texts([name], helpers)
        defined = {re.match(r"def (\w+)", text)[1] for text in texts}
        called = {each for text in texts for each in re.findall(r"(?<![\w.])_[a-z]\w*(?=\()", text)}
        assert name in defined
        assert called - {name} == defined - {name}
