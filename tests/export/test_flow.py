import pytest

from lionsearch.export.flow import REDUCTIONS, Constant, build_flow
from lionsearch.lang import Kind, parse


def _operations(text: str) -> list[str | None]:
    flow = build_flow(parse(text))
    return [flow.values[index].operation for index in flow.needed()]


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
    flow = build_flow(parse("def train(w, g, lr, *, lr_scale=0.5):\n  lr = lr * lr_scale\n  return g * lr\n"))
    assert [flow.values[index].operation for index in flow.needed()] == ["multiply"]
    assert not flow.reads("lr_scale")
    assert flow.reads("lr")
    assert not flow.reads("w")


def test_a_slot_may_end_as_a_constant_or_as_an_input():
    text = "def train(w, g, d: scalar, old, lr):\n  u = g * d - old\n  d = 2\n  old = w\n  return u, d, old\n"
    flow = build_flow(parse(text))
    assert flow.slots == (Constant(2.0), flow.initial["w"])


def test_a_hyperparameter_may_differ_from_tensor_to_tensor():
    program = parse("def train(w, g, lr, *, weight_decay=0.1): return (g + w * weight_decay) * (lr * weight_decay)")
    kinds = [value.kind for value in build_flow(program, ("weight_decay",)).values if value.operation == "multiply"]
    assert kinds == [Kind.TENSOR, Kind.PER_TENSOR, Kind.TENSOR]


def test_reductions_are_all_that_make_a_number_of_a_tree():
    from lionsearch.lang import OPERATIONS

    found = {name for name, row in OPERATIONS.items() if row.over_tree is not None and row.result is Kind.SCALAR}
    assert found == {*REDUCTIONS, "cosine_sim"}
