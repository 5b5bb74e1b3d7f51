"""The code in the pages runs: every block of Python of README.md and under docs/, a page's blocks one after the other.

A page has a namespace and a working folder of its own. A block with a title is a file of that folder too. A block below
`<!-- not run: why -->` is left out, one below `<!-- not run without NAME -->` where that module is not installed; each
is a test that is skipped, and `pytest -rs` says why. A page is one test, since xdist gives the tests of a file to
several processes; that is why none of pytest-markdown-docs, sybil and pytest-examples, which make a test of each block,
is used here.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))]
THOROUGH = {"README.md", "docs/how-to/ladder.md", "docs/how-to/simplify.md", "docs/how-to/task.md"}
"""Pages that take more than a few seconds."""
SLOW = {"docs/tutorial.md", "docs/how-to/choose.md", "docs/how-to/experiment.md"}
"""Pages that search with the quickstart, for minutes."""

_BLOCK = re.compile(
    r"(?:^<!-- not run(?:: (?P<why>[^\n]+)| without (?P<without>\w+)) -->\n)?"
    r'^```(?P<language>python|toml)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- not run", re.MULTILINE)


def read(page: str) -> str:
    return (ROOT / page).read_text()


@dataclass(frozen=True)
class Block:
    line: int
    language: str
    title: str | None
    code: str
    left_out: str | None


def blocks_of(text: str) -> list[Block]:
    return [
        Block(text.count("\n", 0, found.start("code")), found["language"], found["title"], found["code"], _why(found))
        for found in _BLOCK.finditer(text)
    ]


def _why(found: re.Match[str]) -> str | None:
    missing = found["without"]
    return f"{missing} is not installed" if missing and find_spec(missing) is None else found["why"]


BLOCKS = {page: blocks_of(read(page)) for page in PAGES}
LEFT_OUT = {
    f"{page}:{block.line}": block.left_out for page, blocks in BLOCKS.items() for block in blocks if block.left_out
}


def _marks(page):
    return [pytest.mark.slow] if page in SLOW else [pytest.mark.thorough] if page in THOROUGH else []


WITH_CODE = [
    pytest.param(page, marks=_marks(page))
    for page, blocks in BLOCKS.items()
    if any(block.language == "python" and not block.left_out for block in blocks)
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder, in which modules are found; what a page imports from it is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs(page, folder):
    namespace = {"__name__": "__main__"}
    for block in BLOCKS[page]:
        if block.left_out:
            continue
        if block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.code)
        if block.language == "python":
            exec(compile("\n" * block.line + block.code, str(ROOT / page), "exec"), namespace)


@pytest.mark.parametrize("block", LEFT_OUT)
def test_what_is_left_out_is_counted(block):
    pytest.skip(LEFT_OUT[block])


@pytest.mark.parametrize("page", PAGES)
def test_every_mark_stands_right_above_a_block(page):
    text = read(page)
    assert len(_MARK.findall(text)) == sum(
        found["why"] is not None or found["without"] is not None for found in _BLOCK.finditer(text)
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_it_names_is_there(page):
    named = re.findall(r"`((?:lionsearch|tests|benchmarks|programs|proxy_tasks|experiments)/[\w/.]+)`", read(page))
    assert [path for path in named if "NAME" not in path and "mine" not in path and not (ROOT / path).exists()] == []


def test_marked_pages_are_there():
    assert set(PAGES) >= THOROUGH | SLOW


def test_a_block_has_its_line_its_file_and_its_reason():
    text = (
        'Text.\n\n```python title="a.py"\nx = 1\n```\n\n<!-- not run: too slow -->\n```python\ny\n```\n```sh\nls\n```\n'
    )
    assert blocks_of(text) == [
        Block(3, "python", "a.py", "x = 1\n", None),
        Block(8, "python", None, "y\n", "too slow"),
    ]
    [block] = blocks_of("<!-- not run without no_such_module -->\n```python\n1 / 0\n```\n")
    assert block.left_out == "no_such_module is not installed"
    assert blocks_of("<!-- not run without pytest -->\n```python\n1\n```\n")[0].left_out is None
