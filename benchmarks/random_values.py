"""Random values of the engine's own types: any value that a type allows may be sent.

A value is drawn from the type's description, so that a new reading, request or field takes part
without a change here. Names mostly refer to existing things.
"""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec.inspect as described
from msgspec import NODEFAULT

_UNKNOWN = 0.05
"""The share of unknown names."""
_OMITTED = 0.4
"""The share of optional fields that are left out."""
_LENGTHS = (0, 0, 1, 1, 1, 2, 3)
_NUMBERS = (0, 0, 1, 1, 2, 3, 7, 100, 2**31, 2**53 - 1, 2**53)
_PARTS = (0.0, 0.0, 0.1, 0.5, 1.0, 19.9, 42.5, 100.0, 612.5, 1e6, 5e-324, 1.7e308)
_TEXTS = ("", "a", "why", "é🚪", "\u202e", "x" * 300, "0", "-1", "forced", "gateway")
_DAY_S = 86_400.0
_AGES_S = (
    *(0.0, 0.0, 0.0, 0.0, 0.3, 2.5, 4.9, 5.1, 12.0, 31.0, 70.0, 600.0),
    *(3600.0, 7 * 3600.0, _DAY_S, 30 * _DAY_S, 89 * _DAY_S, 91 * _DAY_S, 3000 * _DAY_S),
    *(-0.3, -4.9, -5.1, -70.0, -3600.0, -_DAY_S, -_DAY_S - 1, -400 * _DAY_S),
)
_ENDS_OF_TIME = tuple(
    datetime(year, month, day, 23 if year > 1 else 0, 59 if year > 1 else 0, tzinfo=UTC)
    for year, month, day in ((1, 1, 1), (1, 1, 2), (1969, 12, 31), (9999, 12, 30), (9999, 12, 31))
)
_END_OF_TIME = 0.02

Names = Mapping[str, tuple[str, ...]]
"""The existing names, by the name of the field that refers to them."""


class Drawn:
    """Draws values around a moment that the caller sets."""

    def __init__(self, draw: random.Random, names: Names, now: datetime) -> None:
        self.draw = draw
        self.now = now
        self._names = names
        self._makers: dict[type[described.Type], Callable[[Any, str], Any]] = {
            described.UnionType: self._union,
            described.StructType: lambda kind, _name: self._struct(kind, {}),
            described.StrType: self._text,
            described.IntType: self._whole,
            described.FloatType: self._part,
            described.BoolType: lambda _kind, _name: self.draw.choice((False, True)),
            described.NoneType: lambda _kind, _name: None,
            described.LiteralType: lambda kind, _name: self.draw.choice(kind.values),
            described.DateTimeType: lambda _kind, _name: self.moment(),
            described.DateType: lambda _kind, _name: self.moment().date(),
            described.VarTupleType: self._several,
            described.DictType: self._pairs,
        }

    def struct(self, kind: type, **given: Any) -> Any:  # noqa: ANN401 - of any type
        """Return a struct of `kind`; `given` are its fixed fields."""
        described_kind = _describe(kind)
        assert isinstance(described_kind, described.StructType)  # noqa: S101 - callers name structs
        return self._struct(described_kind, given)

    def moment(self) -> datetime:
        """Return a time: now, a little earlier or later, years away, or at the ends of time."""
        if self.draw.random() < _END_OF_TIME:
            return self.draw.choice(_ENDS_OF_TIME)
        return self.now - timedelta(seconds=self.draw.choice(_AGES_S))

    def name(self, field: str) -> str:
        """Return a value for a field of this name."""
        known = self._names.get(field, _TEXTS)
        return "unknown" if self.draw.random() < _UNKNOWN else self.draw.choice(known)

    def _struct(self, kind: described.StructType, given: dict[str, Any]) -> Any:  # noqa: ANN401
        fields = {
            field.name: self._value(field.type, field.name)
            for field in kind.fields
            if field.name not in given and (_is_required(field) or self.draw.random() > _OMITTED)
        }
        return kind.cls(**fields | given)

    def _value(self, kind: described.Type, name: str) -> Any:  # noqa: ANN401 - of any type
        return self._makers[type(kind)](kind, name)

    def _union(self, kind: described.UnionType, name: str) -> Any:  # noqa: ANN401 - of any type
        return self._value(self.draw.choice(kind.types), name)

    def _text(self, kind: described.StrType, name: str) -> str:
        return self.name(name)[: kind.max_length].ljust(kind.min_length or 0, "x")

    def _whole(self, kind: described.IntType, _name: str) -> int:
        low, high = kind.ge or 0, kind.le if kind.le is not None else 2**53
        return min(max(self.draw.choice(_NUMBERS), low), high)

    def _part(self, kind: described.FloatType, _name: str) -> float:
        low, high = kind.ge or 0.0, kind.le if kind.le is not None else 2.0**53
        return min(max(self.draw.choice(_PARTS), low), high)

    def _several(self, kind: described.VarTupleType, name: str) -> tuple[Any, ...]:
        singular = name.removesuffix("s")
        return tuple(
            self._value(kind.item_type, singular) for _ in range(self.draw.choice(_LENGTHS))
        )

    def _pairs(self, kind: described.DictType, _name: str) -> dict[Any, Any]:
        count = self.draw.choice(_LENGTHS)
        return {
            self._value(kind.key_type, "device"): self._value(kind.value_type, "count")
            for _ in range(count)
        }


_describe = cache(described.type_info)


def _is_required(field: described.Field) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT
