import pytest

from lionsearch.lang import parse
from lionsearch.simplification.roles import find_roles


def roles(body: str, update: str = "x") -> list[str]:
    program = parse(f"def train(w, g, m, lr):\n  {body}\n  return {update}, m")
    return [role[1] for role in find_roles(program) if role is not None]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("m = interp(g, m, 0.9)\n  x = m", ["b"]),
        ("y = m * 0.9\n  m = y + g\n  x = m", ["b"]),
        ("x = sin(m * 0.3)", []),
        ("x = interp(g, m, 0.9)\n  m = g", ["b"]),
        ("x = interp(m, g, 0.9)\n  m = g", []),
        ("d = w * 0.1\n  x = g + d", ["weight_decay"]),
        ("d = w * 0.1\n  x = sin(d)", []),
        ("d = g + 1e-8\n  x = w / d", ["eps"]),
        ("d = g + 1e-8\n  d = sqrt(d)\n  x = w / d", ["eps"]),
        ("x = g + 1e-8", []),
        ("r = lr * 0.001\n  x = g * r", ["lr_scale"]),
        ("y = clip(g, lr)\n  r = lr * 0.001\n  x = y * r", []),
    ],
)
def test_roles(body, found):
    assert roles(body) == found
