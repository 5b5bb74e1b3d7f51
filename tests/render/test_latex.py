import re

import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.graph.lowering import lower
from lionsearch.lang import parse
from lionsearch.render.latex import write_latex
from lionsearch.render.symbols import symbol_text


def _equations(name: str) -> list[str]:
    text = write_latex(lower(load_program(name)))
    return [line.removesuffix(r" \\") for line in text.splitlines() if " &= " in line]


def _update(body: str) -> str:
    program = parse(f"def train(w, g, m, lr, t, *, b1=0.9, eps=1e-8):\n  {body}\n")
    text = write_latex(lower(program))
    return next(line for line in text.splitlines() if line.startswith("w_{t} &= ")).removeprefix("w_{t} &= ")


_COMPOSITIONS = (
    *("lookahead(adamw, k=5)", "lookahead(prodigy, k=5)", "lookahead(schedule_free_adamw, k=5)"),
    *("lookahead(yogi)", "warmup(lookahead(lookahead(lion), k=3))", "matrices(muon, adamw_debiased)"),
)


def _defined(lines: list[str]) -> dict[str, str]:
    """Return the right sides by the left ones, no two of which are the same."""
    pairs = [line.split(" &= ", 1) for line in lines]
    assert len({left for left, _ in pairs}) == len(pairs)
    return {left: right for left, right in pairs}


def _holds(text: str, symbol: str) -> bool:
    return re.search(rf"(?<![\w{{]){re.escape(symbol)}(?!')", text) is not None


@pytest.mark.parametrize("name", [*PROGRAMS.names(), *_COMPOSITIONS])
def test_a_slot_is_read_at_t_minus_1_and_defined_once_at_t(name):
    lowered, lines = lower(load_program(name)), _equations(name)
    defined = _defined(lines)
    for slot, ref in zip(lowered.program.slots, lowered.graph.slots, strict=True):
        last, kept = symbol_text(slot, "t-1"), symbol_text(slot, "t")
        assert kept in defined
        assert last not in defined
        assert f"{kept}'" not in defined
        assert any(_holds(right, last) for right in defined.values()) == lowered.reads(slot)
        position = list(defined).index(kept)
        earlier = [i for i, left in enumerate(defined) if left.startswith(symbol_text(slot, "t", accent="tilde"))]
        assert all(i < position for i in earlier)
        assert not any(_holds(right, kept) for right in list(defined.values())[: position + 1])
        assert not isinstance(ref, float)


def test_what_lookahead_keeps_comes_back_in_the_next_step():
    defined = _defined(_equations("lookahead(adamw, k=5)"))
    slow, within = r"\mathrm{slow}_{t}", r"\tilde{\mathrm{slow}}_{t}"
    assert defined[within].startswith(r"\begin{cases} w_{t-1} & \text{for}\: t = 1 \\\mathrm{slow}_{t-1} & ")
    assert defined[slow].startswith(r"\begin{cases} \mathrm{mixed}_{t} & ")
    assert defined[slow].endswith(rf"\\{within} & \text{{otherwise}} \end{{cases}}")


def _slots_of(text: str) -> dict[str, str]:
    lines = write_latex(lower(parse(text))).splitlines()
    return _defined([line.removesuffix(r" \\") for line in lines if " &= " in line])


def test_each_further_value_within_a_step_has_a_mark_of_its_own():
    body = "m = m * g + w\n  m = m * sin(m) + g\n  m = m * sin(m) + w\n  return m * lr, m"
    assert list(_slots_of(f"def train(w, g, m, lr):\n  {body}\n")) == [
        *(r"\tilde{m}_{t}", r"\tilde{m}_{t}'", "m_{t}", "w_{t}"),
    ]


def test_weights_that_a_program_writes_over_are_not_the_next_ones():
    body = "w = w * g + m\n  m = m + g\n  return w * sin(w) * lr, m"
    assert list(_slots_of(f"def train(w, g, m, lr):\n  {body}\n")) == [r"\tilde{w}_{t}", "m_{t}", "w_{t}"]


def test_a_slot_that_keeps_another_ones_value_is_defined_too():
    body = "u = m * sin(m) * lr + n + p\n  m = m * g + g\n  n = m\n  p = -n\n  return u, m, n, p"
    found = _slots_of(f"def train(w, g, m, n, p, lr):\n  {body}\n")
    assert found["p_{t}"] == "- m_{t}"
    assert (found["m_{t}"], found["n_{t}"]) == ("g_{t} m_{t-1} + g_{t}", "m_{t}")


def test_slots_that_would_look_alike_keep_one_mark_from_step_to_step():
    found = _slots_of(
        "def train(w, g, s1, s_1, lr):\n  u = s1 + s_1 * lr\n  s1 = s1 + g\n  s_1 = s_1 * g\n  return u, s1, s_1"
    )
    assert found["s_{1,t}"] == "g_{t} + s_{1,t-1}"
    assert found["s_{1,t}'"] == "g_{t} s_{1,t-1}'"


@pytest.mark.parametrize("name", [*PROGRAMS.names(), "lookahead(adamw, k=5)"])
def test_every_program_has_balanced_equations_of_its_slots_and_weights(name):
    lowered = lower(load_program(name))
    text = write_latex(lowered, ("a comment",))
    assert text.startswith("% a comment\n")
    without = re.sub(r"\\[{}]", "", text)
    assert without.count("{") == without.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count(r"\begin") == text.count(r"\end")
    assert "zoo" not in text
    assert "nan" not in text
    assert len(_equations(name)) >= 1 + len(lowered.program.slots)


def test_lion_as_in_its_paper():
    assert _equations("lion") == [
        r"m_{t} &= \beta_{2} m_{t-1} + g_{t} \left(1 - \beta_{2}\right)",
        r"w_{t} &= w_{t-1} - \eta_{t} \left(\lambda w_{t-1} + \operatorname{sign}\left("
        r"\beta_{1} m_{t-1} + g_{t} \left(1 - \beta_{1}\right)\right)\right)",
    ]


def test_adamw_as_in_its_paper():
    *_, last = _equations("adamw_debiased")
    assert (
        r"\frac{m_{t}}{\left(1 - \beta_{1}^{t}\right) \left(\epsilon + \sqrt{\frac{v_{t}}{1 - \beta_{2}^{t}}}\right)}"
        in last
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return sqrt(g), m", r"w_{t-1} - \sqrt{\left|{g_{t}}\right|}"),
        ("return sqrt(square(g)), m", r"w_{t-1} - \sqrt{g_{t}^{2}}"),
        (
            "return where(t == 1, g, w), m",
            r"w_{t-1} - \begin{cases} g_{t} & \text{for}\: t = 1 \\w_{t-1} & \text{otherwise} \end{cases}",
        ),
        ("return g * (g > 0), m", r"w_{t-1} - g_{t} \left[g_{t} > 0\right]"),
        ("return w - g, m", "g_{t}"),
        ("return -g, m", "g_{t} + w_{t-1}"),
        ("return g + eps, m", r"w_{t-1} - \left(\epsilon + g_{t}\right)"),
        ("return arcsin(g), m", r"w_{t-1} - \arcsin{\left(g_{t} \right)}"),
        ("return g * norm(g), m", r"w_{t-1} - g_{t} \left\lVert g_{t} \right\rVert"),
        ("return g * dot(g, w), m", r"w_{t-1} - g_{t} \left\langle g_{t}, w_{t-1} \right\rangle"),
        (
            "return matmul(g, matmul(transpose(g + w), g)), m",
            r"w_{t-1} - g_{t}\left(g_{t} + w_{t-1}\right)^{\top}g_{t}",
        ),
        ("return g * (t % 5 == 0), m", r"w_{t-1} - g_{t} \left[\left(t \bmod 5\right) = 0\right]"),
        (
            "return (g + w) % (g - 1), m",
            r"w_{t-1} - \left(\left(g_{t} + w_{t-1}\right) \bmod \left(g_{t} - 1\right)\right)",
        ),
        ("return (2 * g) % (-w), m", r"w_{t-1} - \left(\left(2 g_{t}\right) \bmod \left(- w_{t-1}\right)\right)"),
        ("return matmul(matmul(g, transpose(-w)), g), m", r"w_{t-1} - g_{t}\left(- w_{t-1}\right)^{\top}g_{t}"),
        (
            "return matmul(transpose(matmul(g, transpose(w))), -g), m",
            r"w_{t-1} - \left(g_{t}w_{t-1}^{\top}\right)^{\top}\left(- g_{t}\right)",
        ),
        ("return abs(1 - b1**t) * g, m", r"w_{t-1} - g_{t} \left|{1 - \beta_{1}^{t}}\right|"),
        ("return sqrt(1 - b1**(t - 1)) * g, m", r"w_{t-1} - g_{t} \sqrt{1 - \beta_{1}^{t - 1}}"),
        ("return maximum(m - g * w, 0), m", r"w_{t-1} - \max\left(m_{t-1} - g_{t} w_{t-1}, 0\right)"),
        ("return g * 3e-7, m", r"w_{t-1} - 3.0 \cdot 10^{-7} g_{t}"),
    ],
)
def test_how_an_update_is_set(body, expected):
    assert _update(body) == expected


def test_a_value_that_is_used_twice_has_an_equation_and_a_letter_of_its_own():
    program = parse("def train(w, g, lr): return sin(g + w) * cos(g + w) * lr")
    text = write_latex(lower(program))
    lines = [line for line in text.splitlines() if "&=" in line]
    assert len(lines) == 1  # a single sum stays where it is
    program = parse("def train(w, g, lr): return sin(g + w * g) * cos(g + w * g) * lr")
    text = write_latex(lower(program))
    assert r"x_{t} &= g_{t} w_{t-1} + g_{t}" in text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = exp(1000)\n  return where(g > a, g, w) * a, m", r"g_{t} > \infty"),
        ("a = -exp(1000)\n  return maximum(g, a), m", r"\max\left(g_{t}, - \infty\right)"),
        ("a = exp(1000)\n  a = a - a\n  return minimum(g, a), m", r"\min\left(g_{t}, \mathrm{NaN}\right)"),
    ],
)
def test_a_constant_that_is_not_finite_is_said(body, expected):
    assert expected in _update(body)


def test_an_lr_scale_that_is_not_the_learning_rates_has_its_value_said():
    program = parse("def train(w, g, lr, *, lr_scale=0.5): return clip(g, lr) * (lr * lr_scale)")
    assert r"with $\mathrm{lr\_scale} = 0.5$." in write_latex(lower(program))


def test_hyperparameters_are_said():
    text = write_latex(lower(load_program("adamw_debiased")))
    values = [r"$\beta_{1} = 0.9$", r"$\beta_{2} = 0.999$", r"$\epsilon = 10^{-8}$", r"$\lambda = 0.01$"]
    assert f"with {', '.join(values)}, $\\eta_{{t}} = 0.001$ times the schedule." in text


def test_hyperparameters_with_one_letter_are_told_apart_in_their_values_too():
    program = parse(
        "def train(w, g, lr, *, weight_decay=0.5, lambda_=0.1): return (g + w * weight_decay) * (lr * lambda_)"
    )
    text = write_latex(lower(program))
    first, second = re.findall(r"\$([^$]*) = 0\.[51]\$", text)
    assert first != second
    assert all(symbol in text.split("with")[0] for symbol in (first, second))


@pytest.mark.parametrize(("weight", "rest"), [("0.973246", "0.026754"), ("0.9", "0.1"), ("0.123456789", "0.876543")])
def test_what_is_computed_of_a_constant_has_six_digits_too(weight, rest):
    text = write_latex(lower(parse(f"def train(w, g, v, lr):\n v = interp(g, v, {weight})\n return v * lr, v")))
    assert f"{rest} g_{{t}}" in text
