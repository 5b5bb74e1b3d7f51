import socket
import time
from types import SimpleNamespace

import pytest

from lionsearch.errors import RunError
from lionsearch.workers import ray_watch
from lionsearch.workers.ray_watch import ClusterWatch


class Cluster:
    """Stands for Ray: two nodes, and a head node that may fall silent."""

    def __init__(self, port):
        self.port, self.alive, self.silent = port, {"own": True, "other": True}, False

    def get_runtime_context(self):
        return SimpleNamespace(get_node_id=lambda: "own", gcs_address=f"127.0.0.1:{self.port}")

    def nodes(self):
        while self.silent:
            time.sleep(0.05)
        address = {"NodeManagerAddress": "127.0.0.1", "NodeManagerPort": self.port}
        return [
            {"NodeID": name, "Alive": alive, "Resources": {"CPU": 2.0}, **address} for name, alive in self.alive.items()
        ]


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def cluster(server, monkeypatch):
    cluster = Cluster(server.getsockname()[1])
    monkeypatch.setattr(ray_watch, "ray", cluster)
    monkeypatch.setattr(ray_watch, "_EVERY", 0.02)
    monkeypatch.setattr(ray_watch, "_SLOW", 0.2)
    monkeypatch.setattr(ray_watch, "_SILENT", 0.6)
    yield cluster
    cluster.silent = False


def check_until_it_fails(watch, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watch.check()
        time.sleep(0.02)


def test_a_cluster_that_is_well(cluster):
    watch = ClusterWatch()
    check_until_it_fails(watch, 0.2)
    assert watch.count("CPU") == 4
    assert watch.count("GPU") == 0
    assert watch.is_alive("other")
    watch.stop()


def test_a_node_that_leaves_is_counted_no_more(cluster):
    watch = ClusterWatch()
    cluster.alive["other"] = False
    assert not watch.is_alive("other")
    assert watch.count("CPU") == 2
    watch.check()
    watch.stop()


def test_a_head_node_that_is_silent_is_given_up(cluster):
    watch = ClusterWatch()
    cluster.silent = True
    with pytest.raises(RunError, match="the Ray cluster's head node has not answered for 1 seconds"):
        check_until_it_fails(watch)


def test_a_head_node_whose_port_is_closed_is_gone(cluster, server):
    watch = ClusterWatch()
    watch._remote = True  # so that this machine's node is not looked at
    cluster.silent = True
    server.close()
    with pytest.raises(RunError, match=r"the Ray cluster's head node at 127\.0\.0\.1:[0-9]+ is gone"):
        check_until_it_fails(watch)


def test_the_node_of_this_process_is_missed(cluster, server):
    watch = ClusterWatch()
    cluster.alive["own"] = False
    with pytest.raises(RunError, match="this machine's Ray node is gone"):
        check_until_it_fails(watch)
    cluster.alive["own"] = True
    watch = ClusterWatch()
    server.close()
    with pytest.raises(RunError, match="this machine's Ray node is gone: nothing listens on its port"):
        check_until_it_fails(watch)
