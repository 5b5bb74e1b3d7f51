import json
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from lionsearch.catalog import EXPERIMENTS, PROGRAMS, TASKS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    _run("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    [path] = folder.glob("lionsearch-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    _run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel)
    return target


def _run(*arguments, **options):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_and_the_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("lionsearch/**/*.py")}
    assert package <= names
    assert {"lionsearch/py.typed", "lionsearch/rivals/lstm_weights.npz"} <= names
    assert {f"lionsearch/reports/page.{kind}" for kind in ("html", "css", "js")} <= names
    for folder in ("programs", "proxy_tasks", "experiments"):
        files = [path.name for path in (ROOT / folder).iterdir() if path.suffix in (".py", ".toml")]
        assert {f"lionsearch/_shipped/{folder}/{name}" for name in files} <= names
    assert not [name for name in names if "test_" in name or "__pycache__" in name or not name.startswith("lionsearch")]


def test_the_wheel_carries_the_license(wheel):
    with zipfile.ZipFile(wheel) as files:
        [place] = [name for name in files.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        [about] = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
        assert files.read(place).decode() == (ROOT / "LICENSE").read_text()
        lines = files.read(about).decode().splitlines()
    assert {"License-Expression: Apache-2.0", "License-File: LICENSE", "Author: The lionsearch authors"} <= set(lines)


@pytest.mark.thorough
def test_an_installed_wheel_has_the_shipped_names(installed, tmp_path):
    code = (
        "import lionsearch, sys; from lionsearch.cli import main\n"
        f"assert lionsearch.__file__.startswith({str(installed)!r}), lionsearch.__file__\n"
        "main()"
    )
    for command, shelf in (("programs", PROGRAMS), ("tasks", TASKS), ("experiments", EXPERIMENTS)):
        shown = _run("-c", code, command, "--json", cwd=tmp_path, env={"PYTHONPATH": str(installed)})
        assert sorted(row["name"] for row in json.loads(shown)) == shelf.names()


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {version} - " in (ROOT / "CHANGELOG.md").read_text()


def test_the_console_script_is_declared():
    [script] = metadata.entry_points(group="console_scripts", name="lionsearch")
    assert script.value == "lionsearch.cli:main"
