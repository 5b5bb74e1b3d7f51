import pytest

from lionsearch.catalog import load_program
from lionsearch.graph.lowering import lower
from lionsearch.lang import Kind, parse


def _operations(text: str) -> list[str]:
    return [node.operation for node in lower(parse(text)).nodes]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x = g\n  y = x\n  return y * lr", ["multiply"]),  # copies are resolved
        ("x = g * 2\n  y = sin(x)\n  return x", ["multiply"]),  # dead code is gone
        ("return g * (sqrt(4) * lr)", ["multiply", "multiply"]),  # constants are folded
        ("return g * 1 / 1", []),
        ("return g * lr + g * lr", ["multiply", "add"]),  # computed once
        ("return where(1, g, sin(g))", []),
        ("return g * cosine_sim(g, w)", ["global_norm", "global_norm", "multiply", "dot", "divide", "multiply"]),
        ("return clip(g, 2)", ["global_norm", "less_equal", "divide", "where", "multiply"]),
    ],
)
def test_what_is_left_of_a_program(body, expected):
    assert _operations(f"def train(w, g, lr):\n  {body}\n") == expected


def test_lr_scale_is_one():
    lowered = lower(parse("def train(w, g, lr, *, lr_scale=0.5):\n  lr = lr * lr_scale\n  return g * lr\n"))
    assert [node.operation for node in lowered.nodes] == ["multiply"]
    assert [name for name in ("w", "g", "lr", "lr_scale") if lowered.reads(name)] == ["g", "lr"]


@pytest.mark.parametrize(
    ("body", "scaled"),
    [
        ("return g * (lr_scale * lr)", True),
        ("x = lr\n  return g * (x * lr_scale) + w * (lr * lr_scale)", True),
        ("return g * lr * lr_scale", True),
        ("rate = lr * minimum(t / 10, 1)\n  return g * (rate * lr_scale)", True),  # a schedule
        ("unread = sin(lr)\n  return g * (lr * lr_scale)", True),
        ("return clip(g, lr) * (lr * lr_scale)", False),
        ("return g * lr + w * (lr * lr_scale)", False),
        ("return g * (lr * lr * lr_scale)", False),
        ("return g * (lr / lr_scale)", False),
        ("return (g + w * lr_scale) * (lr * lr_scale)", False),
        ("return g * lr_scale", False),
        ("return (g + lr) * lr_scale", False),
        ("return g * lr", False),
    ],
)
def test_lr_scale_is_the_learning_rates_where_nothing_else_reads_the_two(body, scaled):
    text = f"def train(w, g, lr, t, *, lr_scale=0.5):\n  {body}\n"
    assert lower(parse(text)).scale == (0.5 if scaled else None)


@pytest.mark.parametrize("end", ["s = lr", "s = lr_scale", "s = lr * 2"])
def test_lr_scale_stays_where_a_slot_keeps_it_or_the_learning_rate(end):
    text = f"def train(w, g, s: scalar, lr, *, lr_scale=0.5):\n  u = g * (s + lr * lr_scale)\n  {end}\n  return u, s\n"
    assert lower(parse(text)).scale is None


def test_a_slot_may_end_as_a_constant_or_as_an_input():
    text = "def train(w, g, d: scalar, old, lr):\n  u = g * d - old\n  d = 2\n  old = w\n  return u, d, old\n"
    assert lower(parse(text)).graph.slots == (2.0, "w")


def test_a_hyperparameter_may_differ_from_tensor_to_tensor():
    program = parse("def train(w, g, lr, *, weight_decay=0.1): return (g + w * weight_decay) * (lr * weight_decay)")
    lowered = lower(program, ("weight_decay",))
    assert [kind for node, kind in zip(lowered.nodes, lowered.kinds, strict=True) if node.operation == "multiply"] == [
        Kind.TENSOR,
        Kind.PER_TENSOR,
        Kind.TENSOR,
    ]


@pytest.mark.parametrize("constant", ["0.0", "-0.0"])
def test_constants_of_other_sign_are_not_one(constant):
    text = f"def train(w, g, lr):\n  x = g * 0.0\n  y = g * {constant}\n  return arctan2(x, w) + arctan2(y, w)\n"
    assert len([node for node in lower(parse(text)).nodes if node.operation == "multiply"]) == 1 + (constant[0] == "-")


def test_a_node_is_not_taken_for_the_number_of_its_index():
    text = "def train(w, g, lr):\n  x = sin(g)\n  y = cos(g)\n  return x * y\n"  # y is node 1
    assert _operations(text) == ["sin", "cos", "multiply"]


def test_the_rate_of_a_part_is_relative_to_the_learning_rate_that_acts():
    program = load_program("matrices(muon, adamw)")
    assert {name: value for name, value in program.hyperparameters if "lr_scale" in name} == {
        "lr_scale": 0.02,
        "adamw_lr_scale": 0.001,
    }
    found = lower(program)
    assert found.scale == 0.02
    assert found.hyperparameters["adamw_lr_scale"] == pytest.approx(0.05)
    assert "lr_scale" not in found.hyperparameters
