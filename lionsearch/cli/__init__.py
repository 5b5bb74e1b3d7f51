"""The command line: the only part that prints. Commands that need no JAX do not load it."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import signal
import sqlite3
import sys
import threading
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import lionsearch
from lionsearch.cli import (
    comparing,
    exporting,
    identifying,
    inspecting,
    language,
    reporting,
    scoring,
    searching,
    simplifying,
    starting,
)
from lionsearch.cli.streams import OutputError, Streams
from lionsearch.errors import LionSearchError, one_line, shorten
from lionsearch.terminal.plain import plain_streams

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

_LONGEST_MESSAGE = 4_000


class _Commands(TyperGroup):
    """All commands. An interrupt that a command has nothing to add to is one word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


_UsageError: Any = typer.BadParameter.__base__  # which typer does not name


def _describe_misuse(error: Any) -> str:
    """Return a mistake in the arguments as one line, a value of a wrong type in plain words."""
    if isinstance(error, typer.BadParameter):
        error.message = _plain_words(error)
    message = one_line(error.format_message()).rstrip(".").replace(". Did you", "; did you")
    message = re.sub(r" \(Possible options: (.+)\)$", r"; did you mean \1?", message)
    where = "lionsearch" if error.ctx is None else error.ctx.command_path
    return f"{message[:1].lower()}{message[1:]}{' see:' if message.endswith('?') else '; see:'} {where} -h"


def _plain_words(error: typer.BadParameter) -> str:
    message = error.message.removeprefix("Value error, ")
    for what in ("integer", "number"):
        if message.startswith(f"Input should be a valid {what}"):
            [given, *_] = getattr(error.__cause__, "errors", list)() or [{}]
            return f"{given.get('input', 'the value')!r} is not {'a' if what == 'number' else 'an'} {what}."
    return message.removeprefix("Input ")


app = typer.Typer(
    name="lionsearch",
    cls=_Commands,
    help="Find optimizers by evolving short programs.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    language.check,
    language.programs,
    language.transforms,
    language.rivals,
    language.show,
    language.tasks,
    language.experiments,
    starting.config,
    starting.new,
    exporting.export,
    scoring.evaluate,
    scoring.tune,
    comparing.compare,
    comparing.funnel,
    searching.search,
    searching.resume,
    inspecting.inspect,
    reporting.report,
    reporting.watch,
    simplifying.simplify,
    identifying.identify,
):
    app.command(cls=inspecting.InspectCommand if command is inspecting.inspect else None)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(lionsearch.__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Take what stands before a command."""


def main() -> None:
    """Run the command line; a user's mistake is one message on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as cleanly as on Ctrl-C
    sys.unraisablehook = _interrupt_again
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")  # it is compiled anew
    with Streams(), plain_streams():
        _run()


def _run() -> None:
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            _leave(INTERRUPTED)
        sys.exit(code)
    except _UsageError as error:
        if len(sys.argv) == 1:
            error.show()
        else:
            print(f"error: {shorten(_describe_misuse(error), _LONGEST_MESSAGE)}", file=sys.stderr)
        sys.exit(2)
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # as one looks that came while an extension was loaded
            print("interrupted", file=sys.stderr)
            _leave(INTERRUPTED)
        raise
    except LionSearchError as error:
        print(f"error: {shorten(str(error), _LONGEST_MESSAGE)}", file=sys.stderr)
        sys.exit(2)
    except sqlite3.DatabaseError as error:
        print(f"error: the run's database cannot be used: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        if not _is_out_of_memory(error):
            raise
        print(f"error: out of memory: {one_line(str(error)) or 'none is left'}", file=sys.stderr)
        sys.exit(2)


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether there was no room, as Python or JAX says it; JAX need not be loaded."""
    says = isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
    return isinstance(error, MemoryError) or says


def _interrupt_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat an interrupt that came in a callback which cannot raise it: JAX has one for the garbage collector."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(lost)


def _leave(code: int) -> None:
    """End the process without taking modules apart: where an import of JAX was interrupted, that crashes."""
    atexit._run_exitfuncs()  # Ray's stops its processes
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, OutputError):
            stream.flush()
    os._exit(code)
