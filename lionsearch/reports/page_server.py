"""The page of runs that go on, served to this machine alone: made anew when their databases have changed.

Nothing but the page is served. It is for browsers on this machine: another host's name in a request, such as a web site
that was resolved to 127.0.0.1, is refused, and no other site can read or frame it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lionsearch.archive.folder import SHORT, is_written
from lionsearch.archive.tables import DATABASE
from lionsearch.errors import LionSearchError, SettingError
from lionsearch.reports.report_file import load_all, make_page
from lionsearch.runs.view import Run

HOST = "127.0.0.1"
DEFAULT_PORT = 8642
_FILES = (DATABASE, f"{DATABASE}-wal", SHORT)
_SHARE = 0.2
"""Of the time that making pages may take, since the search goes on meanwhile."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LivePage:
    """The page on some runs, as it is now; used by several threads.

    Args:
        runs: that it is on.
    """

    def __init__(self, runs: Sequence[Run]):
        self._runs = runs
        self._lock = threading.Lock()
        self._tag = self._text = ""
        self._not_before = 0.0

    def tag(self) -> str:
        """Return what names the page's state: another one where a page made now would have something new."""
        if self._tag and time.monotonic() < self._not_before:
            return self._tag
        return self._look()

    def read(self) -> tuple[str, str]:
        """Return the tag and the page.

        Raises:
            LionSearchError: if a run cannot be read any more.
        """
        with self._lock:
            tag = self.tag()
            if tag != self._tag:
                load_all()  # which takes longer than a page, and once
                start = time.monotonic()
                self._text = make_page(self._runs, live=tag)
                self._tag = tag  # of before it was made, so that nothing is missed
                now = time.monotonic()
                self._not_before = now + (now - start) * (1 / _SHARE - 1)
            return self._tag, self._text

    def _look(self) -> str:
        found: list[Any] = []
        for run in self._runs:
            found.append(is_written(run.folder))
            for name in _FILES:
                try:
                    about = (run.folder / name).stat()
                    found.append((about.st_mtime_ns, about.st_size))
                except OSError:
                    found.append(None)
        return hashlib.blake2b(repr(found).encode(), digest_size=8).hexdigest()


def make_server(runs: Sequence[Run], port: int | None = None) -> ThreadingHTTPServer:
    """Return a server of the page on some runs, bound and not yet serving; it ends with `shutdown`.

    Args:
        runs: that it is on.
        port: to listen at; None takes the usual one, or any that is free.

    Raises:
        SettingError: if the port is not free.
    """
    page = LivePage(runs)

    class Handler(_Handler):
        live = page

    reason: str | None = None
    for wanted in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            server = ThreadingHTTPServer((HOST, wanted), Handler)
        except OSError as error:
            reason = error.strerror
            continue
        server.daemon_threads = True
        return server
    raise SettingError(f"--port {port}: cannot be listened at: {reason}")


def address(server: ThreadingHTTPServer) -> str:
    """Return the address of a server's page."""
    return f"http://{HOST}:{server.server_address[1]}/"


class _Handler(BaseHTTPRequestHandler):
    live: LivePage
    server_version, sys_version = "lionsearch", ""
    timeout = 20

    def do_GET(self) -> None:
        """Send the page."""
        if not self._is_allowed():
            return
        try:
            tag, text = self.live.read()
        except LionSearchError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, str(error), "text/plain")
            return
        self._send(HTTPStatus.OK, text, "text/html", tag)

    def do_HEAD(self) -> None:
        """Say whether there is another page, without making it."""
        if self._is_allowed():
            self._send(HTTPStatus.OK, "", "text/html", self.live.tag())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _is_allowed(self) -> bool:
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "this page is for browsers on the machine itself", "text/plain")
            return False
        if self.path != "/":
            self._send(HTTPStatus.NOT_FOUND, "there is one page, /", "text/plain")
            return False
        return True

    def _send(self, status: HTTPStatus, text: str, kind: str, tag: str = "") -> None:
        content = text.encode(errors="backslashreplace")
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if tag:
            self.send_header("ETag", f'"{tag}"')
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
