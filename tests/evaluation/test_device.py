import itertools
import os
import subprocess
import sys

import jax
import pytest

from lionsearch.evaluation.device import configure_jax, describe_device

NAMES = ("XLA_FLAGS", "NPROC", "OPENBLAS_NUM_THREADS", "JAX_DEFAULT_MATMUL_PRECISION")


def test_the_device_is_described_with_its_settings_and_versions(monkeypatch):
    """A loss may change with any of them, so a stored reference belongs to all of them."""
    found = set()
    flags = (None, "--xla_cpu_multi_thread_eigen=false", "--xla_cpu_multi_thread_eigen=true")
    for values in itertools.product(flags, (None, "1", "4"), (None, "1")):
        for name, value in zip(NAMES, values, strict=False):
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        found.add(describe_device())
        assert describe_device() in found
    assert len(found) == 18
    with jax.default_matmul_precision("tensorfloat32"):
        assert describe_device() not in found
    unoptimized = jax.config.read("jax_disable_most_optimizations")
    try:
        jax.config.update("jax_disable_most_optimizations", not unoptimized)
        assert describe_device() not in found
    finally:
        jax.config.update("jax_disable_most_optimizations", unoptimized)
    monkeypatch.setattr(jax, "__version__", "0.0")
    assert describe_device() not in found


def test_the_number_of_processors_that_compile_is_not_part_of_the_description(monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    configure_jax()
    before = describe_device()
    assert f"parallelism={os.cpu_count()}" in os.environ["XLA_FLAGS"]
    monkeypatch.setenv("XLA_FLAGS", os.environ["XLA_FLAGS"].replace(f"ism={os.cpu_count()}", "ism=99"))
    assert describe_device() == before


@pytest.mark.parametrize(
    ("name", "default", "other"),
    [
        ("NPROC", "1", "3"),
        ("OPENBLAS_NUM_THREADS", "1", "3"),
        ("JAX_DEFAULT_MATMUL_PRECISION", "highest", "tensorfloat32"),
    ],
)
def test_a_process_computes_with_one_thread_and_float32_unless_told_otherwise(monkeypatch, name, default, other):
    for given, expected in ((None, default), (other, other)):
        monkeypatch.delenv(name, raising=False) if given is None else monkeypatch.setenv(name, given)
        configure_jax()
        assert os.environ[name] == expected


_CALLED = """
import sys
import lionsearch.evaluation.device as device

def configure_jax():
    print("too late" if {"jax", "scipy"} & set(sys.modules) else "in time")
    raise SystemExit

device.configure_jax = configure_jax
"""
_COMMANDS = [
    ["search", "quickstart", "--workers", "0"],
    ["evaluate", "adamw", "--task", "digits_mlp"],
    ["tune", "adamw", "--task", "digits_mlp"],
    ["evaluate", "optax:lion", "--task", "digits_mlp"],
    ["compare", "optax:lion", "--task", "digits_mlp", "--workers", "0"],
    ["tune", "optax:lion", "--task", "digits_mlp"],
    ["simplify", "lion", "--task", "digits_mlp"],
    ["identify", "lion", "--task", "digits_mlp"],
]
_WORKER = "from lionsearch.workers.ray_worker import Worker\nWorker(None, '')"


@pytest.mark.parametrize(
    "call",
    [*(f"sys.argv[1:] = {command}\nfrom lionsearch.cli import main\nmain()" for command in _COMMANDS), _WORKER],
    ids=[*(" ".join(command[:3]) for command in _COMMANDS), "worker"],
)
def test_jax_is_configured_before_it_is_imported(tmp_path, call):
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    done = subprocess.run(
        [sys.executable, "-c", _CALLED + call],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = (done.stdout + done.stderr).splitlines()  # a search has only results on stdout
    assert "in time" in printed
    assert "too late" not in printed
