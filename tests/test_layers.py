import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lionsearch"

TESTED_ELSEWHERE: dict[str, str] = {
    "cli/ranking": "test_ranking.py",
    "evaluate/device": "test_run.py",
    "evaluate/execution": "test_strategies.py",
    "evaluate/oracle": "lang/test_operations.py",
    "evaluate/plan": "test_config.py",
    "evaluate/rows": "evaluate/test_spaces.py",
    "evaluate/rules": "evaluate/test_agreement.py",
    "export/expressions": "export/test_spellings.py",
    "export/formats": "export/test_writing.py",
    "export/helpers": "export/test_spellings.py",
    "lang/kinds": "lang/test_shapes.py",
    "lang/operation": "lang/test_operations.py",
    "lang/paper_operations": "lang/test_operations.py",
    "lang/signature": "lang/test_parsing.py",
    "lang/source": "lang/test_parsing.py",
    "records": "archive/test_store.py",
    "search/candidate": "search/test_algorithms.py",
    "search/settings": "search/test_algorithms.py",
    "simplify/following": "simplify/test_trajectory.py",
    "tasks/problem": "tasks/test_validation.py",
}
"""Modules without a test module of their own name, and the one that tests them."""


def test_imports_go_one_way():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_every_module_has_tests():
    modules = [path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
    without = {
        module.as_posix()
        for module in modules
        if "_shipped" not in module.parts and not (ROOT / "tests" / module.parent / f"test_{module.name}.py").is_file()
    }
    assert without <= set(TESTED_ELSEWHERE)
    assert set(TESTED_ELSEWHERE) <= {module.as_posix() for module in modules}
    assert all((ROOT / "tests" / test).is_file() for test in TESTED_ELSEWHERE.values())


def test_test_modules_have_names_of_their_own():
    names = [path.stem for path in (ROOT / "tests").rglob("*.py") if path.stem != "conftest"]
    assert len(names) == len(set(names))
