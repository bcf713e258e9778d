"""What everyone is told: topics and payloads of each fact, and no personal data in any of them."""

import json
from datetime import datetime, timedelta
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from immutables import Map
from msgspec import structs

from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmRaised,
    Decided,
    DeviceMinute,
    DoorChanged,
    Fact,
    GapNoticed,
    HolderMoved,
    ModeChanged,
    MusterChanged,
    Noticed,
    OccupancyChanged,
    RequestAnswered,
    UnlockDoor,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.readings import Tampered, WireError
from gateway.core.requests import ERRORS, AcknowledgeAlarm
from gateway.core.state import ModeState, Muster, State
from gateway.service.messages import MessageFactory
from gateway.translation import both
from gateway.wire.message import PAYLOAD_LIMIT, CloudEvent, Outgoing
from gateway.wire.requests import VERB_MAX, RequestError, RequestOrigin
from gateway.wire.states import MISSING_MAX
from gateway.wire.texts import HINTS, REFUSALS
from gateway.wire.topics import Topics
from sensors.registry import Registry
from tests.world.engine import ANNEX, BOOTH, FRONT, HALL, LAB, LAB_DOOR, MONDAY, SITE, Place
from tests.world.fablab import Fablab

ANNOUNCER = MessageFactory(Registry([SITE]), Topics())
HUB = SITE.id
FRONT_IN = DeviceId("front-in")
EXPIRES = MONDAY + timedelta(seconds=5)
GRANTED = Decided(
    FRONT_IN, AccessPointId("front-in"), "granted", "plan", HolderId("h-1"), (), EXPIRES, 5.0
)


def payload(message: Outgoing) -> Any:  # noqa: ANN401 - JSON
    """What a message says."""
    return json.loads(message.payload)


def test_the_answer_is_a_command_to_its_reader() -> None:
    """QoS 1, never retained, void with the answer; the number names the journal's row."""
    (order,) = ANNOUNCER.orders(HUB, 42, GRANTED, boot=17, seq=412)
    assert structs.replace(order, payload=b"") == Outgoing(
        "seuil/hub/front-in/command", b"", qos=1, retain=False, expires=EXPIRES
    )
    assert payload(order) == {
        "type": "access",
        "id": "42",
        "decision": "granted",
        "reason": "plan",
        "boot": 17,
        "seq": 412,
        "unlock_s": 5.0,
        "expires": "2026-11-23T10:00:05Z",
        "message": {"fr": "Bienvenue.", "en": "Welcome."},
    }


def test_an_unlock_order_goes_to_the_lock() -> None:
    """It is not the reader's to open that door."""
    fact = UnlockDoor(LAB_DOOR, DeviceId("lab-lock"), 3.0, EXPIRES)
    (order,) = ANNOUNCER.orders(HUB, 42, fact)
    assert (order.topic, order.expires, order.retain) == (
        "seuil/hub/lab-lock/command", EXPIRES, False,
    )  # fmt: skip
    assert payload(order) == {
        "type": "unlock", "id": "42", "unlock_s": 3.0, "expires": "2026-11-23T10:00:05Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    "fact",
    [
        pytest.param(structs.replace(GRANTED, expires=None), id="a late or retained event"),
        pytest.param(DoorChanged(FRONT, "open", MONDAY), id="a door's state"),
    ],
)
def test_nothing_else_is_an_order(fact: Fact) -> None:
    """What may not act sends no command."""
    assert ANNOUNCER.orders(HUB, 42, fact) == ()


def test_a_press_of_an_exit_button_is_told_of_its_door() -> None:
    """There is no access point; the way is out."""
    pressed = Decided(
        DeviceId("lab-button"), None, "granted", "exit-button", None, (), door=LAB_DOOR
    )
    told = payload(ANNOUNCER.decision(SITE, 42, pressed, MONDAY, MONDAY))
    assert {key: told[key] for key in ("door", "access_point", "zone", "direction", "holder")} == {
        "door": "lab-door",
        "access_point": None,
        "zone": "lab",
        "direction": "exit",
        "holder": None,
    }
    assert ANNOUNCER.orders(HUB, 42, pressed) == ()


def test_a_decision_is_told_with_a_pseudonym() -> None:
    """Not retained: it is news. Where the device's clock is ahead, it took no time."""
    at, now = MONDAY, MONDAY + timedelta(milliseconds=12)
    told = ANNOUNCER.decision(SITE, 42, GRANTED, at, now)
    assert (told.topic, told.qos, told.retain) == ("seuil/hub/access", 0, False)
    assert payload(told) == {
        "id": "42",
        "at": "2026-11-23T10:00:00Z",
        "reader": "front-in",
        "access_point": "front-in",
        "zone": "hall",
        "direction": "entry",
        "decision": "granted",
        "reason": "plan",
        "holder": "h-1",
        "message": {"fr": "Bienvenue.", "en": "Welcome."},
        "latency_ms": 12.0,
        "late": False,
        "door": "front",
    }
    assert payload(ANNOUNCER.decision(SITE, 42, GRANTED, now, at))["latency_ms"] == 0


def test_a_decision_at_a_reader_that_guards_nothing() -> None:
    """Has no place."""
    decided = Decided(DeviceId("spare"), None, "denied", "credential-unknown", None, ())
    told = payload(ANNOUNCER.decision(SITE, 1, decided, MONDAY, MONDAY))
    assert (told["access_point"], told["zone"], told["holder"]) == (None, None, None)


@pytest.mark.parametrize(
    ("fact", "topic", "said"),
    [
        pytest.param(
            OccupancyChanged(HALL, MONDAY, 2, 1, 3, 2, 3, 0.0, 0.5, stale=False),
            "seuil/hub/zone/hall/occupancy",
            {"at": "2026-11-23T10:00:00Z", "people": 2, "low": 1, "high": 3, "known": 2,
             "capacity": 3, "p_vacant": 0.0, "p_full": 0.5, "stale": False},
            id="occupancy",
        ),
        pytest.param(
            DoorChanged(FRONT, "forced", MONDAY),
            "seuil/hub/door/front/state",
            {"at": "2026-11-23T10:00:00Z", "state": "forced"},
            id="a door",
        ),
        pytest.param(
            AlarmRaised("forced", "front", MONDAY),
            "seuil/hub/alarm/forced/front",
            {"at": "2026-11-23T10:00:00Z", "kind": "forced", "object": "front"},
            id="an alarm",
        ),
        pytest.param(
            AlarmAcknowledged(
                "held", "front", raised=MONDAY, at=EXPIRES, by=HolderId("h-1"), why="I go"
            ),
            "seuil/hub/alarm/held/front",
            {"at": "2026-11-23T10:00:00Z", "kind": "held", "object": "front",
             "acknowledged_at": "2026-11-23T10:00:05Z", "acknowledged_by": "h-1"},
            id="an alarm that somebody looks after",
        ),
    ],
)  # fmt: skip
def test_states_are_retained(fact: Fact, topic: str, said: dict[str, object]) -> None:
    """Whoever subscribes later knows them too."""
    (message,) = ANNOUNCER.states(SITE, [fact]).values()
    assert (message.topic, message.retain, payload(message)) == (topic, True, said)


def test_a_cleared_alarm_is_an_empty_message() -> None:
    """Which the broker forgets."""
    (message,) = ANNOUNCER.states(SITE, [AlarmCleared("held", "front", MONDAY)]).values()
    assert (message.topic, message.payload) == ("seuil/hub/alarm/held/front", b"")
    assert message.retain


def test_a_fact_says_what_it_is() -> None:
    """As a CloudEvent, by its journal's number or the time at which a state began."""
    decided = ANNOUNCER.decision(SITE, 42, GRANTED, MONDAY, MONDAY).event
    assert decided == CloudEvent("seuil.access.decided", "42", MONDAY)
    (opened,) = ANNOUNCER.states(SITE, [DoorChanged(FRONT, "open", MONDAY)]).values()
    assert opened.event == CloudEvent("seuil.door.changed", "2026-11-23T10:00:00+00:00", MONDAY)


def test_what_is_told_again_is_no_event() -> None:
    """A broker that came back hears how it stands; nothing has happened by it."""
    told = ANNOUNCER.everything(SITE, State(), MONDAY)
    assert told
    assert [message for message in told if message.event is not None] == []


def test_the_last_word_on_a_topic_is_the_only_one() -> None:
    """A batch with twenty changes of a door tells one; what is not a state tells none."""
    states = ("unlocked", "open", "locked")
    facts: list[Fact] = [DoorChanged(FRONT, state, MONDAY) for state in states]  # type: ignore[arg-type]
    facts += [
        GapNoticed(FRONT_IN, 1, 2, 3),
        HolderMoved(HolderId("h-1"), None, HALL, MONDAY),
        DeviceMinute(FRONT_IN, MONDAY, None, None, None, 0, 0),
    ]
    (message,) = ANNOUNCER.states(SITE, facts).values()
    assert payload(message)["state"] == "locked"


def retained(place: Place, now: datetime = MONDAY) -> dict[str, bytes]:
    """What a broker that knows nothing is told."""
    return {
        message.topic: message.payload
        for message in ANNOUNCER.everything(place.site, place.state, now)
    }


def test_a_new_broker_is_told_everything() -> None:
    """Each zone, each door, each alarm that is on; all retained."""
    place = Place()
    place.enter("ada")
    place.contact("terrace-contact", "open")
    place.says("pir", Tampered(active=True))
    assert all(one.retain for one in ANNOUNCER.everything(SITE, place.state, MONDAY))
    told = retained(place)
    assert {topic for topic, said in told.items() if "/zone/" in topic and said} == {
        f"seuil/hub/zone/{zone.id}/occupancy" for zone in SITE.zones
    }
    assert json.loads(told["seuil/hub/mode"]) == {"mode": "normal", "since": None, "by": None}
    assert json.loads(told["seuil/hub/zone/hall/occupancy"])["people"] == 1
    assert {topic for topic in told if "/door/" in topic} == {
        f"seuil/hub/door/{door.id}/state" for door in SITE.doors
    }
    alarms = {topic for topic, said in told.items() if "/alarm/" in topic and said}
    assert {"seuil/hub/alarm/tamper/pir"} <= alarms
    assert len(alarms) == len(place.state.alarms)


def test_a_new_broker_is_told_who_looks_after_an_alarm() -> None:
    """The same message as at the acknowledgement itself."""
    place = Fablab()
    place.says("pir", Tampered(active=True))
    place.after(7)
    facts = place.ask(AcknowledgeAlarm("tamper", "pir", "I go"))
    topic = "seuil/hub/alarm/tamper/pir"
    assert retained(place)[topic] == ANNOUNCER.states(SITE, facts)[topic].payload
    assert json.loads(retained(place)[topic])["acknowledged_by"] == "gil"


def test_no_message_has_a_credential() -> None:
    """Of a day with all kinds of facts: pseudonyms at most, and only with decisions."""
    place = Place()
    place.enter("ada", "bob", "cyd", "dan")
    place.badge("lab-in", "ada")
    place.badge("front-in", "stranger")
    place.after(61)
    secrets = [str(badge) for badge in place.state.directory.credentials] + ["stranger"]
    messages = [*ANNOUNCER.states(SITE, place.said).values()]
    messages += ANNOUNCER.everything(SITE, place.state, MONDAY)
    people = [str(holder) for holder in place.state.directory.holders]
    for message in messages:
        assert not any(f'"{name}"' in message.payload.decode() for name in people), message.topic
    for n, fact in enumerate(place.said):
        messages += ANNOUNCER.orders(HUB, n, fact, 1, 1)
        if isinstance(fact, Decided):
            messages.append(ANNOUNCER.decision(SITE, n, fact, MONDAY, MONDAY))
    assert len(messages) > 30
    text = " ".join(message.topic + message.payload.decode() for message in messages)
    assert not [secret for secret in secrets if secret in text]


def test_what_a_new_space_file_has_no_more_is_emptied() -> None:
    """Retained messages of rooms and doors that are gone would be believed for ever."""
    smaller = structs.replace(
        SITE, doors=tuple(door for door in SITE.doors if door.id != LAB_DOOR), zones=SITE.zones[:-1]
    )
    assert ANNOUNCER.removed(SITE, smaller) == [
        Outgoing(f"seuil/hub/{place}", b"", retain=True)
        for place in ("door/lab-door/state", "zone/annex/muster", "zone/annex/occupancy")
    ]
    assert ANNOUNCER.removed(SITE, SITE) == ANNOUNCER.removed(None, SITE) == []


# -- modes and muster lists

OPERATOR = HolderId("h-op")
EVACUATED = ModeChanged("evacuation", "normal", OPERATOR, "fire drill", MONDAY)


def states(*facts: Fact) -> dict[str, Any]:
    """What each topic says after these facts; "" is a message that the broker forgets."""
    told = ANNOUNCER.states(SITE, facts).values()
    assert all(message.retain for message in told)
    return {message.topic: payload(message) if message.payload else "" for message in told}


def test_a_mode_says_since_when_who_and_why() -> None:
    """In the operator's own words, and with their pseudonym."""
    assert states(EVACUATED)["seuil/hub/mode"] == {
        "mode": "evacuation", "since": "2026-11-23T10:00:00Z", "by": "h-op", "why": "fire drill",
    }  # fmt: skip


def test_a_muster_list_names_the_missing() -> None:
    """By pseudonym."""
    waiting = MusterChanged(HALL, MONDAY, 3, 1, (HolderId("h-1"), HolderId("h-2")))
    assert states(waiting)["seuil/hub/zone/hall/muster"] == {
        "at": "2026-11-23T10:00:00Z", "expected": 3, "seen": 1, "missing": ["h-1", "h-2"],
        "more": 0,
    }  # fmt: skip


def test_a_muster_list_stays_within_a_message() -> None:
    """However many are missing, it names a hundred and counts the others."""
    crowd = tuple(HolderId(f"h-{number:012x}") for number in range(5000))
    (message,) = ANNOUNCER.states(SITE, [MusterChanged(HALL, MONDAY, 5000, 0, crowd)]).values()
    said = payload(message)
    assert (said["missing"], said["more"]) == (list(crowd[:MISSING_MAX]), 4900)
    assert len(message.payload) <= PAYLOAD_LIMIT


def test_a_list_that_waits_for_nobody_is_emptied() -> None:
    """The broker forgets it: so it ends with the evacuation."""
    waiting = MusterChanged(HALL, MONDAY, 1, 0, (HolderId("h-1"),))
    everybody_is_safe = MusterChanged(HALL, MONDAY, 1, 1, ())
    over = MusterChanged(HALL, MONDAY, 0, 0, ())
    hall = "seuil/hub/zone/hall/muster"
    assert states(waiting, everybody_is_safe)[hall]["seen"] == 1
    assert states(waiting, over)[hall] == ""


def evacuated(**muster: Muster) -> State:
    """A state in which these are waited for."""
    mode = ModeState("evacuation", MONDAY, OPERATOR, "fire drill")
    entries = {HolderId(name): entry for name, entry in muster.items()}
    return structs.replace(Place().state, mode=mode, muster=Map(entries))


def test_a_new_broker_is_told_the_mode_and_the_muster_lists() -> None:
    """Each zone waits for its own people, and for those of the zones inside it."""
    state = evacuated(
        ada=Muster(HALL), bob=Muster(LAB, MONDAY, "mustered"), cyd=Muster(LAB), dan=Muster(ANNEX)
    )
    told: dict[str, Any] = {
        message.topic: payload(message) if message.payload else ""
        for message in ANNOUNCER.everything(SITE, state, MONDAY)
    }
    assert told["seuil/hub/mode"]["why"] == "fire drill"
    lists = {
        zone.id: told[f"seuil/hub/zone/{zone.id}/muster"] for zone in SITE.zones if zone.id != BOOTH
    }
    assert {
        zone: (said["expected"], said["seen"], said["missing"]) for zone, said in lists.items()
    } == {
        "house": (3, 1, ["ada", "cyd"]),
        "hall": (1, 0, ["ada"]),
        "lab": (2, 1, ["cyd"]),
        "annex": (1, 0, ["dan"]),
    }
    assert told["seuil/hub/zone/booth/muster"] == ""


def test_a_muster_list_of_an_evacuation_that_ended_while_we_were_away_is_emptied() -> None:
    """The broker may still keep it."""
    assert {said for topic, said in retained(Place()).items() if topic.endswith("/muster")} == {b""}


def test_only_alarms_that_are_on_are_told() -> None:
    """With thousands of devices, the others would be most of what is said at a reconnect."""
    place = Place()
    assert not [topic for topic in retained(place) if "/alarm/" in topic]
    place.says("pir", Tampered(active=True))
    assert [topic for topic in retained(place) if "/alarm/" in topic] == [
        "seuil/hub/alarm/tamper/pir"
    ]


def test_an_alarm_about_a_clock_says_how_far_it_is_off() -> None:
    """When it is raised, when somebody looks after it, and to a broker that we come back to."""
    place = Place()
    facts = place.badge("front-in", "ada", age_s=-70)
    topic = "seuil/hub/alarm/clock-skew/front-in"
    again = json.loads(retained(place)[topic])
    assert again == payload(ANNOUNCER.states(SITE, facts)[topic])
    assert (again["object"], again["ahead_s"]) == ("front-in", 70.0)
    noted = AlarmAcknowledged("clock-skew", "front-in", MONDAY, MONDAY, OPERATOR, ahead_s=70.0)
    said = payload(ANNOUNCER.states(SITE, [noted])[topic])
    assert (said["ahead_s"], said["acknowledged_by"]) == (70.0, OPERATOR)


def test_an_alarms_topic_names_it() -> None:
    """And no other topic does."""
    assert ANNOUNCER.alarm_of("seuil/hub/alarm/held/front") == ("hub", "held", "front")
    for other in ("seuil/hub/door/front/state", "other/hub/alarm/held/front", "x", ""):
        assert ANNOUNCER.alarm_of(other) is None


# -- requests


def test_a_response_says_what_became_of_a_request() -> None:
    """On the verb's own topic, once, with its transaction; not retained."""
    done = RequestAnswered("t-1", "open", OPERATOR)
    message = ANNOUNCER.response(SITE, done)
    assert (message.topic, message.qos, message.retain) == ("seuil/hub/response/open", 1, False)
    assert payload(message) == {
        "transaction": "t-1", "status": "ok", "message": {"fr": "C'est fait.", "en": "Done."},
    }  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
def test_each_error_has_its_sentence(error: str) -> None:
    """That tells what to do."""
    refused = RequestAnswered("t-1", "open", OPERATOR, error)
    said = payload(ANNOUNCER.response(SITE, refused))
    assert (said["status"], said["error"]) == ("error", error)
    assert said["message"] == msgspec.to_builtins(both(REFUSALS[error]))


def refusal(verb: str, transaction: str | None) -> Outgoing | None:
    """The answer to a request that nobody can read."""
    wrong = WireError("missing", "mode: is missing; one of …")
    return ANNOUNCER.refusal(RequestError(wrong, RequestOrigin(HUB, verb, transaction)))


def test_a_request_that_nobody_can_read_is_answered_with_what_would_be_right() -> None:
    """If it has a transaction, and a verb that can be a topic's."""
    message = refusal("mode", "t-1")
    assert message is not None
    said = payload(message)
    assert (message.topic, said["error"]) == ("seuil/hub/response/mode", "malformed")
    assert (said["status"], said["detail"]) == ("error", "mode: is missing; one of …")
    assert refusal("mode", None) is None
    assert refusal("x" * (VERB_MAX + 1), "t-1") is None
    assert refusal("", "t-1") is None


@pytest.mark.parametrize(
    ("noticed", "topic", "sentence"),
    [
        (
            Noticed("tailgating", HALL, None, MONDAY),
            "seuil/hub/hint/tailgating/hall",
            "the hall: possible tailgating, more people than badges.",
        ),
        (
            Noticed("forgotten-exit", HALL, HolderId("h-0042"), MONDAY),
            "seuil/hub/hint/forgotten-exit/hall",
            "the hall: fewer people than badges.",
        ),
        (
            Noticed("passback", "front-in", HolderId("h-0042"), MONDAY),
            "seuil/hub/hint/passback/front-in",
            "the front: a badge entered twice",
        ),
        (
            Noticed("too-many-attempts", "laser-on", None, MONDAY),
            "seuil/hub/hint/too-many-attempts/laser-on",
            "the lab: too many wrong PINs",
        ),
    ],
    ids=["tailgating", "a forgotten way out", "passback", "wrong codes at a machine"],
)
def test_a_hint_is_told_once_with_a_sentence(noticed: Noticed, topic: str, sentence: str) -> None:
    """Not retained: it is of that moment. The holder is a pseudonym, or nobody knows."""
    (message,) = ANNOUNCER.hints(SITE, (noticed, DoorChanged(FRONT, "open", MONDAY)))
    assert (message.topic, message.qos, message.retain) == (topic, 0, False)
    told = json.loads(message.payload)
    assert (told["kind"], told["object"], told["holder"]) == (
        noticed.kind,
        noticed.object,
        noticed.holder,
    )
    assert told["message"]["en"].startswith(sentence)
    assert told["message"]["fr"].partition(" : ")[0] == sentence.partition(":")[0].replace(
        "the", "le"
    )
    assert set(told) == {"at", "kind", "object", "holder", "message"}


def test_each_hint_has_its_sentence() -> None:
    """In both languages."""
    kinds = get_args(get_type_hints(Noticed)["kind"])
    assert set(HINTS) == set(kinds)
    assert all("%(where)s" in both(told).fr and "%(where)s" in told for told in HINTS.values())


def test_a_late_decision_is_told_as_late() -> None:
    """The reader decided so alone, and tells us now."""
    late = structs.replace(GRANTED, expires=None, late=True)
    assert payload(ANNOUNCER.decision(SITE, 42, late, MONDAY, MONDAY))["late"] is True
    assert ANNOUNCER.orders(HUB, 42, late) == ()
