"""`optax:adamw(b1=0.95)` -> which function makes an optimizer, and with what. No JAX, and nothing is imported yet.

A rival is named `MODULE:FUNCTION`, as Python finds it, the working folder included, with settings by name in
parentheses. `rival:NAME` is one of lionsearch's own, `lionsearch/rivals/shelf.py`.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass, replace

from lionsearch.errors import SettingError, one_line, quote
from lionsearch.limits import COMPOSITION, COMPOSITION_DEPTH

Value = float | int | bool | str | None

_NAME = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<function>(?!\d)\w*)(?P<settings>\(.*\))?", re.DOTALL)
_AROUND = re.compile(r"(?P<wrapper>[a-z_]+)\((?P<inner>.*)\)", re.DOTALL)
_EXPECTED = "expected something like optax:adamw, optax.contrib:muon(beta=0.9) or mymodule:make"
_RATE, _DECAY = "lr_scale", "weight_decay"
_LARGEST = 1e30
_ELITES = ":elites"
"""Ends what names all elites of a run."""


@dataclass(frozen=True, slots=True)
class RivalSpec:
    """An optimizer that is no program.

    Attributes:
        text: as it was given.
        module: where it is from.
        function: that makes it.
        settings: that the function is called with, by name, learning rate and weight decay left out.
        around: names and settings of the transforms around it, the innermost first.
        lr_scale: its learning rate by itself, in units in which 0.001 is AdamW's on a task; None before it is known.
        weight_decay: None before it is known, and if it takes none.
        is_absolute: whether `lr_scale` is its learning rate itself, the same on every task.
        takes_rate: whether it has a learning rate.
        code: a digest of the code that makes it; "" before it is known.
    """

    text: str
    module: str
    function: str
    settings: tuple[tuple[str, Value], ...] = ()
    around: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    lr_scale: float | None = None
    weight_decay: float | None = None
    is_absolute: bool = False
    takes_rate: bool = True
    code: str = ""

    @property
    def maker(self) -> tuple[object, ...]:
        """What it is made by: the same for all learning rates and weight decays."""
        return self.module, self.function, self.settings, self.around

    @property
    def fingerprint(self) -> str:
        """The same for what trains alike."""
        facts = (*self.maker, self.lr_scale, self.weight_decay, self.is_absolute, self.code)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]

    def with_weight_decay(self, weight_decay: float) -> RivalSpec:
        """Return it with another weight decay."""
        return replace(self, weight_decay=weight_decay)

    def __str__(self) -> str:
        """Return what names it."""
        return self.text


def is_rival(text: str) -> bool:
    """Return whether a text names a rival, `MODULE:FUNCTION`, or transforms around one; `RUN:7` is a run's candidate.

    Examples:
        >>> [is_rival(text) for text in ("optax:adamw", "sam(rival:saga, rho=0.1)", "adamw", "runs/a:7", "sam(sgd)")]
        [True, True, False, False, False]
    """
    inner = text.strip()
    if len(inner) > COMPOSITION:
        return False
    for _ in range(COMPOSITION_DEPTH):
        if _NAME.fullmatch(inner) is not None:
            return not inner.endswith(_ELITES)
        around = _AROUND.fullmatch(inner)
        if around is None:
            return False
        inner = _split(around["inner"])[0]
    return False


def parse_rival(text: str) -> RivalSpec:
    """Return what a text names; whether it is there is seen when it is made.

    Raises:
        SettingError: if the text is no name of a rival, or a setting is no number, text, True, False or None.

    Examples:
        >>> parse_rival("optax:adamw(b1=0.95, weight_decay=0.1)").settings
        (('b1', 0.95),)
    """
    around = _AROUND.fullmatch(text.strip())
    if around is not None and is_rival(text):
        return _parse_around(text, around["wrapper"], *_split(around["inner"]))
    found = _NAME.fullmatch(text.strip())
    if found is None:
        raise SettingError(f"{quote(text)} names no optimizer; {_EXPECTED}")
    if not found["function"]:
        listed = "" if found["module"] != "rival" else "; `lionsearch rivals` lists our own"
        raise SettingError(f"{quote(text)} names no function; {_EXPECTED}{listed}")
    settings = _read_settings(text, found["settings"] or "()")
    scale, decay = (_take_number(text, settings, name) for name in (_RATE, _DECAY))
    settings_given = tuple(settings.items())
    return RivalSpec(text.strip(), found["module"], found["function"], settings_given, (), scale, decay)


def _parse_around(text: str, wrapper: str, inner: str, settings: str) -> RivalSpec:
    spec = parse_rival(inner)
    given = _read_settings(text, f"({settings})")
    numbers = {name: _take_number(text, given, name) for name in [*given]}
    known = tuple((name, value) for name, value in numbers.items() if value is not None)
    return replace(spec, text=text.strip(), around=(*spec.around, (wrapper, known)))


def _split(text: str) -> tuple[str, str]:
    """Return what stands before the first comma that is in no parentheses, and what stands after it."""
    depth = 0
    for place, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            return text[:place].strip(), text[place + 1 :].strip()
    return text.strip(), ""


def _read_settings(text: str, given: str) -> dict[str, Value]:
    try:
        call = ast.parse(f"f{given}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SettingError(f"{one_line(text)}: what is in parentheses cannot be read; {_EXPECTED}") from None
    if not isinstance(call, ast.Call) or call.args or any(each.arg is None for each in call.keywords):
        raise SettingError(f"{one_line(text)}: settings are given by name; {_EXPECTED}")
    settings: dict[str, Value] = {}
    for each in call.keywords:
        try:
            value = ast.literal_eval(each.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            value = ...
        assert each.arg is not None, "settings are given by name"
        if not isinstance(value, float | int | bool | str | None):
            expected = "a number, a text, True, False or None"
            raise SettingError(f"{one_line(text)}: {each.arg} must be {expected}{_hint(each.arg, each.value)}")
        settings[each.arg] = value
    return settings


def _hint(setting: str, given: ast.expr) -> str:
    """Return how a bare word is written that was meant as a text or a constant."""
    if not isinstance(given, ast.Name) or setting in (_RATE, _DECAY):
        return ""
    if given.id.capitalize() in ("True", "False", "None"):
        return f"; did you mean {setting}={given.id.capitalize()}?"
    return f"; a text stands in quotes: {setting}={given.id!r}"


def _take_number(text: str, settings: dict[str, Value], name: str) -> float | None:
    value = settings.pop(name, None)
    if value is None:
        return None
    if isinstance(value, bool | str) or not abs(value) < _LARGEST:
        raise SettingError(f"{one_line(text)}: {name} must be a number that float32 holds")
    if value < 0 or (name == _RATE and value == 0):
        raise SettingError(
            f"{one_line(text)}: {name} is {value:g}; expected {'more than 0' if name == _RATE else '0 or more'}"
        )
    return float(value)
