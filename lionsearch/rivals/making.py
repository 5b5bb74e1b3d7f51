"""A rival's name -> what makes it, imported; and what learning rate and weight decay it has by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import jax.numpy as jnp
import optax

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.errors import LionSearchError, SettingError, UnknownNameError, one_line
from lionsearch.rivals.digest import digest_code
from lionsearch.rivals.importing import find_function
from lionsearch.rivals.optax_rival import OptaxRival
from lionsearch.rivals.rival_spec import RivalSpec, parse_rival
from lionsearch.rivals.shelf import OWN, PEERS, ROWS
from lionsearch.rivals.wrapping import DEFAULTS, WRAPPERS, wrap
from lionsearch.tasks.calling import FAULTS, describe_fault
from lionsearch.tasks.spec import TUNED_RATE

_RATE, _DECAY = "learning_rate", "weight_decay"


def resolve_rival(text: str) -> RivalSpec:
    """Return what a name stands for, with what it has by itself; its module is imported.

    An optimizer of optax that a program equals has the program's learning rate and weight decay. Any other has what its
    function has by default, and where that is no learning rate, AdamW's on a task.

    Raises:
        LionSearchError: if it is not there, does not take what it is given, or makes something else.
    """
    spec = parse_rival(text)
    function = find_function(spec)
    parameters = _parameters(function)
    if _RATE in dict(spec.settings):
        raise SettingError(f"{one_line(text)}: the learning rate is the task's; `lr_scale=0.001` is AdamW's on a task")
    own = _settings_of(PEERS.get(f"{spec.module}:{spec.function}"))
    decay = spec.weight_decay
    if _DECAY in parameters:
        decay = own.get(_DECAY, parameters[_DECAY] or 0.0) if decay is None else decay
    elif decay is not None:
        raise SettingError(f"{one_line(text)}: {spec.function} takes no weight_decay")
    found = replace(_rated(spec, parameters, own), weight_decay=decay, code=digest_code(spec, function))
    rival = make_rival(found)
    if isinstance(rival, OptaxRival) and _RATE not in parameters:
        found = replace(found, takes_rate=False)
        _check_direction(found, rival)
    return found


def _rated(spec: RivalSpec, parameters: Mapping[str, Any], own: Mapping[str, float]) -> RivalSpec:
    """Return a name with the learning rate that it has by itself, and whether it has one."""
    if spec.module == OWN:
        row = ROWS[spec.function]
        scale, is_absolute, takes_rate = row.lr_scale, row.is_absolute, row.takes_rate
    else:
        default = parameters.get(_RATE)
        takes_rate = not (_RATE in parameters and default is None and "linesearch" in parameters)
        is_absolute = not own and isinstance(default, int | float)
        scale = float(default) if is_absolute and default is not None else own.get("lr_scale", TUNED_RATE)
    if spec.lr_scale is not None:
        scale, is_absolute = spec.lr_scale, is_absolute and spec.module == OWN
    return replace(spec, lr_scale=scale, is_absolute=is_absolute, takes_rate=takes_rate)


def make_rival(spec: RivalSpec) -> Any:
    """Return the rival of a resolved name, with what is around it.

    Raises:
        LionSearchError: if it is not there, does not take what it is given, or makes something else.
    """
    rival = _make_alone(spec)
    for name, settings in spec.around:
        if name not in WRAPPERS:
            raise UnknownNameError("transform around a rival", name, WRAPPERS, one_line(spec.text))
        for setting, value in settings:
            if setting not in DEFAULTS[name]:
                raise UnknownNameError(f"setting of {name}", setting, DEFAULTS[name], one_line(spec.text))
            if not 0 < value < 1e9:
                raise SettingError(f"{one_line(spec.text)}: {setting} of {name} is {value:g}; expected more than 0")
        rival = wrap(rival, name, dict(settings))
    return rival


def _make_alone(spec: RivalSpec) -> Any:
    function = find_function(spec)
    parameters = _parameters(function)
    rates = {name: 1.0 for name in (_RATE, _DECAY) if name in parameters and (name == _DECAY or spec.takes_rate)}
    _check_names(spec, function)
    make = partial(function, **dict(spec.settings))
    try:
        made = make(**rates)
    except LionSearchError as error:
        raise SettingError(f"{one_line(spec.text)}: {error}") from None
    except FAULTS as error:
        raise SettingError(f"{one_line(spec.text)}: {describe_fault(error)}") from None
    if spec.module == OWN:
        _check_kinds(spec, parameters)
    if isinstance(made, optax.GradientTransformation):
        return OptaxRival(make, tuple(rates))
    if not rates and all(callable(getattr(made, name, None)) for name in ("init", "step")):
        return made
    raise SettingError(
        f"{one_line(spec.text)}: {spec.function} returned {type(made).__name__}; expected an optax transformation, of"
        " `learning_rate` and `weight_decay` where it has them, or a rival with `init` and `step`"
    )


def _check_names(spec: RivalSpec, function: Callable[..., Any]) -> None:
    """Raise if a setting is none that the function takes."""
    try:
        taken = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken):
        return
    valid = [each.name for each in taken if each.name != _RATE and each.kind is not inspect.Parameter.VAR_POSITIONAL]
    for name, _ in spec.settings:
        if name not in valid:
            raise UnknownNameError(f"setting of {spec.function}", name, [*valid, "lr_scale"], one_line(spec.text))


def _check_kinds(spec: RivalSpec, parameters: Mapping[str, Any]) -> None:
    """Raise if a setting of an own rival is not of its default's kind."""
    for name, value in spec.settings:
        default = parameters.get(name, value)
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        if not is_number:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingError(f"{one_line(spec.text)}: {name} must be a number, as {default!r} is")
        if value < 0:
            raise SettingError(f"{one_line(spec.text)}: {name} is {value:g}; expected 0 or more")


def _check_direction(spec: RivalSpec, rival: OptaxRival) -> None:
    """Raise if a transformation without a learning rate goes up the gradient, as those do that want to be chained."""
    weights: Any = {"w": jnp.ones(3)}
    transform = optax.with_extra_args_support(rival.transform())
    try:
        asked = {"value": jnp.float32(1.0), "grad": weights, "value_fn": lambda at, **_: jnp.sum(at["w"])}
        updates: Any = transform.update(weights, transform.init(weights), weights, **asked)[0]
    except FAULTS:
        return  # what it wants more of is seen in training
    if float(jnp.sum(updates["w"])) > 0:
        raise SettingError(
            f"{one_line(spec.text)}: its update goes up the gradient; chain it with optax.scale_by_learning_rate"
        )


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a function takes by name, with defaults; None for one without."""
    try:
        found: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: None if each.default is inspect.Parameter.empty else each.default
        for name, each in found.items()
        if each.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    }


def _settings_of(program: str | None) -> dict[str, float]:
    return {} if program is None else dict(load_program(str(PROGRAMS.shipped / f"{program}.py")).hyperparameters)
