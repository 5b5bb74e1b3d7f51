"""`ARCHITECTURE.md` is right: what it names is there, and additions touch the files that it says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text()

_OPERATION = """    unary(
        "softsign",
        "x / (1 + |x|)",
        lambda xp, x: x / (1 + xp.abs(x)),
        group="extended",
        odd=True,
        keeps_sign=((0,),),
        spelling=Spelling("x / (1 + LIB.abs(x))"),
        formal=lambda sp, x: x / (1 + sp.Abs(x)),
    ),
"""
_INPUT = """    "g_first": Input(Kind.TENSOR, "the gradient of the batch's first example", gradient_of="batch"),
"""
_SOURCE = """    "g_first": _Source(
        lambda objective, now: _gradient(objective, now, now.params, jax.tree.map(lambda x: x[:1], now.batch))
    ),
"""
_USE = """
import numpy as np

from lionsearch.evaluation.device import configure_jax

configure_jax()
from lionsearch.archive.targets import Provenance
from lionsearch.evaluation.plan import Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.exports.preparation import prepare
from lionsearch.exports.writing import Target, write_text
from lionsearch.graph import check_program, fingerprint
from lionsearch.identification import identify
from lionsearch.lang import format_program, parse
from lionsearch.evolution import MutationRates, MutationSettings, mutate
from lionsearch.simplification.exact import simplify_exactly
from lionsearch.tasks.spec import TaskSpec

text = "def train(w, g, lr): return softsign(g * 2) * (lr * 0.0003)"
program = check_program(text)
assert parse(format_program(program)) == program
shorter, _ = simplify_exactly(check_program("def train(w, g, lr): return sqrt(square(softsign(abs(g)))) * lr"))
assert [s.operation for s in shorter.statements] == ["abs", "softsign", "multiply"], format_program(shorter)
prepared = prepare(program, Provenance("", "mine"))
assert "/ (1 + jnp.abs(" in write_text(prepared, Target.OPTAX)
assert "/ (1 + torch.abs(" in write_text(prepared, Target.TORCH)
assert "frac" in write_text(prepared, Target.LATEX)
import random

rates = MutationRates(**dict.fromkeys(MutationRates.model_fields, 0.0) | {"splice": 1.0})
settings = MutationSettings(operations=("softsign",), rates=rates, match=0.0, rescale=0.0, again=0.0)
child, _ = mutate(program, random.Random(0), settings)
assert sum(s.operation == "softsign" for s in child.statements) == 2
spec = TaskSpec(name="x", factory="tiny_task:linear", steps=20, batch=8, warmup=2, learning_rate=0.3, weight_decay=0.0)
runner = TaskRunner(spec, Limits())
for rule in (program, check_program("def train(w, g, lr, g_first): return g_first * lr * 0.0001")):
    found = runner.evaluate(rule, Seeds((0, 1)))
    assert found.failure is None, found
    compiled = runner.trainer.compile(rule, 0, "validation", runner.trainer.never)()
    np.testing.assert_allclose(runner.losses(rule, Seeds((0,))), float(compiled.loss), rtol=1e-5)
print("used")
"""


def test_every_path_that_it_names_is_there():
    paths = [path for path in re.findall(r"`([\w/.]+(?:/|\.py|\.md))`", TEXT) if "NAME" not in path]
    assert len(paths) > 40
    missing = [path for path in paths if not ((ROOT / path).exists() or (ROOT / "lionsearch" / path).exists())]
    assert missing == []


def test_every_folder_of_the_package_is_in_it():
    folders = {path.name for path in (ROOT / "lionsearch").iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(re.findall(r"^\| `(\w+)/` ", TEXT, re.MULTILINE))


@pytest.fixture
def changed(tmp_path):
    """A copy of the package with one more operation and one more input, added where `ARCHITECTURE.md` says."""
    for folder in ("lionsearch", "programs", "proxy_tasks", "experiments"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, added in (
        ("lang/extended_operations.py", "    # comparisons and choice\n", _OPERATION),
        ("lang/inputs.py", '}\n"""Every input by name.', _INPUT),
        ("evaluation/training_inputs.py", '}\n"""Every input that only training can give', _SOURCE),
    ):
        path = tmp_path / "lionsearch" / file
        assert f"`{file}`" in TEXT
        assert path.read_text().count(before) == 1
        path.write_text(path.read_text().replace(before, added + before))
    return tmp_path


def test_an_operation_and_an_input_are_added_in_the_places_that_it_names(changed, monkeypatch):
    from workers.tiny_project import write_project

    (changed / "project").mkdir()
    folder = write_project(changed / "project")
    monkeypatch.setenv("LIONSEARCH_CACHE", str(folder / "cache"))
    monkeypatch.setenv("PYTHONPATH", f"{changed}:{folder}")
    done = subprocess.run(
        [sys.executable, "-c", _USE], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.returncode, done.stdout) == (0, "used\n"), done.stderr
