"""Requests on the wire: what a tool writes is what the gateway reads, and nothing else passes."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId, DoorId, MachineId, SiteId, ZoneId
from gateway.core.readings import WireError
from gateway.core.requests import (
    VERBS,
    AcknowledgeAlarm,
    EnrolBadge,
    MarkLeft,
    MarkMustered,
    OpenDoor,
    Order,
    PowerOff,
    Request,
    ResetDevice,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)
from gateway.wire.requests import RequestError, RequestOrigin, read_request, request_message
from gateway.wire.topics import Topics

HUB = SiteId("hub")
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
OPERATOR, ADA = HolderId("h-0123456789ab"), HolderId("h-ba9876543210")
ORDERS: tuple[Order, ...] = (
    SetMode("lockdown", "a fight in the hall"),
    OpenDoor(DoorId("front"), "a delivery"),
    OpenDoor(DoorId("front")),
    MarkMustered(ADA),
    MarkMustered(ADA, seen=False),
    MarkLeft(ADA, "seen in the street"),
    SetService(AccessPointId("front-in"), in_service=False, why="broken glass"),
    PowerOff(MachineId("laser"), why="it smokes"),
    PowerOff(MachineId("laser"), even_running=True),
    SetPeople(ZoneId("hall"), 12, "a head count"),
    TellVacant(ZoneId("hall"), "the alarm is armed"),
    AcknowledgeAlarm("held", "front", "I go and look"),
    ResetDevice(DeviceId("front-in"), "a new board"),
    EnrolBadge(DeviceId("front-in"), ADA),
    EnrolBadge(DeviceId("front-in")),
)
GOOD = {
    "transaction": "7f3a",
    "by": OPERATOR,
    "at": "2026-11-22T08:00:00Z",
    "mode": "lockdown",
    "why": "a fight in the hall",
}


def read(payload: bytes, verb: str = "mode", *, retained: bool = False) -> Request:
    """What the gateway reads on the topic of a verb."""
    return read_request(RequestOrigin(HUB, verb), payload, retained=retained)


def mode(**changed: object) -> bytes:
    """A good request for a mode, with fields changed; None takes one out."""
    fields = {name: value for name, value in (GOOD | changed).items() if value is not None}
    return json.dumps(fields).encode()


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_what_is_written_is_what_is_read(order: Order) -> None:
    """On the topic of its verb, at QoS 1 and never retained."""
    request = Request("7f3a", OPERATOR, AT, order)
    message = request_message(Topics(), HUB, request)
    verb = message.topic.rpartition("/")[2]
    assert message.topic == f"seuil/hub/request/{verb}"
    assert (message.qos, message.retain) == (1, False)
    assert b'"verb"' not in message.payload
    assert read(message.payload, verb) == request


def test_each_order_has_its_verb() -> None:
    """What the engine knows can be asked for."""
    written = [
        request_message(Topics(), HUB, Request("1", OPERATOR, AT, order)) for order in ORDERS
    ]
    assert {message.topic.rpartition("/")[2] for message in written} == set(VERBS)
    assert {type(order) for order in ORDERS} == set(get_args(Order))


def test_times_are_taken_in_utc() -> None:
    """Whatever the offset of the asker."""
    told = read(mode(at="2026-11-22T09:00:00+01:00"))
    assert (told.at, told.at.utcoffset()) == (AT, timedelta())


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        pytest.param({"mode": None}, "missing", "mode: is missing; one of normal", id="no mode"),
        pytest.param({"mode": "party"}, "out-of-range", "mode: is not allowed; one of", id="party"),
        pytest.param({"mode": 1}, "wrong-type", "mode: has the wrong type; one of", id="a number"),
        pytest.param({"why": "x" * 201}, "out-of-range", "at most 200 characters", id="a novel"),
        pytest.param({"door": "front"}, "unknown-field", "is not known here", id="a field more"),
        pytest.param({"verb": "open"}, "unknown-field", "verb: is not a field", id="a verb inside"),
        pytest.param({"by": None}, "missing", "by: is missing; a pseudonym", id="nobody asks"),
        pytest.param({"by": "x" * 65}, "out-of-range", "by: is not allowed", id="a long name"),
        pytest.param({"at": None}, "missing", "at: is missing; a time as RFC 3339", id="no time"),
        pytest.param({"at": "2026-11-22T08:00:00"}, "out-of-range", "its offset", id="no offset"),
        pytest.param(
            {"at": "0001-01-01T00:00:00+10:00"}, "out-of-range", "no usable time", id="year 0"
        ),
    ],
)
def test_what_cannot_be_understood(changed: dict[str, object], reason: str, detail: str) -> None:
    """With its transaction, so that it is answered, and with what would be right."""
    with pytest.raises(RequestError) as wrong:
        read(mode(**changed))
    assert (wrong.value.reason, wrong.value.error) == (reason, "malformed")
    assert detail in wrong.value.detail
    assert wrong.value.asked == RequestOrigin(HUB, "mode", "7f3a")


@pytest.mark.parametrize(
    ("verb", "reason", "detail"),
    [
        pytest.param("party", "unknown-verb", "one of mode, open, muster", id="no such verb"),
        pytest.param("open", "unknown-field", "is not known here", id="another verb's fields"),
    ],
)
def test_a_verb_is_the_topics(verb: str, reason: str, detail: str) -> None:
    """And has fields of its own."""
    with pytest.raises(RequestError) as wrong:
        read(mode(), verb)
    assert (wrong.value.reason, wrong.value.asked) == (reason, RequestOrigin(HUB, verb, "7f3a"))
    assert detail in wrong.value.detail


@pytest.mark.parametrize("transaction", [None, 7, "", "x" * 65])
def test_without_a_transaction_nobody_is_answered(transaction: object) -> None:
    """It is a request that cannot be understood all the same."""
    with pytest.raises(RequestError) as wrong:
        read(mode(transaction=transaction))
    assert wrong.value.asked.transaction is None
    assert "transaction: " in wrong.value.detail


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "not-json", id="nothing"),
        pytest.param(b'{"transaction":"7f3a",', "not-json", id="half of it"),
        pytest.param(b'{"transaction":"7f3a","at":NaN}', "not-json", id="NaN"),
        pytest.param(b'{"transaction":"1","transaction":"2"}', "duplicate-key", id="a key twice"),
        pytest.param(b'["transaction"]', "wrong-type", id="a list"),
        pytest.param(b'{"transaction":"\xff"}', "not-utf8", id="no UTF-8"),
    ],
)
def test_what_is_no_strict_json(payload: bytes, reason: str) -> None:
    """Has no transaction to be answered by: it is a dead letter and no more."""
    with pytest.raises(WireError) as wrong:
        read(payload)
    assert wrong.value.reason == reason
    assert not isinstance(wrong.value, RequestError)


def test_a_kept_request_is_nobodys_wish() -> None:
    """However good it is: the broker tells it to every gateway that starts."""
    with pytest.raises(RequestError) as wrong:
        read(mode(), retained=True)
    assert (wrong.value.error, wrong.value.asked.transaction) == ("retained", "7f3a")


def test_a_refusal_quotes_no_value() -> None:
    """What was typed into a wrong field may be a badge number."""
    for field in GOOD:
        with pytest.raises(WireError) as wrong:
            read(mode(**{field: ["04a224b2c31990"]}))
        assert "04a224" not in str(wrong.value)
    with pytest.raises(WireError) as wrong:
        read(mode(mode="missing required field `04a224b2c31990`"))
    assert wrong.value.reason == "out-of-range"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
_FIELDS = [*GOOD, "door", "holder", "verb", "in_service"]


@given(st.sampled_from([*VERBS, "party"]), st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_garbage_is_refused_or_understood(verb: str, fields: dict[str, object]) -> None:
    """Whatever comes, it is a request or a refusal that is explained; nothing else is raised."""
    with suppress(WireError):
        request = read(json.dumps(GOOD | fields).encode(), verb)
        assert type(request.order).__struct_config__.tag == verb
