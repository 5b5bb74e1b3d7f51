import ast
import re

import pytest

from lionsearch.archive.targets import load_target
from lionsearch.catalog import PROGRAMS
from lionsearch.errors import SettingError
from lionsearch.exports.formats import Target
from lionsearch.exports.preparation import prepare
from lionsearch.exports.writing import write_text


def test_the_command_can_be_pasted():
    text = write_text(prepare(*load_target("lookahead(lion, k=5)")), Target.OPTAX)
    assert "Written by: lionsearch export 'lookahead(lion, k=5)' --to optax" in text.splitlines()


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
