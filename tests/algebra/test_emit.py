import pytest

from lionsearch.algebra.emit import Emitter, TooManyError
from lionsearch.algebra.program_values import normalize
from lionsearch.graph import Graph, to_program
from lionsearch.lang import parse


def emitted(expression: str, budget: int = 20) -> list[str]:
    """The operations that compute an expression from scratch."""
    program = parse(f"def train(w, g, m, lr): return {expression}, m")
    values = normalize(program)
    emitter = Emitter(values.algebra, (), (), budget, "x", program.slots)
    reference = emitter.emit(values.update)
    made = to_program(Graph(tuple(emitter.nodes), reference, ("m",), program))
    return [statement.operation for statement in made.statements]


@pytest.mark.parametrize(
    ("expression", "operations"),
    [
        ("g * 0.1 + m * 0.9", ["interp"]),
        ("(g * 0.1 + m * 0.9) * 3", ["interp", "multiply"]),
        ("g / sqrt(g * g)", ["sign"]),
        ("sqrt(g) * sqrt(w)", ["multiply", "sqrt"]),
        ("g - 0.5 * w", ["multiply", "subtract"]),
        ("1 / square(g)", ["square", "divide"]),
        ("0.3 / g", ["divide"]),
        ("lr * w * 0.1 + lr * sign(g)", ["multiply", "sign", "add", "multiply"]),
        ("square(square(g))", ["square", "square"]),
        ("abs(g) * g", ["square", "sign", "multiply"]),
        ("square(g) * cube(g)", ["power"]),
        ("cbrt(square(g))", ["cbrt", "square"]),
    ],
)
def test_fewest_statements(expression, operations):
    assert sorted(emitted(expression)) == sorted(operations)


def test_no_more_than_the_budget():
    with pytest.raises(TooManyError):
        emitted("sin(g) * cos(w)", budget=2)


def test_what_is_computed_already_is_used():
    program = parse("def train(w, g, lr):\n  a = sin(g) * w\n  return a * lr * 3")
    values = normalize(program)
    emitter = Emitter(values.algebra, (), [(values.statements[1], "a")], 5, "x", ())
    emitter.emit(values.update)
    assert [node.operation for node in emitter.nodes] == ["multiply", "multiply"]
