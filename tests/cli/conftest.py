"""A folder as a user has it, and a finished search in it: one for each test module."""

import json

import pytest
from workers.tiny_project import run_cli, write_project

RAW = """def train(w, g, m, v, lr):
    x = sin(v)
    m = interp(g, m, 0.8999999761581421)
    u = m / sqrt(m * m)
    u = arcsin(arctan(u * 1e-3))
    v = cosh(u)
    return u * lr * 3.14159, m, v
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("project"))
    (folder / "raw.py").write_text(RAW)
    return folder


@pytest.fixture(scope="module")
def searched(project):
    """What `search --json` printed of the run `runs/tiny`."""
    done = run_cli(project, "search", "tiny", "--workers", 0, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("loading the tasks (in this process, where ")
    return json.loads(done.stdout)
