import socket

import pytest

from lionsearch.errors import RunError
from lionsearch.workers import ray_authentication
from lionsearch.workers.ray_authentication import check_cluster

VARIABLES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


@pytest.fixture
def address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    """Have a cluster that lets in whom it is told to; return what is asked and what is used."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = []

    def make(lets_in):
        def ask(address, more):
            seen.append(more)
            return lets_in(more)

        monkeypatch.setattr(ray_authentication, "_ask", ask)
        monkeypatch.setattr(ray_authentication, "use_token", lambda: seen.append("token used"))
        return seen

    return make


def asks_for_a_token(more):
    return 0 if more else 3


def test_a_cluster_without_a_token_gets_none(cluster, address, tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("abc")
    seen = cluster(lambda more: 0)
    check_cluster(address)
    assert seen == [{}]


def test_the_token_of_rays_file_is_used_where_it_is_asked_for(cluster, address, tmp_path):
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("abc")
    seen = cluster(asks_for_a_token)
    check_cluster(address)
    assert seen == [{}, {"RAY_AUTH_MODE": "token"}, "token used"]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "asks for a token, and there is none here; set RAY_AUTH_TOKEN, or copy ~/.ray/auth_token from the head"),
        ({"RAY_AUTH_TOKEN": "wrong"}, "asks for a token, and refuses that of RAY_AUTH_TOKEN; set "),
        ({"RAY_AUTH_TOKEN_PATH": "/nothing"}, "asks for a token, and RAY_AUTH_TOKEN_PATH names no token; set "),
        ({"RAY_AUTH_MODE": "disabled"}, "asks for a token, and RAY_AUTH_MODE is 'disabled' here; unset it"),
        ({"RAY_AUTH_MODE": "token"}, "asks for a token, and there is none here; set "),
    ],
)
def test_what_is_missing_is_said(cluster, address, monkeypatch, environment, message):
    cluster(lambda more: 3)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RunError, match=f"the Ray cluster at '{address}' {message}"):
        check_cluster(address)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "nowhere.invalid:6379"])
def test_a_cluster_that_is_not_there(address):
    with pytest.raises(RunError, match=f"no Ray cluster at '{address}': "):
        check_cluster(address)


@pytest.mark.ray
def test_what_is_no_ray_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr(ray_authentication, "_SECONDS", 4)
    with pytest.raises(RunError, match="something else answers there, or another version of Ray"):
        check_cluster(address)
