import re
from xml.etree import ElementTree

from lionsearch.reports.drawing import INK, SERIES, finish, legend, pad, start


def draw(name, titles=None):
    figure, axes = start("steps", "<loss>")
    points = axes.scatter([1, 2], [3, 4], color=SERIES[0], label="a & b")
    points.set_urls([f"#{place}" for place in titles or ()] or [None])
    legend(axes)
    return finish(figure, name, titles)


def test_a_picture_stands_in_a_page_in_its_colours():
    svg = draw("one")
    ElementTree.fromstring(svg)
    assert svg.startswith('<svg aria-hidden="true" ')
    assert "var(--series-1)" in svg
    assert "currentColor" in svg
    assert INK not in svg
    assert "&lt;loss&gt;" in svg
    assert "a &amp; b" in svg
    assert draw("one") == svg, "the same each time"


def test_two_pictures_share_no_identifier():
    one, other = ({*re.findall(r' id="(.*?)"', draw(name))} for name in ("one", "other"))
    assert one
    assert not one & other


def test_a_link_says_where_it_leads():
    svg = draw("one", {"program-1": "show 1", "program-2": "show 2"})
    assert svg.count('class="point"') == 2
    assert 'href="#program-2" class="point" aria-label="show 2"><title>show 2</title>' in svg
    assert "aria-hidden" not in svg


def test_limits_leave_room_even_where_all_is_one():
    low, high = pad(0.5, 0.5)
    assert low < 0.5 < high
