"""Operators' requests on the wire: encodes them for tools, and decodes them for the gateway.

The payload has the order's own fields and three that every request has; the verb is the topic's
last level:

    seuil/hub/request/mode
    {"transaction": "7f3a", "by": "h-0123456789ab", "at": "2026-11-22T08:00:00Z",
     "mode": "lockdown", "why": "a fight in the hall"}

Decoding is strict: an unknown field is treated as misspelt, and a retained message is refused,
since it is not a current request.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, get_args

import msgspec
from msgspec import Meta, Struct

from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.readings import WireError
from gateway.core.requests import VERBS, Mode, Order, Request, TransactionId
from gateway.wire import strict_json
from gateway.wire.message import Outgoing
from gateway.wire.topics import Topics

VERB_MAX: Final = 32
"""Maximum characters of a verb that has a response topic of its own."""
HOLDER_MAX: Final = 64
"""Maximum characters of a pseudonym; ours have 14."""


class RequestOrigin(Struct, frozen=True):
    """The identity of a request, as far as it could be decoded."""

    site: SiteId
    verb: str
    transaction: str | None = None


class RequestError(WireError):
    """A request that is malformed or retained; it is answered if it has a transaction.

    `error` is the response's code: `malformed` or `retained`.
    """

    def __init__(self, wrong: WireError, asked: RequestOrigin) -> None:
        super().__init__(wrong.reason, wrong.detail)
        self.asked = asked
        self.error = "retained" if wrong.reason == "retained" else "malformed"


class RequestEnvelope(Struct, frozen=True):
    """The fields that every request has."""

    transaction: TransactionId
    by: Annotated[HolderId, Meta(min_length=1, max_length=HOLDER_MAX)]
    at: Annotated[datetime, Meta(tz=True)]


_ENVELOPE: Final = frozenset(RequestEnvelope.__struct_fields__)


def request_message(topics: Topics, site: SiteId, request: Request) -> Outgoing:
    """Return the message of a request."""
    fields: dict[str, object] = msgspec.to_builtins(request)
    order: dict[str, object] = msgspec.to_builtins(request.order)
    verb = str(order.pop("verb"))
    del fields["order"]
    payload = msgspec.json.encode(fields | order)
    return Outgoing(topics.request(site, verb), payload, qos=1)


def read_request(asked: RequestOrigin, payload: bytes, *, retained: bool) -> Request:
    """Decode a payload on a request topic.

    Raises:
        WireError: It is not strict JSON, so that it cannot be answered.
        RequestError: It is malformed, or was retained by the broker.
    """
    fields = strict_json.read(payload)
    asked = msgspec.structs.replace(asked, transaction=_transaction(fields))
    if retained:
        wrong = WireError("retained", "a request must not be retained; publish it without retain")
        raise RequestError(wrong, asked)
    try:
        return _request(asked.verb, fields)
    except WireError as wrong:
        raise RequestError(wrong, asked) from None


def _transaction(fields: dict[str, Any]) -> str | None:
    try:
        return msgspec.convert(fields.get("transaction"), TransactionId)
    except msgspec.ValidationError:
        return None


def _request(verb: str, fields: dict[str, Any]) -> Request:
    if verb not in VERBS:
        raise WireError("unknown-verb", f"the topic ends in no verb; one of {', '.join(VERBS)}")
    if "verb" in fields:  # or it would stand for the topic's
        raise WireError("unknown-field", "verb: is not a field; the topic's last level says it")
    own = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    try:
        envelope = msgspec.convert(fields, RequestEnvelope)
        order = msgspec.convert(own | {"verb": verb}, Order)
    except msgspec.ValidationError as error:
        raise strict_json.explained(error, _RIGHT) from None
    return Request(envelope.transaction, envelope.by, _in_utc(envelope.at), order)


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999, and an offset that leads out of the calendar
        raise WireError("out-of-range", f"at: is no usable time; {_RIGHT['at']}") from None


_PSEUDONYM: Final = "a pseudonym such as h-0123456789ab"
_ID: Final = "an id of the space file"
_RIGHT: Final = {
    "transaction": "text of 1 to 64 characters, of the asker's own making",
    "by": _PSEUDONYM,
    "at": "a time as RFC 3339 with its offset, such as 2026-11-22T08:00:00Z",
    "mode": f"one of {', '.join(get_args(Mode))}",
    "why": "text of at most 200 characters",
    "door": _ID,
    "device": _ID,
    "access_point": _ID,
    "holder": _PSEUDONYM,
    "machine": _ID,
    "even_running": "true or false",
    "seen": "true or false",
    "in_service": "true or false",
    "kind": "the kind of an alarm that is on, as in its topic",
    "object": "what the alarm is about, as in its topic",
}
"""The correct value of each field."""
