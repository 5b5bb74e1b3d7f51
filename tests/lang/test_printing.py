import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.lang import Program, Statement, format_program, format_statement, parse


def test_canonical_form():
    program = Program(
        statements=(
            Statement("v1", "interp", ("g", "m", "b1")),
            Statement("update", "sign", ("v1",)),
            Statement("x", "power", (-2.0, "t")),
            Statement("x", "subtract", ("x", -1e-08)),
            Statement("m", "copy", ("x",)),
            Statement("c", "get_pi", ()),
        ),
        update="update",
        slots=("m", "v"),
        optional_inputs=("t",),
        hyperparameters=(("b1", 0.9), ("b2", 1.0)),
        description="What it is.",
    )
    assert format_program(program) == (
        '"""What it is."""\n\n\n'
        "def train(w, g, m, v, lr, t, *, b1=0.9, b2=1.0):\n"
        "    v1 = interp(g, m, b1)\n"
        "    update = sign(v1)\n"
        "    x = (-2.0) ** t\n"
        "    x = x - -1e-08\n"
        "    m = x\n"
        "    c = get_pi()\n"
        "    return update, m, v\n"
    )


def test_a_program_without_anything():
    assert format_program(Program((), "g")) == "def train(w, g, lr):\n    return g\n"


AWKWARD = st.text(alphabet=st.sampled_from("\"\\'\n\r\t\0 a1nx{}%\x0c\u2028é\ud800")) | st.text()


@given(programs(max_length=4, descriptions=AWKWARD))
def test_round_trip_keeps_every_description(program):
    text = format_program(program)
    assert parse(text) == program
    assert parse(text).description == program.description
    assert text.encode().decode() == text


@given(st.integers(0, 6), st.integers(0, 3), st.integers(0, 6), st.booleans())
@example(quotes=3, slashes=0, more=0, final=False)
def test_round_trip_keeps_runs_of_quotes_and_backslashes(quotes, slashes, more, final):
    description = '"' * quotes + "\\" * slashes + '"' * more + ("." if final else "")
    assert parse(format_program(Program((), "g", description=description))).description == description


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_round_trip_keeps_every_constant_to_the_bit(value):
    for statement in (Statement("x", "power", (value, "g")), Statement("x", "copy", (value,))):
        program = Program((statement,), "x", hyperparameters=(("b1", value),))
        again = parse(format_program(program))
        assert again == program
        constants = [a for s in again.statements for a in s.arguments if isinstance(a, float)]
        assert [constant.hex() for constant in (*constants, again.hyperparameters[0][1])] == [value.hex()] * 2


@given(programs())
def test_printing_is_canonical(program):
    text = format_program(program)
    assert format_program(parse(text)) == text
    assert [line.strip() for line in text.splitlines()[1:-1]] == [format_statement(s) for s in program.statements]


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (Statement("x", "add", ("g", 1)), "x = g + 1.0"),
        (Statement("x", "power", ("g", -2.0)), "x = g ** -2.0"),
        (Statement("x", "power", (-0.0, "g")), "x = (-0.0) ** g"),
        (Statement("x", "copy", (-3.0,)), "x = -3.0"),
        (Statement("x", "negative", (3.0,)), "x = negative(3.0)"),
        (Statement("x", "maximum", ("g", "w")), "x = maximum(g, w)"),
    ],
)
def test_statements(statement, text):
    assert format_statement(statement) == text
    assert parse(f"def train(w, g, lr):\n  {text}\n  return g").statements == (statement,)
