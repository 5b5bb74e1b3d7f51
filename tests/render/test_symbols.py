import pytest
import sympy

from lionsearch.lang import OPERATIONS
from lionsearch.render.symbols import express, number, symbol_text


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_set(name):
    row = OPERATIONS[name]
    text = sympy.latex(express(row, sympy.symbols("x y z")[: row.arity]))
    assert all(letter in text for letter in "xyz"[: row.arity]) or name == "eye"


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("transpose", ("x + y",), r"\left(x + y\right)^{\top}"),
        ("transpose", ("x",), r"x^{\top}"),
        ("matmul", ("x + y", "z"), r"\left(x + y\right)z"),
        ("log2", ("x",), r"\log_2\left(\left|{x}\right|\right)"),
        ("less", ("x", "y"), r"\left[x < y\right]"),
        ("sign", ("x",), r"\operatorname{sign}\left(x\right)"),
    ],
)
def test_how_an_operation_is_set(name, arguments, text):
    assert sympy.latex(express(OPERATIONS[name], [sympy.sympify(argument) for argument in arguments])) == text


@pytest.mark.parametrize(
    ("name", "index", "text"),
    [
        ("w", "t-1", "w_{t-1}"),
        ("b2", "", r"\beta_{2}"),
        ("lr", "t", r"\eta_{t}"),
        ("v_hat", "t", r"\hat{v}_{t}"),
        ("weight_decay", "", r"\lambda"),
        ("s1", "t-1", "s_{1,t-1}"),
        ("rho", "", r"\rho"),
        ("lower_bound", "", r"\mathrm{lower\_bound}"),
        ("w0", "t", "w_{0,t}"),
        ("eps1", "", r"\epsilon_{1}"),
        ("adamw_debiased_b1", "", r"\beta_{\mathrm{adamw\_debiased},1}"),
        ("lion_weight_decay", "", r"\lambda_{\mathrm{lion}}"),
        ("adamw_m_hat", "t", r"\hat{m}_{\mathrm{adamw},t}"),
        ("g_last", "t-1", r"g_{\mathrm{last},t-1}"),
        ("mu_next", "t", r"\mu_{\mathrm{next},t}"),
        ("eps_root", "", r"\epsilon_{\mathrm{root}}"),
        ("lr_scale", "", r"\mathrm{lr\_scale}"),
        ("_m", "t", r"\mathrm{\_m}_{t}"),
    ],
)
def test_how_a_name_is_set(name, index, text):
    assert symbol_text(name, index) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (0.1234567, "0.123457"),
        (float("inf"), r"\infty"),
        (float("-inf"), r"-\infty"),
        (float("nan"), "NaN"),
    ],
)
def test_how_a_number_is_set(value, text):
    assert text in str(number(value)).replace(" ", "")


@pytest.mark.parametrize(
    ("name", "text"), [("v", r"\tilde{v}_{t}"), ("s1", r"\tilde{s}_{1,t}"), ("v_hat", r"\tilde{\hat{v}}_{t}")]
)
def test_a_further_accent(name, text):
    assert symbol_text(name, "t", accent="tilde") == text
