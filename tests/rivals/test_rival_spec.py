import pytest

from lionsearch.errors import SettingError
from lionsearch.rivals.rival_spec import RivalSpec, is_rival, parse_rival


@pytest.mark.parametrize("text", ["optax:adamw", "optax.contrib:muon(beta=0.9)", "rival:saga", " my_module:make() "])
def test_names_of_rivals(text):
    assert is_rival(text)
    assert parse_rival(text).text == text.strip()


@pytest.mark.parametrize(
    "text", ["adamw", "runs/quickstart:17", "my.run:3", "lookahead(adamw, k=5)", "a:b:c", "C:\\x", ":make"]
)
def test_programs_candidates_and_compositions_are_none(text):
    assert not is_rival(text)


def test_settings_are_read_and_rates_set_apart():
    spec = parse_rival("m.n:f(b1=0.9, steps=3, kind='a', flag=True, none=None, lr_scale=2, weight_decay=0.1)")
    assert (spec.module, spec.function) == ("m.n", "f")
    assert spec.settings == (("b1", 0.9), ("steps", 3), ("kind", "a"), ("flag", True), ("none", None))
    assert (spec.lr_scale, spec.weight_decay) == (2.0, 0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optax:adamw(0.9)", "settings are given by name"),
        ("optax:adamw(**x)", "settings are given by name"),
        ("optax:adamw(b1=)", "cannot be read"),
        ("optax:adamw(b1=[1])", "b1 must be a number, a text, True, False or None"),
        ("optax:adamw(b1=abc)", "True, False or None; a text stands in quotes: b1='abc'"),
        ("optax:sgd(nesterov=false)", r"False or None; did you mean nesterov=False\?"),
        ("optax:adamw(weight_decay=abc)", "weight_decay must be a number, a text, True, False or None$"),
        ("optax:adamw(b1=f(2))", "b1 must be a number"),
        ("optax:adamw(weight_decay='a')", "weight_decay must be a number that float32 holds"),
        ("optax:adamw)(", "names no optimizer"),
        ("optax:", "'optax:' names no function; expected something like optax:adamw"),
    ],
)
def test_what_cannot_be_read_is_said(text, message):
    with pytest.raises(SettingError, match=message):
        parse_rival(text)


def test_a_fingerprint_is_of_what_trains_and_not_of_the_text():
    spec = RivalSpec("a", "m", "f", (("b1", 0.9),), (), 0.1, 0.2)
    assert spec.fingerprint == RivalSpec("b", "m", "f", (("b1", 0.9),), (), 0.1, 0.2).fingerprint
    others = [
        spec.with_weight_decay(0.3),
        RivalSpec("a", "m", "g", (("b1", 0.9),), (), 0.1, 0.2),
        RivalSpec("a", "m", "f", (("b1", 0.8),), (), 0.1, 0.2),
        RivalSpec("a", "m", "f", (("b1", 0.9),), (), 0.1, 0.2, code="other"),
    ]
    assert len({spec.fingerprint, *(each.fingerprint for each in others)}) == 5
    assert spec.maker == spec.with_weight_decay(0.3).maker


def test_transforms_stand_around_a_rival():
    spec = parse_rival("sam(clip_norm(m:f(b1=0.9, lr_scale=2), limit=3), rho=0.1)")
    assert (spec.module, spec.function, spec.settings, spec.lr_scale) == ("m", "f", (("b1", 0.9),), 2.0)
    assert spec.around == (("clip_norm", (("limit", 3.0),)), ("sam", (("rho", 0.1),)))
    assert spec.maker != parse_rival("m:f(b1=0.9)").maker
    assert not is_rival("sam(clip_norm(adamw), rho=0.1)")
    assert not is_rival("decay(runs/a:7)")
    assert not is_rival("a(" * 2000 + "b" + ")" * 2000)
    assert not is_rival("run:elites")
