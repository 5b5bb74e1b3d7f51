import http.client
import socket
import threading
import time

import pytest
from reports.made_runs import make_run, tell_one_more

from lionsearch.errors import SettingError
from lionsearch.reports.page_server import HOST, LivePage, address, make_server


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", ended=False)


@pytest.fixture
def server(run):
    server = make_server([run], free_port())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def free_port():
    with socket.socket() as found:
        found.bind((HOST, 0))
        return found.getsockname()[1]


def ask(server, method="GET", path="/", **headers):
    connection = http.client.HTTPConnection(HOST, server.server_address[1], timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_it_serves_the_page_to_this_machine(server):
    answer, text = ask(server)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert f"<body data-live={answer.headers['ETag']}>" in text
    assert server.server_address[0] == "127.0.0.1"
    assert address(server) == f"http://127.0.0.1:{server.server_address[1]}/"


@pytest.mark.parametrize("path", ["/run.sqlite", "/../config.json", "/?x", "/%2e%2e/"])
def test_nothing_else_is_served(server, path):
    answer, text = ask(server, path=path)
    assert (answer.status, text) == (404, "there is one page, /")


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1", "evil.test:80", "[::1]"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_another_host_s_name_is_refused(server, host, method):
    answer, text = ask(server, method, Host=host)
    assert answer.status == 421
    assert "<" not in text


def test_localhost_is_this_machine_too(server):
    assert ask(server, "HEAD", Host=f"localhost:{server.server_address[1]}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_sent(server, method):
    assert ask(server, method)[0].status == 501


def test_the_tag_says_when_there_is_another_page(server, run):
    before, text = ask(server)
    assert ask(server, "HEAD")[0].headers["ETag"] == before.headers["ETag"]
    assert "5 of 100 programs" in text
    tell_one_more(run)
    end = time.monotonic() + 60
    while ask(server, "HEAD")[0].headers["ETag"] == before.headers["ETag"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "6 of 100 programs" in ask(server)[1]


def test_a_page_is_made_once_for_one_state_and_takes_a_fifth_of_the_time(run, monkeypatch):
    made = []
    monkeypatch.setattr(
        "lionsearch.reports.page_server.make_page", lambda *_, **__: made.append(1) or time.sleep(0.05) or "page"
    )
    page = LivePage([run])
    assert page.read() == page.read()
    assert len(made) == 1
    tell_one_more(run)
    first = page.tag()
    assert page.read()[0] == first
    assert len(made) == 1
    time.sleep(0.6)
    assert page.read()[0] != first
    assert len(made) == 2


def test_a_run_that_is_gone_is_an_answer(server, run):
    (run.folder / "config.json").unlink()
    answer, text = ask(server)
    assert answer.status == 503
    assert "config.json is not in it" in text


def test_a_port_that_is_taken_is_a_mistake(server, run):
    port = server.server_address[1]
    with pytest.raises(SettingError, match=f"--port {port}: cannot be listened at: Address already in use"):
        make_server([run], port)
