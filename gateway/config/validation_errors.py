"""The translation of pydantic's errors into the operator's words."""

import re
from collections.abc import Callable, Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gateway.config.faults import unknown
from gateway.config.schema.fields import ID_PATTERN, ID_RULE

_UNION_MEMBERS = frozenset({"str", "int", "float", "bool"})
"""The union members that pydantic inserts into a location; they are not keys of the file."""
_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date without quotes, such as 2026-12-24",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def dotted(location: tuple[int | str, ...]) -> str:
    """Return a key path as people write it: ("rights", 0, "hours") is ".rights[0].hours"."""
    keys = [key for key in location if key not in _UNION_MEMBERS]
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)


def sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return what is wrong with a value of `model`, and the correction."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return unknown(str(error["loc"][-1]), "key", _keys_at(model, error["loc"][:-1]))
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, is {_shown(error['input'])}"
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {error['ctx'][name]:g}, is {_shown(error['input'])}"
    in_our_words = _WORDS.get(kind, _as_it_says)
    return in_our_words(error)


def _as_it_says(error: ErrorDetails) -> str:
    return error["msg"][:1].lower() + error["msg"][1:]


def _choice(error: ErrorDetails) -> str:
    choices = re.findall(r"'([^']+)'", error["ctx"]["expected"])
    return unknown(str(error["input"]), "choice", choices)


def _pattern(error: ErrorDetails) -> str:
    if error["ctx"]["pattern"] != ID_PATTERN:
        return _as_it_says(error)
    return f'"{error["input"]}" is not an id: {ID_RULE}'


_WORDS: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is required",
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "value_error": lambda error: str(error["ctx"]["error"]),
}


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the table at `location` below `model`."""
    for key in location:
        if isinstance(key, str) and key in model.model_fields:
            model = next(_models_in(model.model_fields[key].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that a type names: that of tuple[RightTable, ...] is RightTable."""
    parts = get_args(annotation)
    if not parts and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in parts:
        yield from _models_in(part)
