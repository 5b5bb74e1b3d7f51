import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lionsearch"
OF_NO_MODULE = ("test_browser.py", "test_sharding.py")
"""Tests of pages in a browser, and of what the parts of an exported file do together in several processes."""


def test_imports_go_one_way():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def runs(path: Path) -> bool:
    """Whether there is anything in a module that runs, or it only declares: data classes, protocols, constants."""
    tree = ast.parse(path.read_text())
    protocols = [c for c in ast.walk(tree) if isinstance(c, ast.ClassDef) and "Protocol" in map(ast.unparse, c.bases)]
    declared = {id(node) for each in protocols for node in ast.walk(each)}
    return any(isinstance(node, ast.FunctionDef) and id(node) not in declared for node in ast.walk(tree))


def test_every_module_has_tests_of_its_name():
    modules = [path for path in PACKAGE.rglob("*.py") if path.stem != "__init__" and "_shipped" not in path.parts]
    tests = {module: ROOT / "tests" / module.relative_to(PACKAGE).parent / f"test_{module.name}" for module in modules}
    assert [module for module, test in tests.items() if runs(module) and not test.is_file()] == []


def test_every_test_module_is_of_a_module():
    tests = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.parent.name not in ("tests", "peers", "contracts", "docs", "faults")
    ]
    without = [
        test for test in tests if not (PACKAGE / test.relative_to(ROOT / "tests").parent / test.name[5:]).is_file()
    ]
    assert [test for test in without if test.name not in OF_NO_MODULE] == []


def test_test_modules_have_names_of_their_own():
    names = [path.stem for path in (ROOT / "tests").rglob("*.py") if path.stem != "conftest"]
    assert len(names) == len(set(names))
