import random
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import programs, random_program

from lionsearch.errors import Location, ProgramError
from lionsearch.lang import OPERATIONS, Program, Statement, format_program, parse, parse_with_locations

KNOWN_PROGRAMS = sorted((Path(__file__).parents[2] / "programs").glob("*.py"))


def body(*lines: str, parameters: str = "w, g, m, lr") -> str:
    return f"def train({parameters}):\n" + "".join(f"    {line}\n" for line in lines)


def statements(*lines: str, parameters: str = "w, g, m, lr") -> list[tuple]:
    program = parse(body(*lines, parameters=parameters))
    return [(s.target, s.operation, *s.arguments) for s in program.statements]


# What is in the language


def test_a_whole_program():
    text = '"""Lion.\n\nSource: the paper.\n"""\n' + body(
        "update = sign(interp(g, m, b1))",
        "m = interp(g, m, 0.99)",
        "return update * lr, m",
        parameters="w, g, m, lr, t, *, b1=0.9, decay=-1",
    )
    assert parse(text) == Program(
        statements=(
            Statement("v1", "interp", ("g", "m", "b1")),
            Statement("update", "sign", ("v1",)),
            Statement("m", "interp", ("g", "m", 0.99)),
            Statement("v2", "multiply", ("update", "lr")),
        ),
        update="v2",
        slots=("m",),
        optional_inputs=("t",),
        hyperparameters=(("b1", 0.9), ("decay", -1.0)),
        description="Lion.\n\nSource: the paper.\n",
    )


def test_nested_expressions_become_statements_in_order_of_evaluation():
    assert statements("x = (g + w) * sqrt(m - 1) / -lr", "return x, m") == [
        ("v1", "add", "g", "w"),
        ("v2", "subtract", "m", 1.0),
        ("v3", "sqrt", "v2"),
        ("v4", "multiply", "v1", "v3"),
        ("v5", "negative", "lr"),
        ("x", "divide", "v4", "v5"),
    ]


def test_temporaries_avoid_every_name_of_the_text():
    assert statements("v1 = g * 1", "x = sin(cos(g))", "v3 = x", "return v1 * sqrt(v3), m") == [
        ("v1", "multiply", "g", 1.0),
        ("v2", "cos", "g"),
        ("x", "sin", "v2"),
        ("v3", "copy", "x"),
        ("v4", "sqrt", "v3"),
        ("v5", "multiply", "v1", "v4"),
    ]
    assert parse(body("return sin(cos(g)), v1", parameters="w, g, v1, lr")).update == "v3"
    assert parse(body("return sin(g)", parameters="w, g, lr, *, v1=1")).update == "v2"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m", ("x", "copy", "m")),
        ("(m)", ("x", "copy", "m")),
        ("+m", ("x", "copy", "m")),
        ("copy(m)", ("x", "copy", "m")),
        ("2", ("x", "copy", 2.0)),
        ("-2", ("x", "copy", -2.0)),
        ("+2", ("x", "copy", 2.0)),
        ("1_000", ("x", "copy", 1000.0)),
        ("0x10", ("x", "copy", 16.0)),
        ("1e-8", ("x", "copy", 1e-8)),
        ("-m", ("x", "negative", "m")),
        ("m ** 2", ("x", "power", "m", 2.0)),
        ("m ** -2", ("x", "power", "m", -2.0)),
        ("(-2) ** m", ("x", "power", -2.0, "m")),
        ("interpolate(g, m, 0.9)", ("x", "interp", "g", "m", 0.9)),
        ("max(g, 0)", ("x", "maximum", "g", 0.0)),
        ("min(g, 0)", ("x", "minimum", "g", 0.0)),
        ("clip_by_global_norm(g, 1)", ("x", "clip", "g", 1.0)),
        ("get_pi()", ("x", "get_pi")),
        ("m < g", ("x", "less", "m", "g")),
        ("m <= 1", ("x", "less_equal", "m", 1.0)),
        ("-1 > m", ("x", "greater", -1.0, "m")),
        ("(m >= g)", ("x", "greater_equal", "m", "g")),
        ("m == 0", ("x", "equal", "m", 0.0)),
        ("m != g", ("x", "not_equal", "m", "g")),
        ("m % 2", ("x", "mod", "m", 2.0)),
        ("-2 % m", ("x", "mod", -2.0, "m")),
        ("where(m, g, 0)", ("x", "where", "m", "g", 0.0)),
    ],
)
def test_expressions_of_one_operation(expression, expected):
    assert statements(f"x = {expression}", "return x, m") == [expected]


def test_python_binds_a_minus_weaker_than_a_power():
    assert statements("x = -2 ** m", "return x, m") == [("v1", "power", 2.0, "m"), ("x", "negative", "v1")]


def test_comparisons_bind_weaker_than_arithmetic_and_are_numbers():
    assert statements("x = g * m % 2 <= w + 1", "return (x == 1) * 2, m") == [
        ("v1", "multiply", "g", "m"),
        ("v2", "mod", "v1", 2.0),
        ("v3", "add", "w", 1.0),
        ("x", "less_equal", "v2", "v3"),
        ("v4", "equal", "x", 1.0),
        ("v5", "multiply", "v4", 2.0),
    ]


@pytest.mark.parametrize(
    ("symbol", "operation"),
    [("+", "add"), ("-", "subtract"), ("*", "multiply"), ("/", "divide"), ("**", "power"), ("%", "mod")],
)
def test_augmented_assignment_is_an_operation_on_its_target(symbol, operation):
    assert statements(f"g {symbol}= w * 2", "return g, m") == [
        ("v1", "multiply", "w", 2.0),
        ("g", operation, "g", "v1"),
    ]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_and_alias_can_be_called(name):
    for spelling in (name, *OPERATIONS[name].aliases):
        call = f"{spelling}({', '.join(['g'] * OPERATIONS[name].arity)})"
        assert statements(f"x = {call}", "return g, m") == [("x", name, *["g"] * OPERATIONS[name].arity)]


def test_the_update_may_be_a_variable_an_expression_or_a_number():
    assert parse(body("return g, m")) == Program((), "g", ("m",))
    assert parse(body("return (g), m")) == Program((), "g", ("m",))
    assert parse(body("return (g, m)")) == Program((), "g", ("m",))
    assert parse(body("return -1, m")) == Program((Statement("v1", "copy", (-1.0,)),), "v1", ("m",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return g, m * 2, v", [("m", "multiply", "m", 2.0)]),
        ("return m, interp(g, m, 0.9), v", [("v1", "copy", "m"), ("m", "interp", "g", "m", 0.9)]),
        (
            "return g * m, v, m",
            [("v1", "multiply", "g", "m"), ("v2", "copy", "v"), ("v", "copy", "m"), ("m", "copy", "v2")],
        ),
        ("return g, 0, g", [("m", "copy", 0.0), ("v", "copy", "g")]),
        ("return g, m + v, v - 1", [("m", "add", "m", "v"), ("v", "subtract", "v", 1.0)]),
        (
            "return g, m + v, m - v",
            [("v1", "add", "m", "v"), ("v", "subtract", "m", "v"), ("m", "copy", "v1")],
        ),
    ],
)
def test_slots_may_be_returned_as_any_values(line, expected):
    """All are computed from what the slots were before."""
    assert statements(line, parameters="w, g, m, v, lr") == expected


def test_lion_in_one_line():
    text = "return (sign(interp(g, m, b1)) + w * wd) * lr, interp(g, m, b2)"
    program = parse(body(text, parameters="w, g, m, lr, *, b1=0.9, b2=0.99, wd=0.1"))
    assert program.statements[-1] == Statement("m", "interp", ("g", "m", "b2"))
    assert parse(format_program(program)) == program


def test_line_ends_tabs_comments_and_semicolons_are_pythons():
    plain = parse(body("x = g * lr", "return x, m"))
    for text in (
        body("x = g * lr", "return x, m").replace("\n", "\r\n"),
        body("x = g * lr", "return x, m").replace("\n", "\r"),
        "def train(w, g, m, lr):\n\tx\t=\tg * lr\n\treturn x, m",
        "# first\n\n\ndef train(\n    w, g, m,  # slot\n    lr,\n): x = g * lr; return x, m  # end",
    ):
        assert parse(text) == plain


def test_statements_know_their_place():
    parsed = parse_with_locations(body("x = sin(g) + 1", "m -= x", "return x * lr, m"), "mine.py")
    assert parsed.filename == "mine.py"
    assert parsed.locations == (Location(2, 9), Location(2, 9), Location(3, 5), Location(4, 12))
    assert parsed.return_location == Location(4, 5)


@pytest.mark.parametrize("path", KNOWN_PROGRAMS, ids=lambda path: path.stem)
def test_known_programs_parse_and_survive_printing(path):
    program = parse(path.read_text(), path.name)
    assert parse(format_program(program)) == program
    assert program.description.strip()


# What is not

ERRORS = {
    "syntax": ("def train(w, g, lr)\n  return g", 1, 20, "not Python syntax: expected ':'"),
    "unclosed": ("def train(w, g, lr):\n  return sin(g", 2, 13, "not Python syntax: '(' was never closed"),
    "byte order mark": ("\ufeff" + body("return g, m"), 1, 1, "not Python syntax"),
    "unindented": ("def train(w, g, lr):\nreturn g", 2, 1, "not Python syntax: expected an indented block"),
    "empty": ("", None, None, "there is no function 'train'; expected def train(w, g, <slots>, lr)"),
    "only a docstring": ('"""Nothing."""', None, None, "there is no function 'train'"),
    "only a comment": ("# nothing\n", None, None, "there is no function 'train'"),
    "null byte": ("def train(w, g, lr):\0 return g", 1, 21, "not Python syntax: a null byte"),
    "other function": ("def step(w, g, lr): return g", 1, 1, "function 'step' is not allowed here"),
    "helper": (body("return g, m") + "def f(x): return x", 3, 1, "function 'f' is not allowed here"),
    "import": ("import os\n" + body("return g, m"), 1, 1, "'import' is not allowed here"),
    "import from": ("from os import path\n" + body("return g, m"), 1, 1, "'import' is not allowed here"),
    "call at the top": (body("return g, m") + "train()", 3, 1, "an expression without a name is not allowed here"),
    "constant at the top": ("b1 = 0.9\n" + body("return g, m"), 1, 1, "'Assign' is not allowed here"),
    "class": ("class A: pass", 1, 1, "'class' is not allowed here"),
    "async": ("async def train(w, g, lr): return g", 1, 1, "'AsyncFunctionDef' is not allowed here"),
    "two functions": (body("return g, m") * 2, 3, 1, "a second 'train'; a file holds one"),
    "decorator": ("@jit\n" + body("return g, m"), 1, 2, "a decorator is not allowed"),
    "star": (body("return g", parameters="w, g, *slots, lr"), 1, 18, "'*slots' is not allowed"),
    "two stars": (body("return g", parameters="w, g, lr, **more"), 1, 23, "'**more' is not allowed"),
    "slash": (body("return g", parameters="w, g, /, lr"), 1, 11, "'/' is not allowed"),
    "positional default": (body("return g", parameters="w, g, lr=1"), 1, 20, "after '*': train(w, g, lr, *, b1=0.9)"),
    "annotation": (
        body("return g", parameters="w, g: float, lr"),
        1,
        17,
        "an annotation is not allowed; only slots have a declared kind",
    ),
    "kind of the weights": (body("return g", parameters="w: tensor, g, lr"), 1, 14, "only slots have a declared kind"),
    "kind of lr": (body("return g", parameters="w, g, lr: scalar"), 1, 21, "only slots have a declared kind"),
    "kind of an input": (body("return g", parameters="w, g, lr, t: scalar"), 1, 24, "only slots have a declared kind"),
    "kind of a hyperparameter": (
        body("return g", parameters="w, g, lr, *, b1: scalar=0.9"),
        1,
        28,
        "only slots have a declared kind",
    ),
    "misspelt kind": (
        body("return g, m", parameters="w, g, m: rows, lr"),
        1,
        20,
        "'rows' is not the kind of a slot; did you mean 'row'?",
    ),
    "unknown kind": (
        body("return g, m", parameters="w, g, m: float, lr"),
        1,
        20,
        "'float' is not the kind of a slot; expected one of: column, left, per_tensor, right, row, scalar, tensor",
    ),
    "transposed slot": (body("return g, m", parameters="w, g, m: transposed, lr"), 1, 20, "'transposed' is not the"),
    "kind in quotes": (body("return g, m", parameters="w, g, m: 'row', lr"), 1, 20, "this literal is not the kind of"),
    "kind with an index": (body("return g, m", parameters="w, g, m: row[2], lr"), 1, 20, "an index is not the kind of"),
    "kind of an input before lr": (
        body("return g, t", parameters="w, g, t: scalar, lr"),
        1,
        17,
        "'t' is an input, not",
    ),
    "result annotation": ("def train(w, g, lr) -> float: return g", 1, 24, "an annotation is not allowed"),
    "operation as slot": (body("return g, sin", parameters="w, g, sin, lr"), 1, 17, "'sin' is an operation"),
    "alias as slot": (body("return g, max", parameters="w, g, max, lr"), 1, 17, "'max' is an operation"),
    "operation as hyperparameter": (body("return g", parameters="w, g, lr, *, abs=1"), 1, 24, "'abs' is an operation"),
    "unicode slot": (body("return g, é", parameters="w, g, é, lr"), 1, 17, "'é': names are ASCII letters"),
    "repeated slot": (body("return g, m, m", parameters="w, g, m, m, lr"), 1, 20, "a second parameter 'm'"),
    "repeated input": (body("return g", parameters="w, g, lr, t, t"), 1, 24, "a second parameter 't'"),
    "repeated hyperparameter": (body("return g", parameters="w, g, lr, *, b=1, b=2"), 1, 29, "a second parameter 'b'"),
    "slot and hyperparameter": (body("return g, m", parameters="w, g, m, lr, *, m=1"), 1, 27, "a second parameter 'm'"),
    "no parameters": (body("return 1", parameters=""), 1, 1, "the parameters are (); expected def train(w, g,"),
    "no gradient": (body("return w", parameters="w, lr"), 1, 1, "the parameters are (w, lr); expected"),
    "no learning rate": (body("return g, m", parameters="w, g, m"), 1, 1, "the parameters are (w, g, m); expected"),
    "input before lr": (body("return g, t", parameters="w, g, t, lr"), 1, 17, "'t' is an input, not a slot"),
    "slot after lr": (body("return g, m", parameters="w, g, lr, m"), 1, 21, "slots go between 'g' and 'lr'"),
    "misspelt input": (body("return g", parameters="w, g, lr, los"), 1, 21, "did you mean 'loss'?"),
    "input as hyperparameter": (body("return g", parameters="w, g, lr, *, t=1"), 1, 24, "'t' is an input and cannot"),
    "no default": (body("return g", parameters="w, g, lr, *, b1"), 1, 24, "hyperparameter 'b1' needs a number"),
    "default text": (body("return g", parameters="w, g, lr, *, b1='a'"), 1, 27, "hyperparameter 'b1' needs a number"),
    "default bool": (body("return g", parameters="w, g, lr, *, b1=True"), 1, 27, "hyperparameter 'b1' needs a number"),
    "default call": (body("return g", parameters="w, g, lr, *, b1=f()"), 1, 27, "hyperparameter 'b1' needs a number"),
    "fraction of a step": (
        body("return g", parameters="w, g, lr, h, *, hessian_every=2.5"),
        1,
        41,
        "'hessian_every' is 2.5; expected a whole number of steps, 1 or more",
    ),
    "less than a step": (body("return g", parameters="w, g, lr, *, anchor_every=0"), 1, 37, "'anchor_every' is 0;"),
    "infinite default": (body("return g", parameters="w, g, lr, *, b1=-1e999"), 1, 27, "must be a finite number"),
    "no return": (body("x = g"), 2, 5, "the last line must return the update and the slots: 'return update, m'"),
    "pass": (body("pass"), 2, 5, "the last line must return"),
    "early return": (body("return g, m", "return g, m"), 2, 5, "'return' must be the last line: 'return update, m'"),
    "bare return": (body("return"), 2, 5, "in their order: 'return update, m'"),
    "bare return without slots": (body("return", parameters="w, g, lr"), 2, 5, "in their order: 'return update'"),
    "empty tuple": (body("return ()", parameters="w, g, lr"), 2, 5, "in their order: 'return update'"),
    "missing slot": (
        body("return g"),
        2,
        5,
        "the slots' next values must be returned after the update, in their order",
    ),
    "too many results": (body("return g, m, m"), 2, 5, "'return update, m'"),
    "slot as nothing": (body("return g, x"), 2, 15, "'x' is read before it is written"),
    "starred result": (body("return *g, m"), 2, 12, "'Starred' is not allowed in a program"),
    "if": (body("if g: m = g", "return g, m"), 2, 5, "'if' is not allowed; a statement is 'name = operation(...)'"),
    "for": (body("for x in g: m = x", "return g, m"), 2, 5, "'for' is not allowed"),
    "while": (body("while g: m = g", "return g, m"), 2, 5, "'while' is not allowed"),
    "with": (body("with g: m = g", "return g, m"), 2, 5, "'with' is not allowed"),
    "import inside": (body("import os", "return g, m"), 2, 5, "'import' is not allowed"),
    "function inside": (body("def f(): pass", "return g, m"), 2, 5, "'FunctionDef' is not allowed"),
    "docstring inside": (body("'text'", "return g, m"), 2, 5, "an expression without a name is not allowed"),
    "call without a name": (body("sin(g)", "return g, m"), 2, 5, "an expression without a name is not allowed"),
    "annotated": (body("x: float = g", "return g, m"), 2, 5, "an annotation is not allowed"),
    "delete": (body("del g", "return g, m"), 2, 5, "'Delete' is not allowed"),
    "two targets": (body("x = y = g", "return g, m"), 2, 5, "assign to one name at a time"),
    "unpacking": (body("x, y = g, m", "return g, m"), 2, 5, "assign to one name at a time"),
    "assigned element": (body("g[0] = 1", "return g, m"), 2, 5, "assign to one name at a time"),
    "augmented element": (body("g[0] += 1", "return g, m"), 2, 5, "'AugAssign' is not allowed"),
    "assigned operation": (body("sqrt = g", "return g, m"), 2, 5, "'sqrt' is an operation and cannot be a variable"),
    "unicode target": (body("β = g", "return g, m"), 2, 5, "'β': names are ASCII letters"),
    "unwritten": (body("x = g * grad", "return x, m"), 2, 13, "'grad' is read before it is written; expected one of"),
    "misspelt variable": (body("update = g", "return updat, m"), 3, 12, "did you mean 'update'?"),
    "unwritten augmented": (body("x += g", "return x, m"), 2, 5, "'x' is read before it is written"),
    "read in its own definition": (body("x = x + g", "return x, m"), 2, 9, "'x' is read before it is written"),
    "after other letters": (body("x = g; y = ü", "return x, m"), 2, 16, "'ü' is read before it is written"),
    "unknown operation": (
        body("x = squre(g)", "return x, m"),
        2,
        9,
        "unknown operation 'squre'; did you mean 'square'?",
    ),
    "variable called": (body("x = m(g)", "return x, m"), 2, 9, "unknown operation 'm'"),
    "method": (body("x = g.sum()", "return x, m"), 2, 9, "call an operation by its plain name"),
    "called call": (body("x = sin(g)(m)", "return x, m"), 2, 9, "call an operation by its plain name"),
    "keyword": (body("x = sin(x=g)", "return x, m"), 2, 9, "sin takes no keyword arguments"),
    "too few": (body("x = interp(g, m)", "return x, m"), 2, 9, "interp takes 3 arguments, not 2"),
    "too many": (body("x = sin(g, m)", "return x, m"), 2, 9, "sin takes 1 argument, not 2"),
    "none wanted": (body("x = get_pi(g)", "return x, m"), 2, 9, "get_pi takes 0 arguments, not 1"),
    "starred argument": (body("x = sin(*g)", "return x, m"), 2, 13, "'Starred' is not allowed"),
    "matrix product": (
        body("x = g @ m", "return x, m"),
        2,
        9,
        "operator MatMult is not allowed; expected one of ** + - * / < <= > >= == != %",
    ),
    "floor division": (body("x = g // m", "return x, m"), 2, 9, "operator FloorDiv is not allowed; expected one of"),
    "augmented floor division": (body("g //= m", "return g, m"), 2, 5, "operator FloorDiv is not allowed"),
    "not": (body("x = ~g", "return x, m"), 2, 9, "'UnaryOp' is not allowed in a program"),
    "chain of comparisons": (
        body("x = 0 < g <= 1", "return x, m"),
        2,
        9,
        "a chain of comparisons is not allowed; multiply two of them instead",
    ),
    "chain in a chain": (body("x = (0 < g) < w < 1", "return x, m"), 2, 9, "a chain of comparisons is not allowed"),
    "in": (body("x = g in m", "return x, m"), 2, 9, "operator In is not allowed; expected one of ** + - * / < <="),
    "is": (body("x = g is not m", "return x, m"), 2, 9, "operator IsNot is not allowed; expected one of"),
    "not with a word": (body("x = not g", "return x, m"), 2, 9, "'UnaryOp' is not allowed in a program"),
    "and": (body("x = g and m", "return x, m"), 2, 9, "'and' / 'or' is not allowed"),
    "and of comparisons": (body("x = g > 0 and g < 1", "return x, m"), 2, 9, "'and' / 'or' is not allowed"),
    "comparison without a name": (body("g > 0", "return g, m"), 2, 5, "an expression without a name is not allowed"),
    "conditional": (body("x = g if m else w", "return x, m"), 2, 9, "'if' / 'else' is not allowed"),
    "lambda": (body("x = lambda: g", "return x, m"), 2, 9, "'lambda' is not allowed"),
    "attribute": (body("x = g.T", "return x, m"), 2, 9, "an attribute is not allowed"),
    "index": (body("x = g[0]", "return x, m"), 2, 9, "an index is not allowed"),
    "walrus": (body("x = (y := g)", "return x, m"), 2, 10, "'NamedExpr' is not allowed"),
    "text": (body("x = 'g'", "return x, m"), 2, 9, "this literal is not allowed"),
    "bool": (body("x = g * True", "return x, m"), 2, 13, "this literal is not allowed"),
    "complex": (body("x = g * 1j", "return x, m"), 2, 13, "this literal is not allowed"),
    "infinite": (body("x = g * 1e999", "return x, m"), 2, 13, "a constant must be a finite number"),
    "huge integer": (body("x = g * 1" + "0" * 400, "return x, m"), 2, 13, "a constant must be a finite number"),
    "after a line separator": ('"""a\u2028b"""\n' + body("x = é * q", "return x, m"), 3, 9, "'é' is read before it is"),
}


@pytest.mark.parametrize(("text", "line", "column", "message"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_and_where(text, line, column, message):
    with pytest.raises(ProgramError) as caught:
        parse(text, "mine.py")
    error = caught.value
    assert message in error.message
    assert error.location == (None if line is None else Location(line, column))
    assert (error.file, error.source) == ("mine.py", text)
    assert str(error).startswith("mine.py" + (": " if line is None else f":{line}:{column}: "))


def test_errors_quote_the_line_with_a_caret():
    with pytest.raises(ProgramError) as caught:
        parse(body("x = sqr(g)", "return x, m"), "mine.py")
    assert str(caught.value).splitlines() == [
        "mine.py:2:9: unknown operation 'sqr'; did you mean 'sqrt'?",
        "      x = sqr(g)",
        "          ^",
    ]


# Nothing is run, and nothing else is raised


@pytest.mark.parametrize(
    "template",
    [
        "{call}",
        "x = {call}\n",
        "@{call}\ndef train(w, g, lr): return g",
        "def train(w, g, lr={call}): return g",
        "def train(w, g, lr, *, b1={call}): return g",
        "def train(w: {call}, g, lr): return g",
        "def train(w, g, lr) -> {call}: return g",
        "def train(w, g, lr): return {call}",
        "def train(w, g, lr): return (x := {call})",
        "def train(w, g, lr):\n  {call}\n  return g",
        "def train(w, g, lr):\n  return sin({call})",
        "def train(w, g, lr):\n  return f'{{{call}}}'",
        "class train:\n  x = {call}",
    ],
)
def test_no_text_is_ever_executed(template, tmp_path):
    call = f"__import__('os').mkdir('{tmp_path / 'executed'}')"
    with pytest.raises(ProgramError):
        parse(template.format(call=call.replace("'", '"')))
    assert not list(tmp_path.iterdir())
    exec(call)  # the call works where something executes it
    assert list(tmp_path.iterdir())


DEPTHS = (150, 1_000, 2_000, 10_000)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("(", ")"), ("sin(", ")"), ("-", ""), ("g+", ""), ("g**", ""), ("(g+", ")"), ("[", "]"), ("not ", "")),
        *(("f.", ""), ("g<", ""), ("(g<", ")"), ("g%", "")),
    ],
)
def test_deep_nesting_is_a_program_or_a_program_error(before, after, depth):
    text = f"def train(w, g, lr): return {before * depth}g{after * depth}"
    try:
        assert len(parse(text).statements) in (0, depth)
    except ProgramError as error:
        assert error.message  # noqa: PT017 - either outcome is right


def test_a_thousand_parentheses_are_an_error():
    with pytest.raises(ProgramError, match="not Python syntax: too many nested parentheses"):
        parse("def train(w, g, lr): return " + "(" * 1_000 + "g" + ")" * 1_000)


def test_a_deep_expression_that_python_reads_is_an_error_too():
    with pytest.raises(ProgramError, match="nested too deeply; give names to its parts"):
        parse("def train(w, g, lr): return " + "g+" * 1_900 + "g")


def test_a_long_program_is_no_deep_one():
    assert len(parse(body(*["g = g + 1"] * 3000, "return g, m")).statements) == 3000


def parse_or_refuse(text: str) -> Program | None:
    try:
        return parse(text)
    except ProgramError as error:
        str(error)
        return None


@given(st.text())
def test_random_text_is_refused(text):
    assert parse_or_refuse(text) is None


SIGNS = [
    *"()[]{}:;,.*=+-/@%~'\"\\#\n\t\r\0 \x0c",
    "\n  ",
    "**",
    *("<", "<=", ">", "==", "!=", "//"),
    ":=",
    "->",
    "...",
    '"""',
    "é",
    "\u2028",
    "\ud800",
    "\ufeff",
]
ATOMS = [
    *"wgmvxt019",
    *("lr", "row", "scalar", "sin", "max", "interp", "1e999", "0b", "1_", "-1", "True", "None", "1j", "_", "__debug__"),
]
WORDS = "def train return lambda if else for in not and import class async yield await del global pass with try match"
PIECES = st.sampled_from([*SIGNS, *ATOMS, *(f"{word} " for word in WORDS.split()), "f'{g}'", "b'g'"])


SIGNATURES = ("m, lr{}", "m{}, lr", "m: {}, lr")
FRAMES = st.sampled_from(["{}", *(f"def train(w, g, {signature}): return g, m" for signature in SIGNATURES)])


@given(st.lists(PIECES, max_size=12), FRAMES)
def test_random_tokens_give_no_other_error(pieces, frame):
    parse_or_refuse(frame.format("".join(pieces)))


@given(st.lists(PIECES, max_size=8))
def test_random_expressions_give_no_other_error(pieces):
    program = parse_or_refuse(body("x = " + "".join(pieces), "return x, m"))
    assert program is None or parse(format_program(program)) == program


def mutate(rng: random.Random, text: str) -> str:
    start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    end = min(end, start + rng.choice((0, 1, 3, 10, 100)))
    other = rng.randint(0, len(text))
    piece = rng.choice(
        (
            "",
            rng.choice(string.printable),
            text[other : other + 5],
            rng.choice(list(OPERATIONS)),
            "lr",
            "(",
            ")",
            "\u2028",
            "\0",
        )
    )
    return text[:start] + piece + text[end:]


@pytest.mark.parametrize("seed", range(3))
def test_mutated_programs_are_programs_or_refused(seed):
    rng = random.Random(seed)
    texts = [path.read_text() for path in KNOWN_PROGRAMS]
    outcomes = {True: 0, False: 0}
    for _ in range(1500):
        random_text = format_program(random_program(rng, 8, description="What it is.", everything=rng.random() < 0.5))
        text = rng.choice([*texts, random_text])
        for _ in range(rng.randint(1, 3)):
            text = mutate(rng, text)
        program = parse_or_refuse(text)
        assert program is None or parse(format_program(program)) == program
        outcomes[program is not None] += 1
    assert min(outcomes.values()) > 50


@given(programs() | programs(everything=True))
def test_parse_reads_back_what_is_printed(program):
    assert parse(format_program(program)) == program
