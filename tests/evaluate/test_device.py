import itertools
import os

import jax
import pytest

from lionsearch.evaluate.device import configure_jax, describe_device


def test_the_device_is_described_with_its_threads_and_versions(monkeypatch):
    """A loss may change with any of them, so a stored reference belongs to all of them."""
    found = set()
    flags = (None, "--xla_cpu_multi_thread_eigen=false", "--xla_cpu_multi_thread_eigen=true")
    names = ("XLA_FLAGS", "NPROC", "OPENBLAS_NUM_THREADS", "JAX_DEFAULT_MATMUL_PRECISION")
    for values in itertools.product(flags, (None, "1", "4"), (None, "1"), (None, "highest")):
        for name, value in zip(names, values, strict=True):
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        found.add(describe_device())
        assert describe_device() in found
    assert len(found) == 36
    monkeypatch.setattr(jax, "__version__", "0.0")
    assert describe_device() not in found


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        ("NPROC", "1", "3"),
        ("OPENBLAS_NUM_THREADS", "1", "3"),
        ("JAX_DEFAULT_MATMUL_PRECISION", "highest", "tensorfloat32"),
    ],
)
def test_a_process_computes_with_one_thread_and_whole_float32_unless_told_otherwise(monkeypatch, name, default, other):
    for given, expected in ((None, default), (other, other)):
        monkeypatch.delenv(name, raising=False) if given is None else monkeypatch.setenv(name, given)
        configure_jax()
        assert os.environ[name] == expected
