"""TOML text -> a checked, frozen settings object; errors name the key, the value met and the nearest valid key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lionsearch.catalog.shelves import read_text
from lionsearch.errors import SettingError, nearest_hint, one_line, quote
from lionsearch.limits import TOML_BYTES, TOML_KEY, TOML_LINE

_BECAUSE = "because"
_PART = r"""(?:[\w-]++|"[^"]*+"|'[^']*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?:{_PART}\.[ \t]*+){{{TOML_KEY}}}")


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


S = TypeVar("S", bound=Settings)


def at_most(most: float, because: str, **more: Any) -> Any:
    """Return a field that has an upper bound; an error says what it is for.

    Args:
        most: the largest value.
        because: follows the bound in the message: what a larger one would cost, or break.
        more: what pydantic's `Field` takes.
    """
    return Field(**more, le=most, json_schema_extra={_BECAUSE: because})


def load_settings(path: Path, model: type[S], **given: Any) -> S:
    """Return the settings in a TOML file, over those given.

    Raises:
        SettingError: one line that names file, key, value and what was expected.
    """
    return parse_settings({**given, **parse_toml(read_text(path, TOML_BYTES), str(path))}, model, str(path))


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Return what a TOML text holds.

    Raises:
        SettingError: if it is not TOML, or larger or deeper than `lionsearch.limits` allows.
    """
    if len(text) > TOML_BYTES:
        raise SettingError(f"{where}: the text has {len(text)} characters; at most {TOML_BYTES} are read")
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > TOML_LINE:
            raise SettingError(f"{where}: line {number} has {len(line)} characters; a line has at most {TOML_LINE}")
        if _LONG_KEY.search(line):
            raise SettingError(f"{where}: line {number} has a key of more than {TOML_KEY} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingError(f"{where}: not TOML: brackets are nested too deeply") from None
    except ValueError as error:  # also of a number of more digits than Python reads
        raise SettingError(f"{where}: not TOML: {one_line(str(error))}") from None


def parse_settings(content: dict[str, Any], model: type[S], where: str) -> S:
    """Return the settings in a dictionary.

    Raises:
        SettingError: as `load_settings`.
    """
    try:
        return model.model_validate(_with_tuples(content))
    except ValidationError as error:
        raise SettingError(f"{where}: {describe_fault(error, model)}") from None
    except RecursionError:
        raise SettingError(f"{where}: its settings are nested too deeply") from None
    except UnicodeEncodeError as error:
        raise SettingError(f"{where}: {quote(error.object)} holds half a character; no file can") from None


def merge_settings(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given settings over others, tables merged into tables.

    Examples:
        >>> merge_settings({"seed": 0, "search": {"islands": 2, "niche": 5}}, {"search": {"islands": 1}})
        {'seed': 0, 'search': {'islands': 1, 'niche': 5}}
    """
    merged = dict(base)
    for key, value in given.items():
        inner = merged.get(key)
        is_table = isinstance(inner, Mapping) and isinstance(value, Mapping)
        merged[key] = merge_settings(inner or {}, value) if is_table else value
    return merged


def describe_fault(error: ValidationError, model: type[BaseModel]) -> str:
    """Return one line on what is wrong with settings: key, value, and what was expected or is the nearest valid key."""
    return _describe(_worst(error.errors()), model)


def _with_tuples(value: Any) -> Any:
    """Return the value with lists as tuples, which strict validation wants for tuple fields.

    Raises:
        UnicodeEncodeError: if a text holds half a character, as JSON can write and no file can hold.
    """
    if isinstance(value, dict):
        return {_with_tuples(key): _with_tuples(item) for key, item in value.items()}
    if isinstance(value, str):
        value.encode()
    if isinstance(value, list):
        return tuple(_with_tuples(item) for item in value)
    return value


def _worst(errors: list[Any]) -> Any:
    """Return the error to show: an unknown key first, since it may be why another is missing."""
    return next((error for error in errors if error["type"] == "extra_forbidden"), errors[0])


def _describe(error: Any, model: type[BaseModel]) -> str:
    place = [str(part) for part in error["loc"]]
    key, value = quote(".".join(place)), quote(error["input"])
    if error["type"] == "extra_forbidden":
        return f"unknown setting {key}; {nearest_hint(place[-1], _keys(model, place[:-1]))}"
    if error["type"] == "missing":
        return f"setting {key} is missing"
    if error["type"] == "too_short" and not error["input"]:
        return f"setting {key} is empty; it should have at least one entry"
    if error["type"] == "tuple_type":
        return f"setting {key} is {value}; it should be a list"
    if error["type"] == "string_pattern_mismatch":
        return f"setting {key} is {value}; it should look like 'module:function'"
    if error["type"] == "less_than_equal":
        return f"setting {key} is {value}; it should be at most {error['ctx']['le']:_}{_because(model, place)}"
    message = one_line(error["msg"].removeprefix("Value error, ").removeprefix("Input "), 1_000)
    if place and isinstance(error["input"], dict):
        return f"setting {key}: {message}"
    return f"setting {key} is {value}; it {message}" if place else message


def _because(model: type[BaseModel], place: list[str]) -> str:
    """Return why a setting has an upper bound, with the colon before it."""
    for part in place[:-1]:
        model = next(iter(_inner(model, part)), model)
    field = model.model_fields.get(place[-1]) if place else None
    extra = field.json_schema_extra if field is not None else None
    return f": {extra[_BECAUSE]}" if isinstance(extra, dict) and _BECAUSE in extra else ""


def _keys(model: type[BaseModel], place: list[str]) -> list[str]:
    """Return the valid keys at a place inside nested settings."""
    for part in place:
        model = next(iter(_inner(model, part)), model)
    return list(model.model_fields)


def _inner(model: type[BaseModel], part: str) -> list[type[BaseModel]]:
    """Return the settings that a part of a place leads to; a place in a list leads nowhere else."""
    field = model.model_fields.get(part)
    return [] if field is None else _models_in(field.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]
