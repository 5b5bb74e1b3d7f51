"""The site builds without a warning, fetches nothing from elsewhere, and finds what it holds."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.thorough


def build(config, site):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", site],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_nothing_is_fetched_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        text = page.read_text()
        fetched = re.findall(r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)=\"(?:https?:)?//[^\"]*", text)
        assert fetched == [], page


def test_every_formula_is_set(site):
    for page in site.rglob("*.html"):
        assert not re.search(r'class="arithmatex">\s*\\', page.read_text()), page
    lion = html.unescape((site / "gallery" / "lion.html").read_text())
    assert lion.count("<math") >= 5
    assert "<mi>β</mi>" in lion


def test_search_finds_programs_and_settings(site):
    entries = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    by_place = {entry["location"]: entry["text"] for entry in entries}
    assert "gallery/soap.html" in by_place
    assert any("migrate_after" in text for place, text in by_place.items() if place.startswith("reference/settings"))


def test_a_broken_link_or_anchor_fails_the_build(tmp_path):
    pytest.importorskip("mkdocs")
    pages = shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (pages / "index.md").write_text("[nowhere](how-to/task.md#no-such-place), [none](no-such-page.md)\n")
    config = {
        "INHERIT": str(ROOT / "mkdocs.yml"),
        "docs_dir": str(pages),
        "hooks": [str(ROOT / "docs" / "hooks" / "events.py")],
        "watch": [],
    }
    (tmp_path / "mkdocs.yml").write_text(json.dumps(config))  # which is YAML too
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "no-such-place" in done.stderr
    assert "no-such-page.md" in done.stderr
