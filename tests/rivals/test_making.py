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


def test_another_code_is_another_fingerprint(module, tmp_path):
    before = resolve_rival(f"{module}:make").fingerprint
    (tmp_path / f"{module}.py").write_text(MINE + "\n# changed\n")
    assert resolve_rival(f"{module}:make").fingerprint != before


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("optax:adamv", UnknownNameError, "did you mean 'adam'"),
        ("rival:nothing", UnknownNameError, "unknown rival 'nothing'"),
        ("no_such_module:make", SettingError, "there is no module 'no_such_module'"),
        ("of_the_user:make(b7=1)", SettingError, "unexpected keyword argument 'b7'"),
        ("of_the_user:number", SettingError, "returned int; expected an optax transformation"),
        ("of_the_user:rival(weight_decay=0.1)", SettingError, "rival takes no weight_decay"),
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
    with pytest.raises(SettingError, match=r"importing 'raising_rival' failed: ValueError\('too bad'\)"):
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
