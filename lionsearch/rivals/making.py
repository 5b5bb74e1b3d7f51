"""A rival's name -> what makes it, imported; and what learning rate and weight decay it has by itself."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import optax

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import SettingError, UnknownNameError, one_line
from lionsearch.rivals.optax_rival import OptaxRival
from lionsearch.rivals.rival_spec import RivalSpec, parse_rival
from lionsearch.rivals.shelf import OWN, PEERS, ROWS
from lionsearch.rivals.wrapping import DEFAULTS, WRAPPERS, wrap

_RATE, _DECAY = "learning_rate", "weight_decay"
_ADAMW = 0.001
"""AdamW's learning rate on a task, in the units of `lr_scale`."""


def resolve_rival(text: str) -> RivalSpec:
    """Return what a name stands for, with what it has by itself; its module is imported.

    An optimizer of optax that a program equals has the program's learning rate and weight decay. Any other has AdamW's
    learning rate on a task, and its function's own default for a weight decay.

    Raises:
        LionSearchError: if it is not there, does not take what it is given, or makes something else.
    """
    spec = parse_rival(text)
    row = ROWS.get(spec.function) if spec.module == OWN else None
    function = _find(spec)
    parameters = _parameters(function)
    own = _settings_of(PEERS.get(f"{spec.module}:{spec.function}"))
    decay = spec.weight_decay
    if _DECAY in parameters:
        decay = own.get(_DECAY, parameters[_DECAY] or 0.0) if decay is None else decay
    elif decay is not None:
        raise SettingError(f"{one_line(text)}: {spec.function} takes no weight_decay")
    scale = spec.lr_scale
    if scale is None:
        scale = row.lr_scale if row is not None else own.get("lr_scale", _ADAMW)
    found = replace(
        spec,
        lr_scale=scale,
        weight_decay=decay,
        is_absolute=row is not None and row.is_absolute,
        takes_rate=row.takes_rate if row is not None else not _searches(parameters),
        code=_digest(function),
    )
    make_rival(found)
    return found


def make_rival(spec: RivalSpec) -> Any:
    """Return the rival of a resolved name, with what is around it.

    Raises:
        LionSearchError: if it is not there, does not take what it is given, or makes something else.
    """
    rival = _make_alone(spec)
    for name, settings in spec.around:
        if name not in WRAPPERS:
            raise UnknownNameError("transform around a rival", name, WRAPPERS, one_line(spec.text))
        for setting, _ in settings:
            if setting not in DEFAULTS[name]:
                raise UnknownNameError(f"setting of {name}", setting, DEFAULTS[name], one_line(spec.text))
        rival = wrap(rival, name, dict(settings))
    return rival


def _make_alone(spec: RivalSpec) -> Any:
    function = _find(spec)
    parameters = _parameters(function)
    rates = {name: 1.0 for name in (_RATE, _DECAY) if name in parameters and (name == _DECAY or spec.takes_rate)}
    make = partial(function, **dict(spec.settings))
    try:
        made = make(**rates)
    except TypeError as error:
        raise SettingError(f"{one_line(spec.text)}: {one_line(str(error))}") from None
    if isinstance(made, optax.GradientTransformation):
        return OptaxRival(make, tuple(rates))
    if not rates and all(callable(getattr(made, name, None)) for name in ("init", "step")):
        return made
    raise SettingError(
        f"{one_line(spec.text)}: {spec.function} returned {type(made).__name__}; expected an optax transformation, of"
        " `learning_rate` and `weight_decay` where it has them, or a rival with `init` and `step`"
    )


def _find(spec: RivalSpec) -> Callable[..., Any]:
    """Return the function that makes a rival."""
    module, name = spec.module, spec.function
    if module == OWN:
        if name not in ROWS:
            raise UnknownNameError("rival", name, ROWS, one_line(spec.text))
        module, _, name = ROWS[name].make.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise SettingError(f"{one_line(spec.text)}: module {module!r} needs {error.name!r}") from None
        raise SettingError(f"{one_line(spec.text)}: there is no module {module!r}") from None
    except Exception as error:
        raise SettingError(f"{one_line(spec.text)}: importing {module!r} failed: {one_line(repr(error))}") from None
    function = getattr(found, name, None)
    if not callable(function):
        valid = [each for each in dir(found) if not each.startswith("_") and callable(getattr(found, each))]
        raise UnknownNameError("function", name, valid, f"{one_line(spec.text)}: module {module}")
    return function


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a function takes by name, with defaults; one without a default has `AdamW`'s rate or 0."""
    try:
        found: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    missing = {_RATE: _ADAMW, _DECAY: 0.0}
    return {
        name: missing.get(name) if each.default is inspect.Parameter.empty else each.default
        for name, each in found.items()
    }


def _searches(parameters: Mapping[str, Any]) -> bool:
    """Return whether a function of these parameters makes what finds its learning rate itself, as `optax.lbfgs`."""
    return _RATE in parameters and parameters[_RATE] is None and "linesearch" in parameters


def _settings_of(program: str | None) -> dict[str, float]:
    return {} if program is None else dict(load_program(str(PROGRAMS.shipped / f"{program}.py")).hyperparameters)


def _digest(function: Callable[..., Any]) -> str:
    """Return a digest of the file that a function is in."""
    try:
        text = Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        text = repr(function).encode()
    return hashlib.sha256(text).hexdigest()[:12]
