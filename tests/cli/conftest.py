import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lionsearch.cli import main


@pytest.fixture
def run_here(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run the command line in this process, which is much faster."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(project / "cache"))
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None, raising=False)  # else usage names pytest
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr("sys.argv", ["lionsearch", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), printed.out, printed.err)

    yield run
    signal.signal(signal.SIGTERM, handler)
