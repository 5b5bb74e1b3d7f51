import pytest

from lionsearch.export.flow import build_flow
from lionsearch.export.signs import Sign, find_signs
from lionsearch.lang import parse


def _sign(expression: str, slots: str = "v = v") -> Sign:
    text = f"def train(w, g, v, lr, t, *, b=0.9, big=2.0):\n  x = {expression}\n  {slots}\n  return x * w + v, v\n"
    flow = build_flow(parse(text))
    update = flow.values[flow.values[flow.update].reads[0]]  # x * w
    return find_signs(flow)[update.reads[0]]


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        ("square(g)", Sign.NOT_NEGATIVE),
        ("g * g", Sign.NOT_NEGATIVE),
        ("g * w", Sign.UNKNOWN),
        ("square(g) + 1", Sign.POSITIVE),
        ("square(g) - 1", Sign.UNKNOWN),
        ("interp(square(g), abs(w), b)", Sign.NOT_NEGATIVE),
        ("interp(square(g), abs(w), big)", Sign.UNKNOWN),
        ("square(g) / (1 - b**t)", Sign.NOT_NEGATIVE),
        ("square(g) / (1 - big**t)", Sign.UNKNOWN),
        ("square(g) * (1 - b ** (t - 1))", Sign.NOT_NEGATIVE),
        ("square(g) * (1 - b ** (t - 2))", Sign.UNKNOWN),
        ("g**2", Sign.NOT_NEGATIVE),
        ("g**3", Sign.UNKNOWN),
        ("1 + g ** (-2)", Sign.POSITIVE),
        ("maximum(g, 0.5)", Sign.POSITIVE),
        ("minimum(abs(g), 0.5)", Sign.NOT_NEGATIVE),
        ("where(t == 1, abs(g), square(g))", Sign.NOT_NEGATIVE),
        ("where(t == 1, abs(g), g)", Sign.UNKNOWN),
        ("sqrt(g) * mean(square(g))", Sign.NOT_NEGATIVE),
        ("g * dot(g, g)", Sign.UNKNOWN),
    ],
)
def test_what_is_known_of_an_expression(expression, sign):
    assert _sign(expression) is sign


@pytest.mark.parametrize(
    ("slots", "sign"),
    [
        ("v = interp(square(g), v, b)", Sign.NOT_NEGATIVE),
        ("v = v + abs(g)", Sign.NOT_NEGATIVE),
        ("v = v * g", Sign.UNKNOWN),
        ("v = interp(g, v, b)", Sign.UNKNOWN),
    ],
)
def test_a_slot_is_as_what_it_is_given(slots, sign):
    assert _sign("v + 0 * square(g)", slots) is sign
