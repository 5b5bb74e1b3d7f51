from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from lionsearch.errors import TaskError
from lionsearch.evaluation import room
from lionsearch.evaluation.room import check_room, count_memory
from lionsearch.tasks import Problem

DATA = np.zeros((4, 1), np.float32)


def network(size):
    """A network of so many parameters, none of which are ever made."""
    return Problem(lambda key: {"w": jnp.zeros((size,))}, lambda params, batch: jnp.mean(batch), DATA, DATA, DATA)


def test_what_cannot_fit_is_refused_before_anything_is_allocated():
    with pytest.raises(TaskError, match=r"large: a network of 10_000_000_000_000 parameters takes at least 160000 GB"):
        check_room(network(10**13), "large")


def test_what_fits_goes_on(monkeypatch):
    monkeypatch.setattr(room, "count_memory", lambda: 16_000)
    check_room(network(1_000), "small")
    with pytest.raises(TaskError, match="this machine has 0 GB"):
        check_room(network(1_001), "small")
    monkeypatch.setattr(room, "count_memory", lambda: None)
    check_room(network(10**13), "unknown")


def test_a_models_state_is_no_parameter(monkeypatch):
    monkeypatch.setattr(room, "count_memory", lambda: 16_000)
    init = network(1_000).init
    check_room(replace(network(0), init=lambda key: (init(key), jnp.zeros(10**6)), stateful=True), "small")


@pytest.mark.parametrize(("text", "expected"), [("max\n", None), ("1000000\n", 1_000_000), ("", None)])
def test_a_containers_limit_counts(tmp_path, monkeypatch, text, expected):
    whole = count_memory()
    assert whole is not None
    assert whole > 2**28
    (tmp_path / "limit").write_text(text)
    monkeypatch.setattr(room, "_LIMITS", (tmp_path / "none", tmp_path / "limit"))
    found = count_memory()
    assert found == expected if expected else found is not None and found >= whole
