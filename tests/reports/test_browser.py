"""Pages in Chromium, without a network: what is on them is seen, and works. Skipped where there is no browser."""

import shutil
import threading
from pathlib import Path

import pytest
from reports.made_runs import SCRIPT, make_large_run, make_run, tell_one_more

from lionsearch.reports.page_server import address, make_server
from lionsearch.reports.report_file import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium on the path")

FLAGS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=FLAGS, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Files of pages by name."""
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        "whole": [make_run(folder / "run", 8)],
        "hostile": [
            make_run(folder / "hostile", 8, note=SCRIPT, description=f"'>{SCRIPT}<img src=x onerror=alert(1)>")
        ],
        "large": [make_large_run(folder / "large", 4000)],
        "begun": [make_run(folder / "begun", 0, ended=False)],
    }
    runs["both"] = [*runs["whole"], *runs["large"]]
    for name, each in runs.items():
        write_report(each, folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in runs}


@pytest.fixture
def visit(browser):
    """Open a page; at the end, nothing was logged, asked of the network, or shown in a dialog."""
    contexts, wrong = [], []

    def go(where, *, width=1280, scheme="light", script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, offline=False
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        own = where if isinstance(where, str) else where.as_uri()
        page.on("request", lambda request: request.url.split("#")[0] == own or wrong.append(f"request: {request.url}"))
        page.goto(own)
        return page

    yield go
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["whole", "hostile", "large", "begun", "both"])
def test_a_page_fits_and_nothing_goes_wrong(visit, pages, name, width, scheme):
    page = visit(pages[name], width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").first.is_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_text_can_be_read(visit, pages, width, scheme):
    page = visit(pages["whole"], width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    faint = page.evaluate(CONTRASTS)
    assert faint == []
    texts = "[...document.querySelectorAll('.chart svg text')]"
    assert page.evaluate(f"Math.min(...{texts}.map((text) => text.getBoundingClientRect().height))") >= 9


@pytest.mark.parametrize("name", ["whole", "large"])
def test_charts_have_data(visit, pages, name):
    page = visit(pages[name])
    assert page.locator("figure.chart svg").count() == (7 if name == "whole" else 5)
    drawn = page.evaluate(
        "[...document.querySelectorAll('figure.chart svg')].map((svg) => ["
        "  svg.querySelectorAll('use, path').length, svg.getBoundingClientRect().height > 100,"
        "  [...svg.querySelectorAll('path')].some((path) => /var\\(--series-/.test(path.getAttribute('style') || ''))])"
    )
    assert all(marks > 20 and tall for marks, tall, _ in drawn)
    assert [coloured for _, _, coloured in drawn].count(True) >= 4


@pytest.mark.parametrize("script", [True, False])
def test_a_point_opens_its_program(visit, pages, script):
    page = visit(pages["whole"], script=script)
    place = page.locator("#run0-program-2")
    assert not place.is_visible()
    page.locator('a.point[href="#run0-program-2"]').first.click(force=True)
    place.wait_for(state="visible", timeout=5000)
    assert "m = interp(g, m, 0.5)" in place.inner_text()


def test_a_point_is_reached_and_opened_with_the_keyboard(visit, pages):
    page = visit(pages["whole"])
    page.locator('a.point[href="#run0-program-3"]').first.focus()
    page.keyboard.press("Enter")
    page.locator("#run0-program-3").wait_for(state="visible", timeout=5000)
    assert page.evaluate("document.activeElement.id") == "run0-program-3"


def test_copying_copies(visit, pages):
    page = visit(pages["whole"])
    shown = page.locator("#run0-best-text")
    button = page.locator('button[data-copy="run0-best-text"]')
    assert button.is_visible()
    button.click()
    page.get_by_text("Copied").first.wait_for(timeout=5000)
    assert page.evaluate("navigator.clipboard.readText()") == shown.text_content()


def test_without_scripts_all_can_be_read(visit, pages):
    page = visit(pages["whole"], script=False)
    assert not page.locator("button.copy").first.is_visible()
    page.locator("summary").first.click()
    assert page.locator("#run0-optax").is_visible()


def test_what_others_wrote_stays_text(visit, pages):
    page = visit(pages["hostile"])
    assert page.evaluate("window.broken") is None
    assert page.locator("img").count() == 0
    assert SCRIPT in page.locator("header").inner_text()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert SCRIPT in page.locator("#run0-program-0").inner_text()


def test_the_policy_runs_no_other_script(browser, pages, tmp_path):
    broken = tmp_path / "page.html"
    broken.write_text(pages["whole"].read_text().replace("<main>", f"<main>{SCRIPT}"))
    page = browser.new_page()
    page.goto(broken.as_uri())
    assert page.evaluate("window.broken") is None
    page.close()


def test_a_page_prints(visit, pages, tmp_path):
    page = visit(pages["whole"])
    page.pdf(path=str(tmp_path / "page.pdf"))
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_a_live_page_loads_itself_again_and_keeps_what_is_open(visit, tmp_path):
    run = make_run(tmp_path / "run", ended=False)
    server = make_server([run])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        page = visit(address(server), width=390)
        page.get_by_text("Settings", exact=True).click()
        page.evaluate("scrollTo(0, 700)")
        tell_one_more(run)
        page.get_by_text("after 6 of 100 programs").wait_for(timeout=60_000)
        assert page.evaluate("Math.abs(scrollY - 700) < 5")
        assert page.locator("#run0-settings").is_visible()
        page.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text()
