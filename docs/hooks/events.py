"""What mkdocs calls while it builds the site: pages that are made from the code, and mathematics.

A page under `docs/` has `<!-- generated: NAME -->` where a table or list of `reference` or `gallery` comes; each
program of `programs/` has a page that no file holds; what stands elsewhere in the repository is shown as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # what is described is this checkout, wherever another one is installed

import gallery  # noqa: E402
import maths  # noqa: E402
import reference  # noqa: E402

_PLACE = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_MAKERS: dict[str, Callable[[], str]] = {
    "python": reference.python,
    "commands": reference.commands,
    "experiment": reference.experiment_settings,
    "task": reference.task_settings,
    "tasks": reference.tasks,
    "operations": reference.operations,
    "inputs": reference.inputs,
    "best": gallery.best,
    "programs": gallery.index,
    "transforms": gallery.transforms,
    "rivals": gallery.rivals,
}
_SHOWN = {
    "CONTRIBUTING.md": "project/contributing.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changes.md",
    **{
        str(path.relative_to(ROOT)): str(path.relative_to(ROOT))
        for name in ("rediscover_lion", "search_ablation", "known_optimizers", "lion_vs_adamw", "beyond_lion")
        for pattern in ("README.md", "**/comparison.md", "**/*.png", "**/*.svg", "winners/*.py")
        for path in sorted((ROOT / "experiments" / name).glob(pattern))
    },
}
_LINK = re.compile(rb"\]\((\w+\.md)\)")
_OUTSIDE = re.compile(r"\]\(((?:\.\./)*)\.\./(experiments/[^)#]+|programs/\w+\.py|[A-Z]+\.md)")
_PROGRAM = re.compile(rb"\]\(\.\./\.\./programs/(\w+)\.py\)")


def _link(path: str) -> bytes:
    """Return the end of a link to a file of the root, from another that is shown beside it."""
    return f"]({_SHOWN[path].removeprefix('project/')})".encode()


def _place(path: str) -> str:
    """Return where a file of the repository is shown."""
    program = re.fullmatch(r"programs/(\w+)\.py", path)
    return f"gallery/{program[1]}.md" if program else _SHOWN[path]


def on_config(config: Any) -> Any:
    """Put the programs' pages into the navigation, under what kind of method they are."""
    [section] = [entry["Gallery"] for entry in config.nav if "Gallery" in entry]
    section += [{group: pages} for group, pages in gallery.pages_by_group().items()]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that no file under `docs/` holds."""
    for name, text in gallery.pages().items():
        files.append(File.generated(config, name, content=text))
    for path, place in _SHOWN.items():
        content = (ROOT / path).read_bytes()
        if place.startswith("project/"):
            content = _LINK.sub(lambda found: _link(found[1].decode()), content)
        elif path.endswith(".md"):
            content = _PROGRAM.sub(rb"](../../gallery/\1.md)", content.replace(b"](../../docs/", b"](../../"))
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put what is generated into a page, and have its links to files outside `docs/` lead to where those are shown."""
    if (ROOT / "docs" / page.file.src_uri).is_file():
        markdown = _OUTSIDE.sub(lambda found: f"]({found[1]}{_place(found[2])}", markdown)
    if page.file.src_uri == "gallery/methods.md":
        markdown = gallery.with_links(markdown)
    return _PLACE.sub(lambda found: _MAKERS[found[1]](), markdown)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Set mathematics."""
    return maths.set_maths(html)
