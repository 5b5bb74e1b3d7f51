import jax

from lionsearch.evaluate.device import describe_device


def test_the_device_is_described_with_its_threads_and_versions(monkeypatch):
    """A loss may change with any of them, so a stored reference belongs to all of them."""
    found = set()
    for flags in (None, "--xla_cpu_multi_thread_eigen=false", "--xla_cpu_multi_thread_eigen=true"):
        for threads in (None, "1", "4"):
            for name, value in (("XLA_FLAGS", flags), ("NPROC", threads)):
                monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
            found.add(describe_device())
            assert describe_device() in found
    assert len(found) == 9
    monkeypatch.setattr(jax, "__version__", "0.0")
    assert describe_device() not in found
