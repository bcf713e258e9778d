"""Strict JSON for the wire: one object, UTF-8, no NaN, no duplicate key, no deep nesting.

msgspec refuses NaN, Infinity and bad syntax by itself. The rest is checked here: if two parsers
read an ambiguous message differently, one value passes the check and another one is used.
"""

import json
import re
from collections.abc import Mapping

import msgspec

from gateway.core.readings import WireError

DEPTH_LIMIT = 16
"""Levels of objects and lists; real devices use 4, and deep input may exhaust a parser's stack."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_MISSING = re.compile(r"^Object missing required field `(\w+)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `")
_PLACE = re.compile(r"at `\$\.(\w+)`$")
_decode = msgspec.json.Decoder(dict[str, object]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read(payload: bytes) -> dict[str, object]:
    """Decode a payload that is one JSON object.

    Raises:
        WireError: as `check`, and `out-of-range` for a number past 1e308.
    """
    check(payload)
    try:
        return _decode(payload)
    except msgspec.ValidationError:
        raise WireError("out-of-range", "a number is too large; at most 1e308") from None
    except msgspec.DecodeError:
        raise not_json() from None


def check(payload: bytes) -> None:
    """Refuse a payload that is not one strict JSON object.

    Nearly every message passes without an exact search for duplicate keys. Without a backslash,
    quotes only delimit strings, so there are as many keys as colons outside strings; if the decoded
    objects have as many members, no key was a duplicate.

    Raises:
        WireError: `not-utf8`, `not-json`, `too-deep`, `duplicate-key` or `wrong-type`.
    """
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise WireError("not-utf8", "the payload must be UTF-8") from None
    if text.count("{") + text.count("[") > DEPTH_LIMIT:
        _check_depth(text)
    members = _count_members(payload)
    if "\\" in text or "".join(text.split('"')[::2]).count(":") != members:
        _check_keys(text)


def not_json() -> WireError:
    """Return the error for a text that is not JSON."""
    return WireError("not-json", "the payload must be strict JSON")


def explained(error: msgspec.DecodeError, right: Mapping[str, str]) -> WireError:
    """Convert msgspec's error without quoting the message: a value may be a badge number.

    `right` describes the correct value of each field.
    """
    if not isinstance(error, msgspec.ValidationError):
        return not_json()
    said = str(error)
    if missing := _MISSING.match(said):
        field = missing[1]
        return WireError("missing", f"{field}: is missing; {right[field]}")
    if _UNKNOWN.match(said):
        return WireError("unknown-field", "a field is not known here; is one misspelt?")
    place = _PLACE.search(said)
    if place is None:
        return WireError("wrong-type", "the payload must be one JSON object")
    field = place[1]
    if said.startswith("Expected") and (", got" in said or field == "type"):
        return WireError("wrong-type", f"{field}: has the wrong type; {right[field]}")
    reason = "unknown-type" if field == "type" else "out-of-range"
    return WireError(reason, f"{field}: is not allowed; {right[field]}")


def _count_members(payload: bytes) -> int:
    try:
        return len(_members(payload))
    except msgspec.ValidationError:
        raise WireError("wrong-type", "the payload must be one JSON object") from None
    except msgspec.DecodeError:
        raise not_json() from None


def _check_keys(text: str) -> None:
    """Refuse duplicate keys exactly: compare them unescaped, object by object."""
    try:
        json.loads(text, object_pairs_hook=_distinct)
    except ValueError:
        raise not_json() from None


def _distinct(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise WireError("duplicate-key", "a key stands twice in one object; at most once")


def _check_depth(text: str) -> None:
    depth = 0
    for sign in _STRING.sub("", text):
        if sign in "{[":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise WireError("too-deep", f"at most {DEPTH_LIMIT} levels of objects and lists")
        elif sign in "}]":
            depth -= 1
