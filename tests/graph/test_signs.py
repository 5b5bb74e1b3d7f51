import pytest

from lionsearch.graph.lowering import lower
from lionsearch.graph.signs import find_signs, sign_of
from lionsearch.lang import Sign, parse


def _sign(expression: str, slots: str = "v = v") -> Sign:
    text = f"def train(w, g, v, lr, t, *, b=0.9, big=2.0):\n  x = {expression}\n  {slots}\n  return x * w + v, v\n"
    graph = lower(parse(text)).graph
    product = graph.nodes[graph.nodes[graph.update].arguments[0]]  # x * w
    return sign_of(product.arguments[0], find_signs(graph))


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
        ("abs(g) ** 0.3", Sign.NOT_NEGATIVE),
        ("exp(g)", Sign.NOT_NEGATIVE),
        ("sum(g > w) + 1", Sign.POSITIVE),
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
