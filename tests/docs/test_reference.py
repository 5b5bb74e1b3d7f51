"""What the documentation makes from the code: every setting has its meaning, every program its page."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from lionsearch.catalog import PROGRAMS
from lionsearch.compose import TRANSFORMS
from lionsearch.lang import OPERATIONS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hooks():
    folder = str(ROOT / "docs" / "hooks")
    sys.path.insert(0, folder)
    yield importlib.import_module
    sys.path.remove(folder)


def test_the_settings_have_types_defaults_bounds_and_meanings(hooks):
    table = hooks("reference").experiment_settings()
    assert (
        "| `population` | whole number | `50` | above 0, at most 100,000: every program of it is held in memory |"
        " programs kept by evolution, on each island. |"
    ) in table
    assert '| `algorithm` | `"evolution"` or `"random"` or `"tuning"` | `"evolution"` |' in table
    for heading in ("[search.mutation.rates]", "[search.racing]", "[[tasks]]", "[evaluation.limits]"):
        assert f"\n### `{heading}`\n" in table


def test_the_settings_of_a_task_leave_its_name_out(hooks):
    table = hooks("reference").task_settings()
    assert "`factory` | text | required | `module:function` |" in table
    assert "| `name` |" not in table


def test_every_command_and_operation_is_there(hooks):
    page, commands = (ROOT / "docs/reference/commands.md").read_text(), hooks("reference").commands()
    assert "### search\n\n```text\nUsage: lionsearch search [OPTIONS] {EXPERIMENT}\n" in commands
    for name in re.findall(r"^### (\w+)$", commands, re.MULTILINE):
        assert re.search(rf"^\| .*`(?:lionsearch )?{name}\b", page, re.MULTILINE), name
    rows = hooks("reference").operations()
    assert rows.count("\n| `") == sum(row.group != "syntax" for row in OPERATIONS.values())


def test_every_public_name_is_there(hooks, monkeypatch):
    monkeypatch.setattr("lionsearch.__all__", ["to_optax", "another"])
    assert hooks("reference").python() == "::: lionsearch.another\n\n::: lionsearch.to_optax"


def test_every_program_has_a_page(hooks):
    gallery = hooks("gallery")
    pages = gallery.pages()
    shipped = {path.stem for path in PROGRAMS.shipped.glob("*.py")}
    assert {name.removeprefix("gallery/").removesuffix(".md") for name in pages} == shipped
    assert sum(len(group) for group in gallery.pages_by_group().values()) == len(shipped)
    lion = pages["gallery/lion.md"]
    assert lion.startswith("# lion\n\nLion: the sign of an interpolated momentum")
    assert r"\operatorname{sign}" in lion
    assert "```python\ndef train(w, g, m, lr, *, b1=0.9," in lion
    assert "| place | mean score |" in lion


def test_every_transform_is_there(hooks):
    assert hooks("gallery").transforms().count("\n| `") == len(TRANSFORMS)


def test_a_program_that_is_not_ranked_has_no_place(hooks, monkeypatch):
    gallery = hooks("gallery")
    monkeypatch.setattr(gallery, "ranking", lambda: ([], {}))
    assert "## In the ranking" not in gallery.pages()["gallery/lion.md"]


def test_names_of_methods_lead_to_pages(hooks):
    link = hooks("gallery").with_links
    assert link("`adam`, `adam_mini`, `clip(adam)`") == "[`adam`](adam.md), [`adam_mini`](adam_mini.md), `clip(adam)`"
