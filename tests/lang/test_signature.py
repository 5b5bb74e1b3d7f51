"""What the parameters of `train` declare; what they must not is among the errors of `test_parsing`."""

from lionsearch.lang import Kind, Program, parse
from lionsearch.lang.signature import read_signature
from lionsearch.lang.source import Source


def body(*lines: str, parameters: str) -> str:
    return f"def train({parameters}):\n" + "".join(f"    {line}\n" for line in lines)


def test_kinds_of_slots():
    parameters = "w, g, a: row, b, c: column, d: tensor, e: left, f: right, i: scalar, j: per_tensor, lr, t, *, k=1"
    program = parse(f"def train({parameters}): return g, a, b, c, d, e, f, i, j")
    assert program.slots == tuple("abcdefij")
    assert program.slot_kinds == (
        *(Kind.ROW, Kind.TENSOR, Kind.COLUMN, Kind.TENSOR, Kind.LEFT, Kind.RIGHT, Kind.SCALAR, Kind.PER_TENSOR),
    )
    assert program.state == tuple(zip(program.slots, program.slot_kinds, strict=True))
    assert (program.optional_inputs, program.hyperparameters) == (("t",), (("k", 1.0),))


def test_a_slot_without_a_kind_is_a_tensor():
    one, two = (parse(body("return g, m", parameters=f"w, g, {slot}, lr")) for slot in ("m", "m: tensor"))
    assert one == two == Program((), "g", ("m",))
    assert one.slot_kinds == ()
    assert one.state == (("m", Kind.TENSOR),)


def test_names_of_kinds_are_no_reserved_words():
    program = parse(body("row = g", "left = row", "return left, scalar", parameters="w, g, scalar: scalar, lr"))
    assert [(s.target, s.operation, *s.arguments) for s in program.statements] == [
        ("row", "copy", "g"),
        ("left", "copy", "row"),
    ]


def test_names_are_what_a_body_may_read():
    source = Source("def train(w, g, m, v: row, lr, t, *, b=0.5): return g", "mine.py")
    function, _ = source.function()
    found = read_signature(function, source)
    assert found.slots == ("m", "v")
    assert found.names == {"w", "g", "lr", "t", "m", "v", "b"}
