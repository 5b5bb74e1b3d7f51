"""An address -> whether a Ray cluster is there and lets us in, by the token of the environment or of Ray's file.

Ray itself would print pages and try for a minute. A cluster is asked by another process, which can be stopped.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from lionsearch.errors import RunError

_MODE, _TOKEN, _TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
_SECONDS = 20
_REFUSED = 3

_QUESTION = f"""
import sys
try:
    from ray.exceptions import AuthenticationError
except ImportError:  # a Ray of before there were tokens
    class AuthenticationError(Exception): pass
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1])
except AuthenticationError:
    sys.exit({_REFUSED})
"""


def check_cluster(address: str) -> None:
    """Find out whether the cluster at `host:port` lets this process in; use the token that there is if it has to.

    Raises:
        RunError: saying what is missing.
    """
    _check_port(address)
    token = _find_token()
    hopeless = token is None and os.environ.get(_MODE, "").lower() == "token"  # where Ray would end the process
    answer = _REFUSED if hopeless else _ask(address, {})
    if answer == _REFUSED and token is not None and _MODE not in os.environ:
        answer = _ask(address, {_MODE: "token"})
        if answer == 0:
            use_token()
    if answer == _REFUSED:
        raise RunError(_describe_refusal(address, token))
    if answer != 0:
        raise RunError(f"no Ray cluster at {address!r}: something else answers there, or another version of Ray")


def use_token() -> None:
    """Have Ray send the token in this process and all it starts."""
    from ray._private.authentication.authentication_token_setup import maybe_enable_token_auth_if_token_available

    maybe_enable_token_auth_if_token_available(warn_if_disabled=False)


def _check_port(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"no Ray cluster at {address!r}: {error}") from None


def _ask(address: str, more: dict[str, str]) -> int | None:
    """Return how a process that greets the cluster ends; None if it gets no answer."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _QUESTION, address],
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _find_token() -> str | None:
    """Return where Ray finds a token, in Ray's order; None if it finds none."""
    if os.environ.get(_TOKEN):
        return _TOKEN
    if _TOKEN_PATH in os.environ:
        path, name = Path(os.environ[_TOKEN_PATH]), f"{_TOKEN_PATH}, {os.environ[_TOKEN_PATH]}"
    else:
        path, name = Path.home() / ".ray" / "auth_token", "~/.ray/auth_token"
    try:
        return name if path.read_text().strip() else None
    except (OSError, UnicodeDecodeError):
        return None


def _describe_refusal(address: str, token: str | None) -> str:
    asks = f"the Ray cluster at {address!r} asks for a token"
    copy = f"set {_TOKEN}, or copy ~/.ray/auth_token from the head node to this machine"
    if os.environ.get(_MODE, "token").lower() == "disabled":
        return f"{asks}, and {_MODE} is 'disabled' here; unset it"
    if token is None:
        where = f"{_TOKEN_PATH} names no token" if _TOKEN_PATH in os.environ else "there is none here"
        return f"{asks}, and {where}; {copy}"
    return f"{asks}, and refuses that of {token}; {copy}"
