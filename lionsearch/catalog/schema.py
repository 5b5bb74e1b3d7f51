"""TOML text -> a checked, frozen settings object; errors name the key, the value met and the nearest valid key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lionsearch.catalog.shelves import read_text
from lionsearch.errors import SettingError, nearest_hint


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


S = TypeVar("S", bound=Settings)


def load_settings(path: Path, model: type[S], **given: Any) -> S:
    """Return the settings in a TOML file, over those given.

    Raises:
        SettingError: one line that names file, key, value and what was expected.
    """
    try:
        content = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: not TOML: {error}") from None
    return parse_settings({**given, **content}, model, str(path))


def parse_settings(content: dict[str, Any], model: type[S], where: str) -> S:
    """Return the settings in a dictionary.

    Raises:
        SettingError: as `load_settings`.
    """
    try:
        return model.model_validate(_with_tuples(content))
    except ValidationError as error:
        raise SettingError(f"{where}: {_describe(_worst(error.errors()), model)}") from None


def _with_tuples(value: Any) -> Any:
    """Return the value with lists as tuples, which strict validation wants for tuple fields."""
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_with_tuples(item) for item in value)
    return value


def _worst(errors: list[Any]) -> Any:
    """Return the error to show: an unknown key first, since it may be why another is missing."""
    return next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])


def _describe(error: Any, model: type[BaseModel]) -> str:
    place = [str(part) for part in error["loc"]]
    key = ".".join(place)
    if error["type"] == "extra_forbidden":
        return f"unknown setting {key!r}; {nearest_hint(place[-1], _keys(model, place[:-1]))}"
    if error["type"] == "missing":
        return f"setting {key!r} is missing"
    if error["type"] == "too_short" and not error["input"]:
        return f"setting {key!r} is empty; it should have at least one entry"
    if error["type"] == "tuple_type":
        return f"setting {key!r} is {error['input']!r}; it should be a list"
    if error["type"] == "string_pattern_mismatch":
        return f"setting {key!r} is {error['input']!r}; it should look like 'module:function'"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"setting {key!r} is {error['input']!r}; it {message}" if key else message


def _keys(model: type[BaseModel], place: list[str]) -> list[str]:
    """Return the valid keys at a place inside nested settings."""
    for part in place:
        if part.isdigit() or part not in model.model_fields:
            continue
        for candidate in _models_in(model.model_fields[part].annotation):
            model = candidate
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]
