import sys

import optax
import pytest

from lionsearch.catalog import load_program
from lionsearch.errors import SettingError, UnknownNameError
from lionsearch.rivals.making import make_rival, resolve_rival
from lionsearch.rivals.optax_rival import OptaxRival
from lionsearch.rivals.shelf import PEERS, ROWS

MINE = """
import optax

def make(learning_rate, weight_decay=0.3, b1=0.9):
    return optax.adamw(learning_rate, b1=b1, weight_decay=weight_decay)

class Mine:
    def init(self, weights, count):
        return ()
    def step(self, oracle, state):
        raise NotImplementedError

def rival(size=3):
    return Mine()

def number():
    return 3

def raises():
    raise ValueError("not today")

def leaves():
    raise SystemExit(3)

def rated(learning_rate=0.25):
    return optax.sgd(learning_rate)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "of_the_user.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "of_the_user", raising=False)
    return "of_the_user"


def test_an_optimizer_of_optax_has_the_rates_of_the_program_that_it_equals():
    lion = dict(load_program("lion").hyperparameters)
    spec = resolve_rival("optax:lion")
    assert (spec.lr_scale, spec.weight_decay) == (lion["lr_scale"], lion["weight_decay"])
    assert spec.takes_rate
    assert resolve_rival("optax:lion(lr_scale=0.5, weight_decay=0)").lr_scale == 0.5
    assert resolve_rival("optax:lion(weight_decay=0)").weight_decay == 0.0


def test_any_other_has_adamws_rate_and_its_own_decay(module):
    spec = resolve_rival(f"{module}:make(b1=0.8)")
    assert (spec.lr_scale, spec.weight_decay, spec.settings) == (0.001, 0.3, (("b1", 0.8),))
    assert isinstance(make_rival(spec), OptaxRival)


def test_one_with_a_line_search_has_no_rate():
    assert not resolve_rival("optax:lbfgs").takes_rate
    assert resolve_rival("optax:adadelta").takes_rate
    assert resolve_rival("optax:sgd").weight_decay is None


def test_a_rival_of_the_user_is_taken_as_it_is(module):
    spec = resolve_rival(f"{module}:rival")
    assert type(make_rival(spec)).__name__ == "Mine"
    assert (spec.weight_decay, spec.takes_rate) == (None, True)


def test_code_that_was_edited_is_another_and_is_what_runs(module, tmp_path):
    before = resolve_rival(f"{module}:make")
    (tmp_path / f"{module}.py").write_text(MINE.replace("weight_decay=0.3", "weight_decay=0.4"))
    after = resolve_rival(f"{module}:make")
    assert after.fingerprint != before.fingerprint
    assert (before.weight_decay, after.weight_decay) == (0.3, 0.4)


def test_a_rate_of_its_own_is_the_same_on_every_task(module):
    spec = resolve_rival(f"{module}:rated")
    assert (spec.lr_scale, spec.is_absolute) == (0.25, True)
    given = resolve_rival(f"{module}:rated(lr_scale=0.002)")
    assert (given.lr_scale, given.is_absolute) == (0.002, False)


def test_what_takes_no_rate_has_none_to_tune():
    assert not resolve_rival("optax:polyak_sgd").takes_rate


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("optax:adamv", UnknownNameError, "did you mean 'adam'"),
        ("rival:nothing", UnknownNameError, "unknown rival 'nothing'"),
        ("no_such_module:make", SettingError, "there is no module 'no_such_module'"),
        ("of_the_user:make(b7=1)", UnknownNameError, "unknown setting of make 'b7'"),
        ("rival:svrg(anchor=2)", UnknownNameError, "unknown setting of svrg 'anchor'; did you mean 'anchor_every'"),
        ("rival:", SettingError, "`lionsearch rivals` lists our own"),
        ("of_the_user:number", SettingError, "returned int; expected an optax transformation"),
        ("of_the_user:rival(weight_decay=0.1)", SettingError, "rival takes no weight_decay"),
        (
            "optax:adamw(learning_rate=0.1)",
            SettingError,
            "the learning rate is the task's; `lr_scale",
        ),
        ("optax:adamw(lr_scale=-1)", SettingError, "lr_scale is -1; expected more than 0"),
        ("optax:scale_by_adam", SettingError, "goes up the gradient; chain it with optax.scale_by_learning_rate"),
        ("of_the_user:raises", SettingError, r"of_the_user:raises: ValueError: not today \(.*of_the_user.py"),
        ("of_the_user:leaves", SettingError, r"sys\.exit\(3\)"),
        ("rival:newton(iterations='a')", SettingError, "iterations must be a number, as 20 is"),
        ("rival:newton(damping=-1)", SettingError, "damping is -1; expected 0 or more"),
    ],
)
def test_what_cannot_be_made_is_said(module, text, error, message):
    with pytest.raises(error, match=message):
        resolve_rival(text)


def test_a_module_that_fails_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken_rival.py").write_text("import of_nowhere_at_all\n")
    (tmp_path / "raising_rival.py").write_text("raise ValueError('too bad')\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match="module 'broken_rival' needs 'of_nowhere_at_all'"):
        resolve_rival("broken_rival:make")
    with pytest.raises(SettingError, match="importing 'raising_rival' failed: ValueError: too bad"):
        resolve_rival("raising_rival:make")


@pytest.mark.parametrize("name", ROWS)
def test_every_row_can_be_made(name):
    spec = resolve_rival(f"rival:{name}")
    assert spec.lr_scale == ROWS[name].lr_scale
    make_rival(spec)


def test_peers_are_there():
    for name, program in PEERS.items():
        module, _, function = name.partition(":")
        assert callable(getattr(optax if module == "optax" else optax.contrib, function))
        load_program(program)
