from lionsearch.lang import parse
from lionsearch.simplification.steps import describe_change


def test_what_went_and_what_came_whatever_the_names():
    old = parse("def train(w, g, m, lr):\n  a = m * m\n  b = sqrt(a)\n  u = m / b\n  m = g + m\n  return u * lr, m")
    new = parse("def train(w, g, m, lr):\n  x = sign(m)\n  m = g + m\n  return x * lr, m")
    step = describe_change("algebra", old, new)
    assert step.change == "a = m * m; b = sqrt(a); u = m / b  ->  x = sign(m)"
    assert (step.statements, step.slots) == (3, 1)


def test_what_only_went():
    old = parse("def train(w, g, m, lr):\n  x = sin(g)\n  y = sin(g)\n  z = x + y\n  m = z\n  return z, m")
    new = parse("def train(w, g, lr):\n  x = sin(g)\n  z = x + x\n  return z")
    assert describe_change("dead code", old, new).change == "without y = sin(g); m = z without slot m"
