"""A reader whose clock is wrong: told, alarmed about, and nobody is locked in by it."""

from datetime import timedelta

import pytest

from gateway.core.events import Reported
from gateway.core.facts import AlarmAcknowledged, AlarmCleared, AlarmRaised, Fact, UnlockDoor
from gateway.core.model.names import DeviceId
from gateway.core.readings import Availability, CredentialPresented
from gateway.core.requests import AcknowledgeAlarm
from tests.world.engine import Place, decided, of_kind
from tests.world.fablab import Fablab


@pytest.fixture
def place() -> Place:
    """An empty house on a Monday."""
    return Place()


def badge(
    place: Place,
    reader: str,
    age_s: float,
    *,
    live: bool = True,
    kept: bool = False,
    retained: bool = False,
) -> tuple[Fact, ...]:
    """Ada, ten seconds after the last one, by a clock that is behind."""
    place.now += timedelta(seconds=10)
    boot, seq = place.number(reader)
    at = place.now - timedelta(seconds=age_s)
    reading = CredentialPresented("hash-ada")
    return place.tell(
        Reported(DeviceId(reader), at, reading, boot, seq, retained=retained, live=live, kept=kept)
    )


def online(place: Place, reader: str, *, since_s: float) -> None:
    """It came online a while ago."""
    place.says(reader, Availability("online"))
    place.now += timedelta(seconds=since_s)


def test_a_refusal_by_a_wrong_clock_is_delivered(place: Place) -> None:
    """It expires by our clock; what somebody kept or sent late is answered to nobody."""
    said = decided(badge(place, "front-in", 70))
    assert (said.decision, said.reason) == ("denied", "too-old")
    assert said.expires == place.now + timedelta(seconds=5)
    assert decided(badge(place, "front-in", 70, live=False)).expires is None
    assert decided(badge(place, "front-in", 0, retained=True)).expires is None


def test_a_clock_that_is_behind_is_alarmed_about_and_forgiven(place: Place) -> None:
    """When three events in a row were late by the same time; one in time ends it."""
    alarms = [of_kind(badge(place, "front-in", 70), AlarmRaised) for _ in range(4)]
    raised = AlarmRaised("clock-skew", "front-in", place.now - timedelta(seconds=10), -70.0)
    assert alarms == [[], [], [raised], []]
    assert AlarmCleared("clock-skew", "front-in", place.now + timedelta(seconds=10)) in badge(
        place, "front-in", 0
    )


def test_a_clock_that_is_ahead_is_alarmed_about_at_once(place: Place) -> None:
    """Nothing else looks like it."""
    assert of_kind(badge(place, "front-in", -70), AlarmRaised)
    assert of_kind(badge(place, "front-in", 0), AlarmCleared)


def test_an_alarm_says_by_how_much_and_which_way(place: Place) -> None:
    """As the last events show it, whatever the clock was before; put right, it is right at once."""
    for age_s in (0, 0, 0, 70, 70.4):
        badge(place, "front-in", age_s)
    behind = badge(place, "front-in", 70.2)
    assert AlarmRaised("clock-skew", "front-in", place.now, -70.0) in behind
    ahead = badge(place, "front-in", -3600)
    assert AlarmCleared("clock-skew", "front-in", place.now) in ahead
    assert AlarmRaised("clock-skew", "front-in", place.now, 3600.0) in ahead
    badge(place, "front-in", -120)
    assert place.state.devices[DeviceId("front-in")].ahead_s == 120.0
    badge(place, "front-in", 0.5)
    assert place.state.devices[DeviceId("front-in")].ahead_s == -0.5


def test_who_looks_after_it_is_told_so_too() -> None:
    """The acknowledgement keeps what the alarm said."""
    place = Fablab()
    badge(place, "front-in", -70)
    facts = place.ask(AcknowledgeAlarm("clock-skew", "front-in"))
    (noted,) = of_kind(facts, AlarmAcknowledged)
    assert isinstance(noted, AlarmAcknowledged)
    assert noted.ahead_s == 70.0


def test_a_reader_that_sends_what_it_kept_has_no_wrong_clock(place: Place) -> None:
    """Its events are late by ever less."""
    for age_s in (600, 500, 400, 300, 200, 100):
        assert not of_kind(badge(place, "front-in", age_s, live=False), AlarmRaised)


def test_the_way_out_opens_whatever_the_reader_s_clock_says(place: Place) -> None:
    """It is online for a while, and the event came as soon as it was sent."""
    online(place, "lab-out", since_s=11)
    facts = badge(place, "lab-out", 70)
    assert decided(facts).decision == "granted"
    assert of_kind(facts, UnlockDoor)
    online(place, "front-out", since_s=11)
    said = decided(badge(place, "front-out", 90_000))
    assert (said.decision, said.unlock_s) == ("granted", 5.0)
    assert said.expires == place.now + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("since_s", "live", "kept"),
    [
        pytest.param(-5.0, True, False, id="it has just come back, and sends what it kept"),
        pytest.param(60.0, False, False, id="it waited here"),
        pytest.param(60.0, True, True, id="it may have waited at the broker"),
    ],
)
def test_no_way_out_opens_long_after(
    place: Place, since_s: float, *, live: bool, kept: bool
) -> None:
    """Whoever wanted to leave has left, and somebody else may stand outside."""
    online(place, "lab-out", since_s=since_s)
    facts = badge(place, "lab-out", 70, live=live, kept=kept)
    assert decided(facts).decision == "granted"
    assert not of_kind(facts, UnlockDoor)


def test_a_reader_without_a_status_is_known_by_its_steady_lateness(place: Place) -> None:
    """The third badge in a row opens the way out."""
    opened = [bool(of_kind(badge(place, "lab-out", 70), UnlockDoor)) for _ in range(4)]
    assert opened == [False, False, True, True]
    place.says("lab-out", Availability("offline"))
    assert not of_kind(badge(place, "lab-out", 70), UnlockDoor)


def test_a_status_tells_nothing_of_the_clock(place: Place) -> None:
    """It has no time of the device's own: a clock that is ahead stays so, and its alarm on."""
    badge(place, "front-in", -70)
    before = place.state.devices[DeviceId("front-in")].clock
    said = place.says("front-in", Availability("online"))
    assert of_kind(said, AlarmCleared) == []
    assert place.state.devices[DeviceId("front-in")].clock == before
