import os

import psutil
import pytest
import ray
from workers.tiny_project import BEGINNINGS, start_cli, wait_for_progress, write_project

from lionsearch.errors import RunError
from lionsearch.workers import ray_start
from lionsearch.workers.ray_start import describe_error, ships_folder, start_ray


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "nowhere.invalid:6379", "nonsense"])
def test_a_cluster_that_is_not_there_is_an_error(address):
    with pytest.raises(RunError, match=f"no Ray cluster at '{address}': "):
        start_ray(None, address)
    assert not ray.is_initialized()


def test_the_client_of_ray_is_asked_for(monkeypatch):
    monkeypatch.setattr(ray_start.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"ray:// need Ray's client, .*: pip install 'ray\[client\]'"):
        start_ray(None, "ray://127.0.0.1:10001")


def test_a_folder_that_is_too_large_is_said(monkeypatch):
    def init(address, **options):
        raise ValueError("Package size (600.0MiB) exceeds the maximum size of 500.0MiB.\nexclude")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(RunError, match=r"too large to be sent to the workers; name .* in a file \.rayignore there"):
        start_ray(None, "auto")


def test_what_a_job_has_sent_is_not_sent_again(monkeypatch):
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert ships_folder()
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    assert not ships_folder()


def test_an_error_is_one_line():
    assert describe_error(ValueError("two\n  lines")) == "two lines"
    assert describe_error(ValueError()) == "ValueError"


@pytest.mark.ray
@pytest.mark.thorough
def test_what_is_started_listens_on_loopback_alone(tmp_path):
    process = start_cli(write_project(tmp_path), "search", "tiny", "--workers", 1, "--programs", 10**7)
    try:
        assert process.stderr.readline().startswith(BEGINNINGS)
        assert "/10000000 programs" in wait_for_progress(process)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        heard = {
            (each.name(), link.laddr.ip)
            for each in family
            for link in each.net_connections()
            if link.status == "LISTEN"
        }
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert {"gcs_server", "raylet"} <= {name for name, _ in heard}
    assert {ip.removeprefix("::ffff:") for _, ip in heard} <= {"127.0.0.1", "::1"}
    assert os.environ.get("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER") is None
