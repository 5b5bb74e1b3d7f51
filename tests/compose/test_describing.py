from dataclasses import replace

from lionsearch.catalog import load_program
from lionsearch.compose import TRANSFORMS
from lionsearch.compose.describing import describe_transformed, entitle
from lionsearch.lang import parse
from lionsearch.lang.summary import summarize

BARE = parse("def train(w, g, lr): return g * lr")
SLOW = replace(BARE, description="Slow.\n\n    w <- w - lr g\n\nNotes.\n\nSource: A 2001.\nGroup: gradient\n")


def test_a_description_has_the_order_of_a_shipped_one():
    assert load_program("clip_norm(cautious(sgd))").description == (
        "clip_norm(cautious(sgd))\n\n    w <- w - lr (g + weight_decay w)\n\n"
        "clip_norm: g scaled to a global norm of at most limit.\n"
        "cautious: only where update and gradient agree in sign, scaled up by the share that agrees.\n"
        "Stochastic gradient descent with decoupled weight decay (0 by default).\n\n"
        "Source: Robbins & Monro 1951 (Ann. Math. Statist. 22).\nGroup: gradient"
    )


def test_notes_come_after_one_empty_line():
    found = summarize(entitle("slow(x=1)", SLOW))
    assert (found.title, found.equations, found.notes) == ("slow(x=1)", ("w <- w - lr g",), "Slow.\n\nNotes.")
    assert (found.source, found.group) == ("A 2001.", "gradient")


def test_each_of_two_programs_has_its_name():
    text = describe_transformed(TRANSFORMS["matrices"], [("slow", SLOW), ("sgd", load_program("sgd"))])
    assert "\n    slow:\n      w <- w - lr g\n    sgd:\n      w <- w - lr (g + weight_decay w)\n" in text
    assert "\n\nslow: Slow.\n\nNotes.\n\nsgd: Stochastic gradient descent" in text
    assert text.endswith("\nSource: slow: A 2001; sgd: Robbins & Monro 1951 (Ann. Math. Statist. 22).\nGroup: gradient")


def test_programs_that_say_nothing_leave_nothing():
    does = f"matrices: {TRANSFORMS['matrices'].description}."
    assert describe_transformed(TRANSFORMS["matrices"], [("a", BARE), ("b", BARE)]) == does
    assert entitle("b(x=1)", BARE).description == "b(x=1)"
