from pathlib import Path

import pytest

from lionsearch.errors import SettingError
from lionsearch.exports.formats import Target, check_suffix


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (None, Target.OPTAX),
        ("lion.py", Target.TORCH),
        ("lion.tex", Target.LATEX),
        ("lion", Target.OPTAX),
        ("lion.txt", Target.LATEX),
        ("lion.svg", Target.GRAPH),
        ("lion.png", Target.GRAPH),
    ],
)
def test_files_that_will_do(path, target):
    check_suffix(path and Path(path), target)


@pytest.mark.parametrize(
    ("path", "target", "message"),
    [
        (None, Target.GRAPH, "cannot be printed: give -o a file that ends in .svg or .png"),
        ("lion", Target.GRAPH, "a graph is a picture: give -o a file that ends in .svg or .png, not lion"),
        ("lion.py", Target.GRAPH, "ends in .svg or .png, not lion.py"),
        ("x.svg", Target.OPTAX, "--to optax writes Python: give -o a file that ends in .py, not x.svg"),
        ("x.PNG", Target.TORCH, "--to torch writes Python: give -o a file that ends in .py, not x.PNG"),
        ("x.tex", Target.TORCH, "--to torch writes Python: give -o a file that ends in .py, not x.tex"),
        ("x.svg", Target.LATEX, "--to latex writes LaTeX: give -o a file that ends in .tex, not x.svg"),
        ("x.py", Target.LATEX, "--to latex writes LaTeX: give -o a file that ends in .tex, not x.py"),
    ],
)
def test_files_that_are_refused(path, target, message):
    with pytest.raises(SettingError) as caught:
        check_suffix(path and Path(path), target)
    assert str(caught.value).endswith(message)
