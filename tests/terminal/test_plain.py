import io
import json
import re
import subprocess
import sys

import pytest
from rich.text import Text
from workers.tiny_project import environment

from lionsearch.terminal.display import print_table
from lionsearch.terminal.plain import plain, plain_streams, raw_stream

NASTY = "\x1b[31mred\x1b]0;title\x07\x9b2J\x7f\r\u202egnp.exe"


def is_plain(text):
    return re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text) is None


@pytest.mark.parametrize("text", ["", "plain", "two\nlines\tand a tab", "é ± 漢"])
def test_ordinary_text_stays(text):
    assert plain(text) == text


def test_control_characters_are_spelled_out():
    assert plain(NASTY) == r"\u001b[31mred\u001b]0;title\u0007\u009b2J\u007f\u000d\u202egnp.exe"


def test_what_is_printed_to_both_streams_is_plain(capsys):
    with plain_streams():
        print(NASTY, file=sys.stdout)
        print(NASTY, file=sys.stderr)
        sys.stdout.writelines([NASTY, "\n"])
        with plain_streams():
            print(json.dumps({"name": NASTY + "\x7f"}))
    printed = capsys.readouterr()
    assert is_plain(printed.out)
    assert is_plain(printed.err)
    assert json.loads(printed.out.splitlines()[-1]) == {"name": NASTY + "\x7f"}


def test_the_streams_are_put_back():
    before = sys.stdout, sys.stderr
    with plain_streams():
        assert raw_stream(sys.stdout) is before[0]
        assert raw_stream(before[1]) is before[1]
        with pytest.raises(TypeError, match="takes text, not bytes"):
            sys.stdout.write(b"")  # type: ignore
    assert (sys.stdout, sys.stderr) == before


def test_tables_are_plain_and_know_no_markup(capsys):
    with plain_streams():
        print_table((f"[red]{NASTY}", "b"), [(f"[bold]{NASTY}[/bold]", 1.0), ("[link=x]y", None)])
    shown = capsys.readouterr().out
    assert is_plain(shown)
    for text in ("[red]", "[bold]", "[/bold]", "[link=x]y"):
        assert text in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_can_be_printed_to(monkeypatch, encoding):
    content = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(content, encoding=encoding, write_through=True))
    with plain_streams():
        print("0.5 ±0.1 é … 漢 \U0001f600 \udcff")
        print_table(("a ± b",), [("é ±",)])
    text = content.getvalue().decode(encoding)
    assert text.splitlines()[0].endswith("\\udcff")
    if encoding == "ascii":
        assert text.splitlines()[0] == r"0.5 +-0.1 \u00e9 ... \u6f22 \U0001f600 \udcff"


def test_the_command_line_prints_strangers_texts_plainly(project, run_here):
    (project / "nasty.py").write_text(f'"""{NASTY}\n\nSource: [red] {NASTY}"""\ndef train(w, g, lr): return g * lr\n')
    (project / "nasty.toml").write_text('programs = 1\n[[tasks]]\ntask = "\\u001b[31m\\u009b"\n')
    for arguments in (
        ["show", "nasty.py"],
        ["check", NASTY],
        ["check", f"{NASTY}.py"],
        ["check", f"lookahead({NASTY})"],
        ["evaluate", "lion", "--task", f"./{NASTY}.toml"],
        ["search", "./nasty.toml"],
        ["search", "tiny", "--seed", NASTY],
        ["inspect", NASTY],
        ["resume", NASTY],
        [NASTY],
    ):
        done = run_here(*arguments)
        assert is_plain(done.stdout + done.stderr), arguments
        assert done.returncode == (0 if arguments[0] == "show" else 2)


def test_a_locale_without_unicode_is_no_obstacle(project):
    locale = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    (project / "marks.py").write_text('"""One ± two é."""\ndef train(w, g, lr): return g * lr\n', encoding="utf-8")
    export = ["export", "marks.py", "--to", "optax"]
    for arguments in (["show", "marks.py"], export, ["check", "é"], ["show", "\udcff"]):
        command = [sys.executable, "-c", "from lionsearch.cli import main; main()", *arguments]
        done = subprocess.run(command, cwd=project, env=environment(project, **locale), capture_output=True, timeout=60)
        assert b"Traceback" not in done.stderr
        assert (done.stdout + done.stderr).isascii()


def test_rich_draws_past_it(capsys):
    from lionsearch.terminal.display import make_console

    with plain_streams():
        make_console().print(Text("x"))
    assert capsys.readouterr().out.strip() == "x"


def test_half_a_character_of_a_docstring_is_written_as_its_escape(project, run_here):
    (project / "half.py").write_text('"""Half \\ud800 one."""\ndef train(w, g, lr): return g * lr\n')
    for to, name in (("optax", "half_optax.py"), ("torch", "half_torch.py"), ("latex", "half.tex")):
        done = run_here("export", "half.py", "--to", to, "-o", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert "ud800" in (project / name).read_text(encoding="utf-8")
