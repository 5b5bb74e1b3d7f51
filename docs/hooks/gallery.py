"""A page for each program of `programs/`: what it is, its equations, its text, and its place in the ranking."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.compose import TRANSFORMS
from lionsearch.graph.lowering import lower
from lionsearch.lang.summary import Summary, summarize
from lionsearch.render.latex import write_latex
from lionsearch.rivals.shelf import ROWS

ROOT = Path(__file__).parents[2]

_RANKING = "experiments/known_optimizers/comparison.md"
_BEST = 10
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|])")


@cache
def _files() -> dict[str, Path]:
    """Return the programs that come with lionsearch, by name."""
    return {path.stem: path for path in sorted((ROOT / PROGRAMS.folder).glob("*.py"))}


@cache
def _summary(name: str) -> Summary:
    return summarize(load_program(str(_files()[name])))


@cache
def ranking() -> tuple[list[str], dict[str, list[str]]]:
    """Return the heads of the ranking's columns, and each program's row; nothing where there is no ranking."""
    path = ROOT / _RANKING
    lines = path.read_text().splitlines() if path.is_file() else []
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    heads = next((row for row in rows if row[:2] == ["place", "program"]), [])
    return heads, {row[1]: row for row in rows if len(row) == len(heads) and row[0].rstrip("=").isdigit()}


def best() -> str:
    """Return the first rows of the ranking, without the time of a step; nothing where there is no ranking."""
    heads, rows = ranking()
    if not rows:
        return ""
    kept = [place for place, head in enumerate(heads) if head != "ms a step"]
    shown = [heads, ["---"] * len(heads), *list(rows.values())[:_BEST]]
    return "\n".join("| " + " | ".join(row[place] for place in kept) + " |" for row in shown)


def pages() -> dict[str, str]:
    """Return the text of each program's page, by the page's place."""
    return {f"gallery/{name}.md": _page(name) for name in _files()}


def pages_by_group() -> dict[str, list[dict[str, str]]]:
    """Return the pages, under the kinds of method: as a navigation has them."""
    groups: dict[str, list[dict[str, str]]] = {}
    for name in _files():
        groups.setdefault(_group(name), []).append({name: f"gallery/{name}.md"})
    return dict(sorted(groups.items()))


def index() -> str:
    """Return a table of the programs for each kind of method."""
    parts = []
    for group, entries in pages_by_group().items():
        lines = []
        for entry in entries:
            [name] = entry
            found, place = _summary(name), ranking()[1].get(name, [""])[0]
            year, needs = str(found.year or ""), ", ".join(f"`{need}`" for need in found.needs)
            cells = (f"[{name}]({name}.md)", _plain(_short(found.title)), year, found.state, needs, place)
            lines.append("| " + " | ".join(cells) + " |")
        head = "| program | | year | state | needs | place |\n|---|---|---|---|---|---|\n"
        parts.append(f"### {group}\n\n{head}" + "\n".join(lines))
    return "\n\n".join(parts)


def rivals() -> str:
    """Return the table of lionsearch's own rivals."""
    lines = [f"| `rival:{name}` | {_plain(row.description)} | {_plain(row.source)} |" for name, row in ROWS.items()]
    return "| name | what it is | source |\n|---|---|---|\n" + "\n".join(lines)


def transforms() -> str:
    """Return the table of transforms."""
    lines = []
    for row in TRANSFORMS.values():
        settings = ", ".join(f"`{name}={value:g}`" for name, value in row.settings.items())
        programs = "two" if row.programs == 2 else ""
        cells = (f"`{row.name}`", programs, settings, _plain(row.description), _plain(row.source))
        lines.append("| " + " | ".join(cells) + " |")
    return "| transform | programs | settings | what it does | source |\n|---|---|---|---|---|\n" + "\n".join(lines)


def with_links(text: str) -> str:
    """Return a page on which a program in code leads to its page; one within a composition does not."""
    names = "|".join(sorted(_files(), key=len, reverse=True))
    return re.sub(rf"`({names})`", r"[`\1`](\1.md)", text)


def _page(name: str) -> str:
    found, program = _summary(name), load_program(str(_files()[name]))
    facts = {
        "kind": _group(name),
        "source": _plain(found.source),
        "state": f"{found.state} for each parameter" if found.state.isdigit() else found.state,
        "needs": ", ".join(f"`{need}`" for need in found.needs),
        "hyperparameters": ", ".join(f"`{key}={value:g}`" for key, value in program.hyperparameters),
    }
    equations, _, values = write_latex(lower(program)).partition("\\end{align*}\n")
    parts = [
        f"# {name}",
        _plain(found.title),
        "\n".join(f"- **{label}**: {text}" for label, text in facts.items() if text),
        "## Equations",
        f"\\[\n{equations}\\end{{align*}}\n\\]",
        values.strip(),
        "In plain text:\n\n```text\n" + "\n".join(found.equations) + "\n```" if found.equations else "",
        _plain(found.notes),
        f"## Program\n\n```python\n{_source(name)}```",
        _place(name),
        _use(name),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _source(name: str) -> str:
    """Return the function as the file has it."""
    text = _files()[name].read_text()
    [function] = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    return "".join(text.splitlines(keepends=True)[function.lineno - 1 :])


def _place(name: str) -> str:
    """Return a program's row of the ranking."""
    heads, rows = ranking()
    if name not in rows:
        return ""
    shown = [(head, cell) for head, cell in zip(heads, rows[name], strict=True) if head != "program"]
    table = "\n".join("| " + " | ".join(line) + " |" for line in zip(*shown, strict=True))
    first, _, rest = table.partition("\n")
    ruled = f"{first}\n|{'---|' * len(shown)}\n{rest}"
    return (
        f"## In the ranking\n\nPlace {rows[name][0]} of {len(rows)}, each tuned on each task; 0 is tuned AdamW"
        f" ([how it was measured](../{_RANKING})).\n\n{ruled}"
    )


def _use(name: str) -> str:
    wrapped = f"lookahead({name}, k=5)"
    lines = [f"lionsearch show {name}", f"lionsearch export {name} --to optax", f'lionsearch show "{wrapped}"']
    return "## Use it\n\n```\n" + "\n".join(lines) + "\n```\n\n[All that an export does](../how-to/export.md)."


def _group(name: str) -> str:
    return (_summary(name).group or "other").capitalize()


def _short(title: str) -> str:
    """Return a title without the name and the full stop."""
    return title.rpartition(": ")[2].rstrip(".").strip()


def _plain(text: str) -> str:
    """Return text in which nothing means anything to Markdown."""
    return _MARKUP.sub(r"\\\1", text)
