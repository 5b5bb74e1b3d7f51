"""One process, one thread, whole float32 products: what must be set before JAX is imported.

More threads make a single small training no faster, take the cores of other workers, and change the order of sums.
OpenBLAS, which decomposes XLA's matrices, took 41 ms with two threads for what one does in 1 ms (96 x 96). Compiling
for a GPU alone takes all cores: with one, each size of a batch took 30 s rather than 5 s.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
from typing import Any

import numpy as np

from lionsearch.evaluation.compilations import keep_compilations

_COMPILATION = "--xla_gpu_force_compilation_parallelism"
_FACTS = ("model name", "flags", "Features", "CPU implementer", "CPU part")
"""What `/proc/cpuinfo` says of a processor; the last three on ARM."""
_FLAGS = ("--xla_cpu_multi_thread_eigen=false", f"{_COMPILATION}={os.cpu_count() or 1}")


def configure_jax() -> None:
    """Set this process to one thread on a CPU, to float32 and memory on demand on a GPU; call before JAX is imported.

    What the environment says already is left as it is.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [flag for flag in _FLAGS if flag.split("=")[0] not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    os.environ.setdefault("NPROC", "1")  # the size of XLA's thread pool
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when it is loaded, by JAX's import
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")  # a GPU's default is TF32: three digits
    keep_compilations(digest_processor())
    logging.getLogger("jax._src.debugging").setLevel(logging.CRITICAL)  # a callback that raises is an error, said once


def wants_kernel() -> bool:
    """Return whether populations are to be trained by `kernel.py`: where the environment asks for it."""
    return os.environ.get("LIONSEARCH_KERNEL") == "1"


def describe_device() -> str:
    """Return what results may depend on: library versions, device and processor."""
    import jax  # here, so that `configure_jax` can be called first
    from jaxlib.version import __version__ as jaxlib_version

    device = jax.devices()[0]
    flags = " ".join(flag for flag in os.environ.get("XLA_FLAGS", "").split() if not flag.startswith(_COMPILATION))
    threads = ", ".join(str(os.environ.get(name)) for name in ("NPROC", "OPENBLAS_NUM_THREADS"))
    versions = f"jax {jax.__version__}, jaxlib {jaxlib_version}, numpy {np.__version__}"
    config: Any = jax.config  # whose attributes no type checker knows
    precision = config.jax_default_matmul_precision
    code = ", unoptimized" if config.read("jax_disable_most_optimizations") else ""
    return f"{versions}, {device.device_kind}, {_processor()}, {flags}, {threads}, {precision}{code}"


def _processor() -> str:
    """Return the processor's model and a digest of what it can do."""
    return f"{platform.machine()} {platform.processor()} {digest_processor()}"


def digest_processor() -> str:
    """Return a digest of the processor's model and of what it can do, from which XLA chooses instructions."""
    try:
        with open("/proc/cpuinfo") as lines:
            facts = dict(line.split(":", 1) for line in lines if line.startswith(_FACTS))
    except OSError:
        facts = {}
    return hashlib.blake2b("".join(facts.values()).encode(), digest_size=6).hexdigest()
