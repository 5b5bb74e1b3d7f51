import ast
import re

import pytest

from lionsearch.archive.targets import load_target
from lionsearch.catalog import PROGRAMS
from lionsearch.errors import SettingError
from lionsearch.export.formats import Flavor, Target
from lionsearch.export.preparation import prepare
from lionsearch.export.writing import command_line, resolve, write_text


@pytest.mark.parametrize(
    ("target", "flavor", "found"),
    [
        (Target.PYTHON, None, Target.OPTAX),
        (Target.PYTHON, Flavor.TORCH, Target.TORCH),
        (Target.OPTAX, None, Target.OPTAX),
        (Target.LATEX, None, Target.LATEX),
    ],
)
def test_python_is_one_of_two(target, flavor, found):
    assert resolve(target, flavor) is found


def test_a_flavor_is_for_python():
    with pytest.raises(SettingError, match="--flavor goes with --to python only, not with --to latex"):
        resolve(Target.LATEX, Flavor.OPTAX)


def test_the_command_can_be_pasted():
    assert command_line("lookahead(lion, k=5)", Target.PYTHON, None) == (
        "lionsearch export 'lookahead(lion, k=5)' --to python --flavor optax"
    )


def test_optax_and_python_in_that_flavor_are_the_same_but_for_the_command():
    prepared = prepare(*load_target("lion"))
    one, two = write_text(prepared, Target.OPTAX), write_text(prepared, Target.PYTHON, Flavor.OPTAX)
    assert one.replace("--to optax", "--to python --flavor optax") == two


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_a_file_is_python_without_long_lines_and_without_lionsearch(name):
    prepared = prepare(*load_target(name))
    for target in (Target.OPTAX, Target.TORCH):
        try:
            text = write_text(prepared, target)
        except SettingError:
            continue
        tree = ast.parse(text)
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert modules <= {"jax", "jax.numpy", "optax", "torch"}
        assert max(map(len, text.splitlines())) <= 120
        assert "import lionsearch" not in text
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        called = {name for name in re.findall(r"(?<![\w.])(_[A-Za-z]\w*)\(", text)}
        assert called <= defined
        private = {name for name in defined if name.startswith("_") and not name.startswith("__")}
        assert private - {"_train"} <= called


def test_equations_say_what_they_are_and_where_they_are_from():
    lines = write_text(prepare(*load_target("adamw_debiased")), Target.LATEX).splitlines()
    assert lines[0] == "% AdamW as in its paper, with bias correction and epsilon."
    assert "% Written by: lionsearch export adamw_debiased --to latex" in lines[:4]
