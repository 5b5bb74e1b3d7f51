"""What mkdocs calls while it builds the site: pages that are made from the code, and mathematics.

A page under `docs/` has `<!-- generated: NAME -->` where a table or list of `reference` or `gallery` comes; each
program of `programs/` has a page that no file holds; what stands elsewhere in the repository is shown as it is.
"""

from __future__ import annotations

import posixpath
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
        for pattern in ("README.md", "**/comparison.md", "**/funnel.md", "**/*.png", "**/*.svg", "winners/*.py")
        for path in sorted((ROOT / "experiments" / name).glob(pattern))
    },
}
_SOURCES = {place: path for path, place in _SHOWN.items()}
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def _move(link: str, page: str) -> str:
    """Return a link of a page as the site needs it, from one between files of the repository."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(_SOURCES.get(page, f"docs/{page}")), link))
    program = re.fullmatch(r"programs/(\w+)\.py", path)
    place = f"gallery/{program[1]}.md" if program else _SHOWN.get(path, path.removeprefix("docs/"))
    return posixpath.relpath(place, posixpath.dirname(page) or ".")


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
        files.append(File.generated(config, place, content=(ROOT / path).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put what is generated into a page, and have links between files of the repository lead to their pages."""
    markdown = _LINK.sub(lambda found: f"]({_move(found[1], page.file.src_uri)}", markdown)
    if page.file.src_uri == "gallery/methods.md":
        markdown = gallery.with_links(markdown)
    return _PLACE.sub(lambda found: _MAKERS[found[1]](), markdown)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Set mathematics."""
    return maths.set_maths(html)
