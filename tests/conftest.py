import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contracts.summary import print_contracts
from faults.injected import print_faults
from hypothesis import settings

from lionsearch.cli import main
from lionsearch.evaluation.device import configure_jax

collect_ignore_glob = ["*conftest.py"]  # they have no doctests, and share one module name


def share_compilations() -> None:
    """Give all processes of this run one cache of compilations: most of its time went into repeating them.

    The workers of xdist, the command lines and the Ray actors inherit it; who made it takes it away. It has a limit
    because JAX locks only such a cache, and what is inherited is read-only: tests kill processes as they write.
    """
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="lionsearch-compilations-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
        os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(2**34)
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "1e9"
    configure_jax()
    import jax  # here, because it reads all that when it is imported

    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


share_compilations()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with it ignored

settings.register_profile("lionsearch", deadline=None, print_blob=True)
settings.load_profile("lionsearch")


def pytest_terminal_summary(terminalreporter: Any) -> None:  # here, so that xdist finds it
    print_contracts(terminalreporter)
    print_faults(terminalreporter)


@pytest.fixture
def run_here(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run the command line in the folder of the module's `project`, in this process, which is much faster."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(project / "cache"))
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None, raising=False)  # else usage names pytest
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # put back what `main` sets
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.argv", ["lionsearch", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), printed.out, printed.err)

    yield run
    signal.signal(signal.SIGTERM, handler)
