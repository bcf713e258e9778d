"""Shared field types: tables that reject unknown keys, ids, names, lengths."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from gateway.wire.topics import RESERVED

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"
ID_RULE = 'lowercase letters, digits and "-", 32 at most, beginning with a letter or a digit'


def _not_reserved(word: str) -> str:
    if word in RESERVED:
        raise ValueError(f'"{word}" is a word of the topics; choose another id')
    return word


def _flag_or_id(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and re.search(ID_PATTERN, value):
        return _not_reserved(value)
    raise ValueError(f"must be true, false or a device's id: {ID_RULE}")


def _in_both_languages(name: object) -> object:
    return {"fr": name, "en": name} if isinstance(name, str) else name


class SpaceTable(BaseModel):
    """A table of the file: no other keys, no values of another type."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )


Id = Annotated[str, Field(pattern=ID_PATTERN), AfterValidator(_not_reserved)]
FlagOrId = Annotated[
    bool | str,
    PlainValidator(_flag_or_id),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": ID_PATTERN}]}),
]
Words = Annotated[str, Field(min_length=1, max_length=120)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Ids = Annotated[tuple[Id, ...], Field(strict=False)]  # TOML has lists, never tuples
Options = dict[str, str | int | float | bool]
Metres = Annotated[float, Field(ge=-10_000, le=10_000)]
Place = Annotated[tuple[Metres, Metres], Field(strict=False)]
Outline = Annotated[tuple[Place, ...], Field(strict=False, min_length=3, max_length=100)]


class BothLanguages(SpaceTable):
    """A name in French and in English."""

    fr: Words
    en: Words


_NAME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": 120},
        {
            "type": "object",
            "properties": {"fr": {"type": "string"}, "en": {"type": "string"}},
            "required": ["fr", "en"],
            "additionalProperties": False,
        },
    ]
}
Name = Annotated[BothLanguages, BeforeValidator(_in_both_languages), WithJsonSchema(_NAME_SCHEMA)]


class NamedTable(SpaceTable):
    """A training, a role or a group: an id that members are given, and its name."""

    id: Id
    name: Name
