import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from filelock import FileLock
from reports.made_runs import SCRIPT, TASKS, make_run

from lionsearch.comparison.funnel_file import FunnelTable, ShownFunnel
from lionsearch.lang import parse
from lionsearch.reports.page import write_page
from lionsearch.reports.run_facts import gather
from lionsearch.runs.meta_validation import MetaCurve, MetaPoint

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Checks that tags close in order, and keeps what a page has."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text, self.scripts = [], [], [], [], [], 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.scripts += tag == "script"
        if "id" in given:
            self.ids.append(given["id"])
        if given.get("href", "").startswith("#"):
            self.links.append(given["href"][1:])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert len(reader.ids) == len({*reader.ids})
    assert {*reader.links} <= {*reader.ids}
    return reader


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "run", 8)


@pytest.fixture(scope="module")
def page(run):
    return write_page([gather(run)])


def test_the_verdict_comes_first(page):
    text = " ".join(read(page).text)
    assert text.index("better than tuned AdamW on both tasks") < text.index("The best program")
    assert all(task in text for task in TASKS)


def test_a_page_stands_alone(page):
    reader = read(page)
    assert reader.scripts == 1
    assert not [tag for tag, given in reader.tags if tag in ("link", "img", "iframe", "base") or "src" in given]
    assert not re.search(r"(href|src|action)=\"(?!#)", page)
    assert "url(http" not in page
    assert "@import" not in page


def test_a_page_has_what_the_run_has(page, run):
    reader = read(page)
    text = "".join(reader.text)
    assert run.best.text in text
    assert "It is signum" in " ".join(text.split())
    assert "optax.GradientTransformation" in text
    assert f"lionsearch export {run.folder}:2 --to optax" in text
    assert "the loss became infinite" in text
    assert "jax 1.2.3" in text
    assert [tag for tag, _ in reader.tags].count("math") == 1
    assert {"run0-program-0", "run0-program-2", "run0-program-3"} <= {*reader.ids}
    assert '"programs": 8' in text
    assert "+     m = interp(g, m, 0.5)" in text


def test_pictures_have_words_and_what_scrolls_can_be_reached(page):
    tags = read(page).tags
    pictures = [given for tag, given in tags if tag == "div" and given.get("role") in ("img", "group")]
    assert len(pictures) == 8
    assert all(given["aria-label"] for given in pictures)
    assert all("tabindex" in given for tag, given in tags if tag == "pre" or given.get("class") == "scroll")


def test_what_others_wrote_stays_text(tmp_path):
    folder = tmp_path / SCRIPT.replace("/", "")
    run = make_run(folder, 8, note=SCRIPT, description=f'">{SCRIPT}')
    page = write_page([gather(run)])
    assert SCRIPT not in page
    assert "<script>window" not in page
    reader = read(page)
    assert reader.scripts == 1
    assert SCRIPT in "".join(reader.text)


@pytest.mark.parametrize(("told", "said"), [(0, "after 0 of 100"), (1, "after 1 of 100"), (5, "after 5 of 100")])
def test_a_run_that_stopped_has_no_verdict_and_says_how_to_go_on(tmp_path, told, said):
    run = make_run(tmp_path / "run", told, ended=False)
    text = "".join(read(write_page([gather(run)])).text)
    assert "No verdict: the search has not come to its end." in text
    assert f"lionsearch resume {run.folder}" in text
    assert said in text


def test_a_run_that_goes_on_says_so(tmp_path):
    run = make_run(tmp_path / "run", ended=False)
    with FileLock(run.folder / "lock"):
        text = "".join(read(write_page([gather(run)])).text)
    assert "No verdict yet: the search goes on." in text
    assert "lionsearch resume" not in text


def test_several_runs_are_compared_with_a_section_each(tmp_path, run):
    other = make_run(tmp_path / "other", 3, ended=False)
    page = write_page([gather(run), gather(other)])
    reader = read(page)
    assert "The runs side by side" in "".join(reader.text)
    assert {"run0-top", "run1-top"} <= {*reader.links}


def test_only_a_live_page_may_fetch_and_reload(run, page):
    live = write_page([gather(run)], live="a1")
    assert "connect-src" not in page
    assert "connect-src 'self'" in html.unescape(live)
    assert '<body data-live="a1">' in live
    assert "<body>" in page


def test_the_text_for_optax_compiles_and_says_where_it_was_found(page):
    [text] = re.findall(r'id="run0-optax"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert "Where it was found, " in text
    compile(html.unescape(text), "exported", "exec")


def test_programs_on_the_page_are_those_that_were_found(page):
    texts = re.findall(r'id="run0-text-\d+"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert [len(parse(html.unescape(text)).statements) for text in texts] == [2, 3, 2]


def test_a_page_has_the_funnel_and_the_curve_on_other_tasks_where_there_are_such(run, page):
    assert "On dearer tasks" not in page
    assert "The best on its own tasks and on others" not in page
    facts = gather(run)
    curve = MetaCurve(("other",), (MetaPoint(0, 0.1, (0.0, 0.1, 0.1, 0.0)), MetaPoint(3, 0.2, (0.2, 0.1, 0.2, 0.1))), 5)
    table = FunnelTable(title="Stage proxy: few", heads=("place", "program"), rows=(("1", "<script>x</script>"),))
    shown = ShownFunnel(
        command="lionsearch funnel run", tables=(table,), verdict="winner: run:3", legend="what it means"
    )
    found = write_page([replace(facts, meta=curve, funnel=shown)])
    read(found)
    assert "Winner: run:3." in found
    assert "&lt;script&gt;x&lt;/script&gt;" in found
    assert "The best on its own tasks and on others" in found
    assert "On other, out of the search" in found
