from lionsearch.render.html import html_code, html_table


def test_everything_is_escaped():
    page = html_table(("<b>", "x"), [("<script>", 1.23456789), (None, "&")]) + html_code("a < b")
    assert "<b>" not in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<td>1.235</td>" in page
    assert "<td></td><td>&amp;</td>" in page
    assert page.endswith("<pre><code>a &lt; b</code></pre>")
