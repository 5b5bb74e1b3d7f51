import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner
from workers.tiny_project import run_cli

from lionsearch.cli import app
from lionsearch.errors import LionSearchError


def _run(*arguments):
    """Return what the command prints, or raises."""
    done = CliRunner().invoke(app, ["export", *map(str, arguments)], catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_file_for_optax_runs_by_itself(tmp_path):
    done = run_cli(tmp_path, "export", "lion", "--to", "optax", "-o", "lion_optax.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote lion_optax.py: `lion` for optax\n", "")
    code = (
        "import sys; sys.modules['lionsearch'] = None\n"
        "import jax.numpy as jnp, optax, lion_optax\n"
        "t = lion_optax.lion(0.1, weight_decay=0.0); p = jnp.ones(2)\n"
        "print(optax.apply_updates(p, t.update(jnp.array([1.0, -1.0]), t.init(p), p)[0]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.stdout.strip() == "[0.9 1.1]", ran.stderr


def test_what_cannot_be_expressed_is_one_line_and_exit_code_2(tmp_path):
    done = run_cli(tmp_path, "export", "sophia", "--to", "torch")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: sophia asks for h (")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("target", "start"),
    [("optax", '"""Lion: '), ("torch", '"""Lion: '), ("latex", "% Lion: ")],
)
def test_texts_are_printed(target, start):
    assert _run("lion", "--to", target).startswith(start)


def test_json_holds_the_text_or_the_file(tmp_path):
    shown = json.loads(_run("lion", "--to", "latex", "--json"))
    assert list(shown) == ["target", "name", "text"]
    assert shown["text"] == _run("lion", "--to", "latex")
    path = tmp_path / "lion.svg"
    shown = json.loads(_run("lion", "--to", "graph", "-o", path, "--json"))
    assert shown == {"target": "graph", "name": "lion", "file": str(path)}
    assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("target", "file", "what"),
    [
        ("graph", "lion.svg", "the graph of lion"),
        ("latex", "lion.tex", "the equations of lion"),
        ("torch", "lion.py", "`lion` for torch"),
    ],
)
def test_what_was_written_is_said(target, file, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert _run("lion", "--to", target, "-o", file) == f"wrote {file}: {what}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lion", "--to", "graph"), "a picture and cannot be printed: give -o a file that ends in .svg or .png"),
        (("lion", "--to", "graph", "-o", "lion.pdf"), "not lion.pdf"),
        (
            ("lion", "--to", "optax", "-o", "x.svg"),
            "--to optax writes Python: give -o a file that ends in .py, not x.svg",
        ),
        (("lion", "--to", "latex", "-o", "x.png"), "--to latex writes LaTeX"),
        (("lion", "--to", "graph", "-o", "x.py"), "not x.py"),
        (("lino", "--to", "optax"), "did you mean 'lion'"),
        (("lion", "--to", "optax", "-o", "nowhere/lion.py"), "nowhere/lion.py: cannot be written"),
    ],
)
def test_mistakes_are_said(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LionSearchError, match=message.replace(".", r"\.")):
        _run(*arguments)
    assert not list(tmp_path.iterdir())
