"""One process, one XLA thread: what must be set before JAX computes anything.

More threads make a single small training no faster, take the cores of other workers, and change the order of sums.
"""

from __future__ import annotations

import os
import platform

_FLAGS = ("--xla_cpu_multi_thread_eigen=false",)


def configure_jax() -> None:
    """Set this process to one XLA thread on a CPU and to memory on demand on a GPU; call before JAX computes."""
    flags = os.environ.get("XLA_FLAGS", "")
    missing = [flag for flag in _FLAGS if flag.split("=")[0] not in flags]
    os.environ["XLA_FLAGS"] = " ".join([flags, *missing]).strip()
    os.environ.setdefault("NPROC", "1")  # the size of XLA's thread pool
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def describe_device() -> str:
    """Return what results may depend on: library versions, device and processor."""
    import jax  # here, so that `configure_jax` can be called first
    from jaxlib.version import __version__ as jaxlib_version

    device = jax.devices()[0]
    return f"jax {jax.__version__}, jaxlib {jaxlib_version}, {device.device_kind}, {_processor()}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor()
    return f"{platform.machine()} {model}"
