"""Marks of tests that need a data set: without it they are skipped, and say what is missing."""

import pytest

from lionsearch.errors import TaskError
from lionsearch.tasks.data import austen, fashion, shakespeare
from lionsearch.tasks.data.finding import Source


def _needs(source: Source) -> pytest.MarkDecorator:
    try:
        source.find()
    except TaskError as error:
        return pytest.mark.skipif(True, reason=str(error))
    return pytest.mark.skipif(False, reason="")


needs_fashion = _needs(fashion.SOURCE)
needs_shakespeare = _needs(shakespeare.SOURCE)
needs_austen = _needs(austen.SOURCE)

NEEDS = {
    "images:fashion": needs_fashion,
    "diffusion:fashion": needs_fashion,
    "text:language_model": needs_shakespeare,
    "text:masked_model": needs_shakespeare,
    "text:fine_tuned_model": needs_austen,
}
"""What a factory of `lionsearch.tasks.ladder` needs, by how its name begins."""


def needs_of(factory: str) -> list[pytest.MarkDecorator]:
    """Return the marks of a task by its factory."""
    found = [mark for name, mark in NEEDS.items() if factory.removeprefix("lionsearch.tasks.ladder.").startswith(name)]
    return [*found, needs_shakespeare] if "fine_tuned" in factory else found
