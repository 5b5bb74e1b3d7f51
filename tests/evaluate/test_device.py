import itertools
import os

import jax
import pytest

from lionsearch.evaluate.device import configure_jax, describe_device


def test_the_device_is_described_with_its_threads_and_versions(monkeypatch):
    """A loss may change with any of them, so a stored reference belongs to all of them."""
    found = set()
    flags = (None, "--xla_cpu_multi_thread_eigen=false", "--xla_cpu_multi_thread_eigen=true")
    for values in itertools.product(flags, (None, "1", "4"), (None, "1")):
        for name, value in zip(("XLA_FLAGS", "NPROC", "OPENBLAS_NUM_THREADS"), values, strict=True):
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        found.add(describe_device())
        assert describe_device() in found
    assert len(found) == 18
    monkeypatch.setattr(jax, "__version__", "0.0")
    assert describe_device() not in found


@pytest.mark.parametrize("name", ["NPROC", "OPENBLAS_NUM_THREADS"])
def test_a_process_computes_with_one_thread_unless_told_otherwise(monkeypatch, name):
    for given, expected in ((None, "1"), ("3", "3")):
        monkeypatch.delenv(name, raising=False) if given is None else monkeypatch.setenv(name, given)
        configure_jax()
        assert os.environ[name] == expected
