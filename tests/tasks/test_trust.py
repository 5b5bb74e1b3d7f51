import json
import sys

import pytest

from lionsearch.errors import TaskError
from lionsearch.tasks.trust import check_factory, is_of_python

MODULE = "def make():\n    raise AssertionError('nothing is imported')\n\n\nmake()\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def write_package(folder, name, requires):
    """Write a module and what an installer says of its distribution."""
    (folder / f"{name}.py").write_text(MODULE)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requires}\n")
    (about / "top_level.txt").write_text(f"{name}\n")


def refusal(factory):
    with pytest.raises(TaskError) as error:
        check_factory("mine", factory, "run/config.json")
    return str(error.value)


@pytest.mark.parametrize(
    "factory", ["os:system", "subprocess:run", "builtins:exec", "importlib.util:find_spec", "sys:exit", "posix:system"]
)
def test_pythons_own_modules_are_refused(here, factory):
    module, function = factory.split(":")
    found = refusal(factory)
    assert found.startswith(
        f"run/config.json: task 'mine' would call function '{function}' of module '{module}', which"
    )
    assert "which is Python's;" in found
    assert found.endswith("--trust")
    assert is_of_python(module)


@pytest.mark.parametrize("factory", ["numpy:load", "sympy:sympify", "lionsearch.exports.loading:load", "lionsearch:x"])
def test_other_installed_code_is_refused(here, factory):
    assert "which is in " in refusal(factory)
    assert not is_of_python(factory.split(":")[0])


def test_what_is_nowhere_is_refused(here):
    assert "which is nowhere to be found" in refusal("no_such_module:make")


def test_tasks_of_lionsearch_and_of_the_working_folder_run(here):
    (here / "own_module.py").write_text(MODULE)
    (here / "own_package").mkdir()
    (here / "own_package" / "__init__.py").write_text(MODULE)
    (here / "own_folder").mkdir()
    for factory in ("own_module:make", "own_package:make", "own_package.part:make", "own_folder.part:make"):
        check_factory("mine", factory, "run/config.json")
    check_factory("mine", "lionsearch.tasks.factories:digits_mlp", "run/config.json")
    assert not {"own_module", "own_package", "own_folder"} & {*sys.modules}


def test_a_file_that_an_import_would_not_take_is_not_the_working_folders(here, tmp_path, monkeypatch):
    (here / "os.py").write_text(MODULE)
    (here / "numpy.py").write_text(MODULE)
    assert "which is Python's" in refusal("os:system")
    assert "site-packages" in refusal("numpy:load")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "shadowed.py").write_text(MODULE)
    (here / "shadowed.py").write_text(MODULE)
    monkeypatch.setattr("sys.path", [str(tmp_path / "elsewhere"), str(here), *sys.path])
    assert "elsewhere" in refusal("shadowed:make")


def test_packages_below_the_working_folder_are_not_in_it(here, monkeypatch):
    packages = here / ".venv" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "installed.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(packages))
    assert "site-packages" in refusal("installed:make")


def test_an_installed_package_that_requires_lionsearch_runs(here, tmp_path, monkeypatch):
    for name, requires in (("with_tasks", "lionsearch>=0.5"), ("without_tasks", "lionsearch-other")):
        write_package(tmp_path, name, requires)
    monkeypatch.syspath_prepend(str(tmp_path))
    check_factory("mine", "with_tasks:make", "run/config.json")
    assert "of module 'without_tasks'" in refusal("without_tasks:make")


def test_the_message_shows_no_more_than_it_needs(here):
    assert len(refusal(f"{'x' * 100_000}:make")) < 1_000
    assert json.dumps(refusal("os:system"))
