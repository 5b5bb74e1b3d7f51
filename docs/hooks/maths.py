"""LaTeX in a page's HTML -> MathML, which browsers set by themselves: no script, no font."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def set_maths(page: str) -> str:
    r"""Return a page in which what stands between `\(` and `\)`, or `\[` and `\]`, is MathML.

    Example:
        >>> set_maths(r'<span class="arithmatex">\(x\)</span>')
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>x</mi></mrow></math>'
    """
    page = _INLINE.sub(lambda found: convert(html.unescape(found[1])), page)
    return _BLOCK.sub(lambda found: f'<div class="arithmatex">{_block(found[1])}</div>', page)


def _block(latex: str) -> str:
    return convert(html.unescape(latex).strip(), display="block")
