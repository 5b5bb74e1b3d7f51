"""Ray started on this machine, or a cluster joined by its address. Nothing of a Ray that we start leaves loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import ray
from ray._private import ray_constants
from ray._private import worker as ray_driver

from lionsearch.errors import RunError
from lionsearch.workers.ray_authentication import check_cluster, use_token

_NOT_SHIPPED = [
    ".git/",
    ".venv/",
    "venv/",
    "__pycache__/",
    "node_modules/",
    "/runs/",
    "*.sqlite",
    "*.sqlite-*",
    "*.log",
]
_QUIET = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}


def start_ray(workers: int | None, address: str | None) -> None:
    """Start Ray on this machine, or join a cluster.

    Args:
        workers: CPUs of a Ray that is started; None for all.
        address: `host:port`, `auto` or `ray://host:port` of a cluster; None starts Ray.

    Raises:
        RunError: if that cannot be, in one sentence.
    """
    logging.getLogger("ray").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray_driver._worker_logs_enabled = False  # else what raylets say, such as that a worker died, goes to stdout
    with _signal_handlers_kept(), warnings.catch_warnings():
        # rivals have brought JAX here; what Ray forks becomes another program at once, so JAX's threads do not matter
        warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called", category=RuntimeWarning)
        if address is None:
            _start(workers)
        else:
            _join(address)


def ships_folder() -> bool:
    """Return whether the working folder is sent to the workers of a cluster that is joined.

    It is not where `ray job submit` has sent it already, and Ray refuses to have it twice.
    """
    return "RAY_JOB_CONFIG_JSON_ENV_VAR" not in os.environ


def _start(workers: int | None) -> None:
    try:
        with _on_loopback():
            ray.init("local", num_cpus=workers, include_dashboard=False, **_QUIET)
    except (OSError, ValueError, RuntimeError) as error:
        raise RunError(
            f"Ray cannot be started on this machine: {describe_error(error)}; --workers 0 needs none"
        ) from None


def _join(address: str) -> None:
    options: dict[str, Any] = dict(_QUIET)
    if address.startswith("ray://"):
        _check_client()
    elif address != "auto" and "://" not in address and address.rpartition(":")[2].isdigit():
        check_cluster(address)
    if ships_folder():
        options["runtime_env"] = {"working_dir": os.getcwd(), "excludes": _NOT_SHIPPED}
    try:
        ray.init(address, **options)
    except Exception as error:  # of many types, gRPC's among them
        ray.shutdown()
        raise RunError(_describe(address, error)) from None


def _check_client() -> None:
    """Raise if Ray's client is not installed; have it send the token that there is."""
    if importlib.util.find_spec("grpc") is None:
        raise RunError("addresses with ray:// need Ray's client, here and on the head node: pip install 'ray[client]'")
    if "RAY_AUTH_MODE" not in os.environ:
        with contextlib.suppress(ImportError):  # a Ray of before there were tokens
            use_token()


def _describe(address: str, error: Exception) -> str:
    text = describe_error(error)
    if "exceeds the maximum size" in text:
        return (
            f"the working folder {os.getcwd()} is too large to be sent to the workers; name what tasks do not need in"
            f" a file .rayignore there: {text}"
        )
    if "Version mismatch" in text:
        return f"cannot join the Ray cluster at {address!r}: {text}"
    return f"no Ray cluster at {address!r}: {text}"


@contextlib.contextmanager
def _on_loopback() -> Iterator[None]:
    """Have Ray listen on 127.0.0.1 alone, as it does on macOS and Windows; elsewhere it listens on all addresses."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextlib.contextmanager
def _signal_handlers_kept() -> Iterator[None]:
    """Put back the handlers in whose place Ray puts its own."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                signal.signal(number, handler)


def describe_error(error: BaseException) -> str:
    """Return what an error says, on one line, or its type if it says nothing."""
    text = " ".join(str(error).split())
    return text[:400] or type(error).__name__
