"""One process, one thread: what must be set before JAX computes anything.

More threads make a single small training no faster, take the cores of other workers, and change the order of sums.
OpenBLAS, which decomposes XLA's matrices, took 41 ms with two threads for what one does in 1 ms (96 x 96).
"""

from __future__ import annotations

import hashlib
import os
import platform

import numpy as np

_FLAGS = (
    "--xla_cpu_multi_thread_eigen=false",
    f"--xla_gpu_force_compilation_parallelism={os.cpu_count()}",  # else NPROC counts: 30 s rather than 5 s a batch size
)


def configure_jax() -> None:
    """Set this process to one thread on a CPU and to memory on demand on a GPU; call before JAX is imported."""
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [flag for flag in _FLAGS if flag.split("=")[0] not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    os.environ.setdefault("NPROC", "1")  # the size of XLA's thread pool
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when it is loaded, by JAX's import
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")  # a GPU's default is TF32: three digits


def describe_device() -> str:
    """Return what results may depend on: library versions, device and processor."""
    import jax  # here, so that `configure_jax` can be called first
    from jaxlib.version import __version__ as jaxlib_version

    device = jax.devices()[0]
    names = ("XLA_FLAGS", "NPROC", "OPENBLAS_NUM_THREADS", "JAX_DEFAULT_MATMUL_PRECISION")
    settings = ", ".join(str(os.environ.get(name)) for name in names)
    versions = f"jax {jax.__version__}, jaxlib {jaxlib_version}, numpy {np.__version__}"
    return f"{versions}, {device.device_kind}, {_processor()}, {settings}"


def _processor() -> str:
    """Return the processor's model and a digest of what it can do, from which XLA chooses instructions."""
    try:
        with open("/proc/cpuinfo") as lines:
            facts = dict(line.split(":", 1) for line in lines if line.startswith(("model name", "flags")))
    except OSError:
        facts = {}
    digest = hashlib.blake2b("".join(facts.values()).encode(), digest_size=6).hexdigest()
    return f"{platform.machine()} {platform.processor()} {digest}"
