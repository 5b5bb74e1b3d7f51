import os
import signal
import subprocess
import sys
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
    """Give all processes of this run, and the next run, one cache of compilations: most time went into repeating them.

    It is the one of the commands. The workers of xdist share it; command lines and Ray actors only read it: tests kill
    them. What is compiled is run a few times only, so that most of what a compiler does for speed is left out, here and
    in the processes that tests start; `JAX_DISABLE_MOST_OPTIMIZATIONS=0` puts it back.
    """
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    configure_jax()
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "1e9"
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
