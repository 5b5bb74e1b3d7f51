"""A folder as a user has it."""

import pytest
from workers.tiny_project import write_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"))
