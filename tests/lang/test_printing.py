import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import programs

from lionsearch.lang import OPERATIONS, Kind, Program, Statement, format_program, format_statement, parse
from lionsearch.lang.kinds import SLOT_KINDS


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


def test_canonical_form_of_kinds_comparisons_and_modulo():
    program = Program(
        statements=(
            Statement("v1", "less", ("g", -1.0)),
            Statement("v2", "not_equal", ("v1", "r")),
            Statement("v3", "mod", (-2.0, "t")),
            Statement("m", "where", ("v2", "m", 0.0)),
            Statement("v4", "clamp", ("v3", -1.0, 1.0)),
        ),
        update="m",
        slots=("m", "r", "d"),
        slot_kinds=(Kind.TENSOR, Kind.COLUMN, Kind.SCALAR),
        optional_inputs=("t",),
        hyperparameters=(("rho", 0.1),),
    )
    text = (
        "def train(w, g, m, r: column, d: scalar, lr, t, *, rho=0.1):\n"
        "    v1 = g < -1.0\n"
        "    v2 = v1 != r\n"
        "    v3 = -2.0 % t\n"
        "    m = where(v2, m, 0.0)\n"
        "    v4 = clamp(v3, -1.0, 1.0)\n"
        "    return m, m, r, d\n"
    )
    assert format_program(program) == text
    assert parse(text) == program


@pytest.mark.parametrize("name", SLOT_KINDS)
def test_every_kind_of_slot_survives_printing(name):
    program = Program((), "g", ("m", "v"), (SLOT_KINDS[name], Kind.ROW))
    text = format_program(program)
    assert text.startswith(
        "def train(w, g, m, v: row, lr):" if name == "tensor" else f"def train(w, g, m: {name}, v: row"
    )
    assert parse(text) == program


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
    operations = [name for name, row in OPERATIONS.items() if row.symbol is not None]
    for statement in (*(Statement("x", name, (value, "g")) for name in operations), Statement("x", "copy", (value,))):
        program = Program((statement,), "x", hyperparameters=(("b1", value),))
        again = parse(format_program(program))
        assert again == program
        constants = [a for s in again.statements for a in s.arguments if isinstance(a, float)]
        assert [constant.hex() for constant in (*constants, again.hyperparameters[0][1])] == [value.hex()] * 2


@given(programs() | programs(everything=True))
def test_printing_is_canonical(program):
    text = format_program(program)
    assert parse(text) == program
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
        (Statement("x", "less", (-2.0, "g")), "x = -2.0 < g"),
        (Statement("x", "less_equal", ("g", "w")), "x = g <= w"),
        (Statement("x", "greater", ("g", -0.0)), "x = g > -0.0"),
        (Statement("x", "greater_equal", ("g", "g")), "x = g >= g"),
        (Statement("x", "equal", (1.0, 2.0)), "x = 1.0 == 2.0"),
        (Statement("x", "not_equal", ("lr", "g")), "x = lr != g"),
        (Statement("x", "mod", (-2.0, -3.0)), "x = -2.0 % -3.0"),
        (Statement("x", "where", ("g", 1.0, "w")), "x = where(g, 1.0, w)"),
        (Statement("x", "matmul", ("g", "w")), "x = matmul(g, w)"),
    ],
)
def test_statements(statement, text):
    assert format_statement(statement) == text
    assert parse(f"def train(w, g, lr):\n  {text}\n  return g").statements == (statement,)
