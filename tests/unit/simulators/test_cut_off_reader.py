"""The simulated reader while it is cut off: it decides by its list, opens, and tells later."""

from datetime import timedelta
from typing import Literal

import msgspec

from gateway.core.access.offline_rights import presented_hash
from gateway.core.model.directory import CredentialHash
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.readings import DoorReported
from gateway.wire.commands import AccessCommand, Ack
from gateway.wire.message import encode
from gateway.wire.offline_rights import RightsGroup, RightsMessage, RightsPage
from simulators.devices import FIRMWARE, Event, SimulatedReader
from tests.world.engine import MONDAY

BADGE = "04a224b2c31990"
KEY = b"readers"
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def reader(*, lists: bool = True, limit: int = 10) -> SimulatedReader:
    """A reader, with Ada's badge on its list from one hour to three."""
    found = SimulatedReader(SiteId("hub"), DeviceId("front"), boot=1, limit=limit)
    if not lists:
        return found
    found.trust(KEY)
    key = CredentialHash(presented_hash(KEY, BADGE)[:16])
    page = RightsPage("v1", 0, (RightsGroup(((60, 180),), (key,)),))
    head = RightsMessage("v1", "listed", MONDAY, MONDAY + 24 * HOUR, 1, 1, 7.0)
    assert found.on_rights("seuil/hub/front/rights/0", encode(page)) is None
    status = found.on_rights("seuil/hub/front/rights", encode(head))
    assert status is not None
    assert (status.topic, status.retain) == ("seuil/hub/front/status", True)
    said = {"state": "online", "firmware": FIRMWARE, "rights": "v1"}
    assert msgspec.json.decode(status.payload) == said
    return found


def decided(event: Event | None) -> str | None:
    """What an event says that the reader decided."""
    assert event is not None
    found: str | None = msgspec.json.decode(event.message.payload).get("decided")
    return found


def test_online_it_asks_and_decides_nothing() -> None:
    """Whatever its list says."""
    front = reader()
    assert decided(front.present(BADGE, MONDAY + HOUR)) is None
    assert front.unlocked_until is None


def test_cut_off_it_opens_for_who_is_on_its_list_now() -> None:
    """For as long as the list says, within the hours of the entry."""
    front = reader()
    front.went_offline()
    assert decided(front.present(BADGE, MONDAY)) == "denied"
    assert decided(front.present("deadbeef", MONDAY + HOUR)) == "denied"
    assert front.unlocked_until is None
    assert decided(front.present(BADGE, MONDAY + HOUR)) == "granted"
    assert front.unlocked_until == MONDAY + HOUR + timedelta(seconds=7)
    assert decided(front.present(BADGE, MONDAY + 3 * HOUR)) == "denied"


def test_it_reads_a_badge_as_its_format_spells_it() -> None:
    """The list has canonical numbers; what is no number of this format opens nothing."""
    front = reader()
    front.went_offline()
    dashes = "-".join(str(byte) for byte in bytes.fromhex(BADGE))
    assert decided(front.present(dashes, MONDAY + HOUR, format="decimal-dashes")) == "granted"
    assert decided(front.present("what", MONDAY + HOUR)) == "denied"


def test_what_it_decided_is_sent_when_it_is_back() -> None:
    """As it was, with the time at which it happened."""
    front = reader()
    front.went_offline()
    event = front.present(BADGE, MONDAY + HOUR)
    assert front.came_online(MONDAY + 2 * HOUR) == [event]
    assert event is not None
    assert msgspec.json.decode(event.message.payload)["at"] == "2026-11-23T11:00:00.000Z"


def test_without_the_readers_key_it_decides_nothing() -> None:
    """It keeps what happened, as every device does."""
    front = reader(lists=False)
    assert front.on_rights("seuil/hub/front/rights", b"{}") is None
    front.went_offline()
    assert decided(front.present(BADGE, MONDAY + HOUR)) is None
    assert front.unlocked_until is None


def test_a_full_store_opens_nothing() -> None:
    """A door that opens without anybody ever knowing is none."""
    front = reader(limit=1)
    front.went_offline()
    assert front.present("deadbeef", MONDAY + HOUR) is not None
    assert front.present(BADGE, MONDAY + HOUR) is None
    assert front.unlocked_until is None


def answer(seq: int, decision: Literal["granted", "denied"] = "granted") -> AccessCommand:
    """The gateway's answer to an event of the first boot."""
    expires = MONDAY + 24 * HOUR
    return AccessCommand("7", decision, "plan", 1, seq, 5.0, expires, Text("", ""))


def test_without_an_answer_it_decides_alone() -> None:
    """Connected as it is: the same event, sent again with what it did, of when it was asked."""
    front = reader()
    asked = front.present(BADGE, MONDAY + HOUR)
    assert asked is not None
    told = front.give_up(asked.key, MONDAY + HOUR + 2 * SECOND)
    assert (decided(told), told is not None and told.key) == ("granted", asked.key)
    assert front.unlocked_until == MONDAY + HOUR + 9 * SECOND
    assert told is not None
    before, after = (msgspec.json.decode(one.message.payload) for one in (asked, told))
    assert after == before | {"decided": "granted"}
    assert front.came_online(MONDAY + 2 * HOUR) == [told]


def test_an_answer_that_comes_after_that_is_void() -> None:
    """It has been decided."""
    front = reader()
    asked = front.present("deadbeef", MONDAY + HOUR)
    assert asked is not None
    assert decided(front.give_up(asked.key, MONDAY + HOUR + 2 * SECOND)) == "denied"
    assert front.on_command(answer(asked.seq), MONDAY + HOUR + 3 * SECOND).effect == "repeated"
    assert front.unlocked_until is None


def test_who_was_answered_does_not_decide() -> None:
    """Nor twice, nor without a list, nor where nothing could be kept of it."""
    front = reader()
    asked = front.present(BADGE, MONDAY + HOUR)
    assert asked is not None
    front.on_command(answer(asked.seq, "denied"), MONDAY + HOUR)
    assert front.give_up(asked.key, MONDAY + HOUR + 2 * SECOND) is None
    again = front.present(BADGE, MONDAY + HOUR)
    assert again is not None
    assert front.give_up(again.key, MONDAY + HOUR + 2 * SECOND) is not None
    assert front.give_up(again.key, MONDAY + HOUR + 3 * SECOND) is None
    without = reader(lists=False)
    unknown = without.present(BADGE, MONDAY + HOUR)
    assert unknown is not None
    assert without.give_up(unknown.key, MONDAY + HOUR + 2 * SECOND) is None


def test_what_is_on_disk_already_is_kept_again_if_there_is_room() -> None:
    """It has something new to say; a full store opens nothing."""
    front = reader(limit=1)
    asked = front.present(BADGE, MONDAY + HOUR)
    assert asked is not None
    front.on_ack(Ack(*asked.key))
    front.report(DoorReported("closed"), MONDAY + HOUR)
    assert front.give_up(asked.key, MONDAY + HOUR + 2 * SECOND) is None
    assert front.unlocked_until is None
    front.on_ack(Ack(1, 2))
    assert front.give_up(asked.key, MONDAY + HOUR + 2 * SECOND) is not None
    assert front.kept == (asked.key,)


def test_it_does_not_wait_for_a_gateway_that_is_known_to_be_gone() -> None:
    """Its retained state says so; of several, one that is there is enough."""
    front = reader()
    front.on_gateway("seuil/gateway/gw1/state", b"offline")
    assert decided(front.present(BADGE, MONDAY + HOUR)) == "granted"
    assert front.due_resends(MONDAY + 2 * HOUR) != [], "it is sent all the same: it is connected"
    front.on_gateway("seuil/gateway/gw2/state", b"online")
    assert decided(front.present(BADGE, MONDAY + HOUR)) is None
