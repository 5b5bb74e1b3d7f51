import pytest
from simplification.disguise import disguise

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.compose import compose
from lionsearch.graph import check_program
from lionsearch.identification.identity import identify, without_schedule
from lionsearch.lang import parse

QUICK = (
    "adagrad_norm",
    "adamax",
    "adamw",
    "cautious_lion",
    "fromage",
    "l2_sgd",
    "lars",
    "muon",
    "sgd",
    "svrg",
    "tiger",
)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROGRAMS.names()]
)
def test_every_known_program_is_named_in_disguise(name):
    found = identify(disguise(load_program(name), seed=len(name)))
    assert found is not None
    assert (found.name, found.transforms) == (name, ())


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ("muon_moonlight", {"rms": 0.2, "weight_decay": 0.1, "lr_scale": 0.001}),
        ("muon_moonlight(weight_decay=0.05)", {"rms": 0.2, "weight_decay": 0.05, "lr_scale": 0.001}),
        ("muon_moonlight(weight_decay=0.07)", {"rms": 0.2, "weight_decay": 0.07, "lr_scale": 0.001}),
        ("muon_moonlight(rms=0.3)", {"rms": 0.3, "weight_decay": 0.1, "lr_scale": 0.001}),
        ("muon_moonlight(lr_scale=0.004)", {"rms": 0.2, "weight_decay": 0.1, "lr_scale": 0.004}),
        ("optimistic_gradient_descent(beta=0.5)", {"alpha": 1.0, "beta": 0.5, "lr_scale": 0.1}),
    ],
)
def test_where_constants_count_only_in_products_they_are_the_usual_ones(text, constants):
    """The rate times `rms` and the rate times the decay are all that muon_moonlight's update reads of the three."""
    found = identify(compose(text, load_program))
    assert found is not None
    assert {name: dict(found.hyperparameters)[name] for name in constants} == pytest.approx(constants, rel=1e-5)


def test_the_papers_raw_program_without_clip_and_arcsin_is_lion():
    text = """def train(w, g, m, v, lr):
    m = interp(g, v, 0.8999999761581421)
    v = interp(g, m, 1.109133005142212)
    lr = lr * 0.0002171761734643951
    update = m * lr / sqrt(m * m) + lr * 0.4601978361606598 * w
    m = cosh(update)
    return update, m, v"""
    found = identify(parse(text))
    assert str(found) == "lion with b1 = 0.9, b2 = 0.99822, weight_decay = 0.4602, lr_scale = 0.0002172"


def test_transforms_are_seen():
    found = identify(disguise(load_program("clip_norm(lion, limit=0.3)"), seed=1))
    assert found is not None
    assert (found.name, found.transforms) == ("lion", ("clip_norm",))
    assert str(found).startswith("clip_norm(lion) with b1 = ")


def test_the_same_rule_under_two_names():
    found = identify(load_program("signum"))
    assert found is not None
    assert (found.name, found.also) == ("signum", ("tiger",))


def test_what_nobody_has_designed():
    assert identify(parse("def train(w, g, m, lr):\n  m = sin(g) + m\n  return cos(m) * lr * w, m")) is None


@pytest.mark.parametrize(
    ("rate", "schedule"),
    [
        ("cbrt(lr) * 0.004", "cbrt(lr)"),
        ("0.3 * (sqrt(lr) * 0.01)", "sqrt(lr)"),
        ("maximum(lr, 0.125) * 0.004", "maximum(lr, 0.125)"),
        ("lr * tanh(t) * 0.004", "(lr * tanh(t))"),
        ("lr * 0.004", ""),
    ],
)
def test_a_schedule_is_no_part_of_the_rule(rate, schedule):
    text = f"""
def train(w, g, m, lr, t):
    u = sign(interp(g, m, 0.883))
    m = interp(g, m, 0.997)
    return u * ({rate}), m
"""
    found = identify(check_program(text))
    assert found is not None
    assert (found.name, found.schedule) == ("lion", schedule)
    assert dict(found.hyperparameters)["b1"] == pytest.approx(0.883)
    assert dict(found.hyperparameters)["b2"] == pytest.approx(0.997)
    assert str(found).endswith(f", {schedule} in the place of lr" if schedule else "lr_scale = 0.004")


@pytest.mark.parametrize(
    "update",
    [
        "sign(m) * cbrt(lr) + g * lr",  # two schedules
        "sign(m) * cbrt(lr) + g * sqrt(lr)",
        "sign(m) * (lr + norm(g))",  # not of `lr` alone
    ],
)
def test_what_is_no_schedule_is_part_of_the_rule(update):
    program = check_program(f"def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  return {update}, m\n")
    assert without_schedule(program) is None
