"""Settings for people: each with its place, type, default, bounds, and what its docstring says of it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

_TYPES = {int: "whole number", float: "number", bool: "true or false", str: "text"}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_TELLING = 2**62
"""A bound beyond this is said in words alone."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: its key.
        kind: its type in plain words; "" of a table of settings.
        default: as TOML has it; `required` or `absent` where there is none.
        bounds: what a value has to keep to, and why there is an upper bound.
        meaning: what it does.
        table: the settings in it, if it is a table or a list of them.
    """

    name: str
    kind: str
    default: str
    bounds: str
    meaning: str
    table: type[BaseModel] | None


def describe_settings(model: type[BaseModel]) -> Iterator[Setting]:
    """Yield the settings of a table, in order.

    Raises:
        KeyError: of a setting that the docstring says nothing of.
    """
    meanings = meanings_of(model)
    for name, field in model.model_fields.items():
        table = _model_in(field.annotation)
        kind = "" if table else type_text(field.annotation)
        default = field.get_default(call_default_factory=True)
        yield Setting(name, kind, toml_text(default), bounds_text(field), meanings[name], table)


def meanings_of(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstring's Attributes say of each setting.

    Raises:
        KeyError: of a setting that they say nothing of.
    """
    _, _, attributes = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    found = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}
    if missing := [name for name in model.model_fields if name not in found]:
        raise KeyError(f"{model.__name__}: the docstring says nothing of {', '.join(missing)}")
    return found


def type_text(annotation: Any) -> str:
    """Return a type in plain words.

    Examples:
        >>> type_text(tuple[str, ...]), type_text(int | None), type_text(Literal["a", "b"])
        ('list of text', 'whole number', '"a" or "b"')
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin is UnionType:
        return " or ".join(type_text(each) for each in arguments if each is not NoneType)
    if origin is tuple:
        return f"list of {type_text(arguments[0])}"
    return "table" if origin is dict else _TYPES[annotation]


def toml_text(value: Any) -> str:
    """Return a value as TOML has it; `required` or `absent` where there is none, "" of a table of settings.

    Examples:
        >>> toml_text(("adamw", "lion")), toml_text(True), toml_text(None), toml_text(0.5)
        ('["adamw", "lion"]', 'true', 'absent', '0.5')
    """
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "absent"
    if isinstance(value, BaseModel):
        return ""
    if isinstance(value, dict):
        items = ", ".join(f"{_key(key)} = {toml_text(item)}" for key, item in value.items())
        return f"{{ {items} }}" if value else "{}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_text(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # whose escapes are TOML's
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else toml_text(key)


def bounds_text(field: Any) -> str:
    """Return what a value of a field has to keep to, and why there is an upper bound."""
    found = [
        f"{words} {value:,}" if isinstance(value, int) else f"{words} {value:g}"
        for item in field.metadata
        for name, words in _BOUNDS.items()
        if (value := getattr(item, name, None)) is not None and abs(value) < _TELLING
    ]
    if any(getattr(item, "pattern", None) for item in field.metadata):
        found.append("module:function")
    if any(getattr(item, "min_length", None) for item in field.metadata):
        found.append("not empty")
    because = (field.json_schema_extra or {}).get("because", "")
    return ": ".join(filter(None, (", ".join(found), because)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := _model_in(argument))), None)
