import re

import pytest

from lionsearch.catalog import PROGRAMS
from lionsearch.export.latex import write_latex
from lionsearch.export.preparation import prepare
from lionsearch.lang import parse
from lionsearch.targets import Provenance, load_target


def _equations(name: str) -> list[str]:
    text = write_latex(prepare(*load_target(name)), "command")
    return [line.removesuffix(r" \\") for line in text.splitlines() if " &= " in line]


def _update(body: str) -> str:
    program = parse(f"def train(w, g, m, lr, t, *, b1=0.9, eps=1e-8):\n  {body}\n")
    text = write_latex(prepare(program, Provenance("", "mine")), "command")
    return next(line for line in text.splitlines() if line.startswith("w_{t} &= ")).removeprefix("w_{t} &= ")


@pytest.mark.parametrize("name", [*PROGRAMS.names(), "lookahead(adamw, k=5)"])
def test_every_program_has_balanced_equations_of_its_slots_and_weights(name):
    prepared = prepare(*load_target(name))
    text = write_latex(prepared, "command")
    without = re.sub(r"\\[{}]", "", text)
    assert without.count("{") == without.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    assert text.count(r"\begin") == text.count(r"\end")
    assert "zoo" not in text
    assert "nan" not in text
    assert len(_equations(name)) >= 1 + len(prepared.program.slots)


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
        ("return g * 3e-7, m", r"w_{t-1} - 3.0 \cdot 10^{-7} g_{t}"),
    ],
)
def test_how_an_update_is_set(body, expected):
    assert _update(body) == expected


def test_a_value_that_is_used_twice_has_an_equation_and_a_letter_of_its_own():
    program = parse("def train(w, g, lr): return sin(g + w) * cos(g + w) * lr")
    text = write_latex(prepare(program, Provenance("", "mine")), "command")
    lines = [line for line in text.splitlines() if "&=" in line]
    assert len(lines) == 1  # a single sum stays where it is
    program = parse("def train(w, g, lr): return sin(g + w * g) * cos(g + w * g) * lr")
    text = write_latex(prepare(program, Provenance("", "mine")), "command")
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
    assert r"with $\mathrm{lr\_scale} = 0.5$." in write_latex(prepare(program, Provenance("", "mine")), "command")


def test_hyperparameters_and_provenance_are_said():
    text = write_latex(prepare(*load_target("adamw_debiased")), "lionsearch export adamw_debiased --to latex")
    assert text.startswith("% AdamW as in its paper, with bias correction and epsilon.\n")
    assert "% Written by: lionsearch export adamw_debiased --to latex\n" in text
    assert r"with $\beta_{1} = 0.9$, $\beta_{2} = 0.999$, $\epsilon = 10^{-8}$, $\lambda = 0.01$." in text
