"""The simulated reader while it is cut off: it decides by its list, opens, and tells later."""

from datetime import timedelta

import msgspec

from gateway.core.directory import CredentialHash
from gateway.core.names import DeviceId, SiteId
from gateway.core.rights import presented_hash
from gateway.wire.outgoing import encode
from gateway.wire.rights import RightsGroup, RightsMessage, RightsPage
from simulators.devices import FIRMWARE, Event, SimulatedReader
from tests.unit.core.place import MONDAY

BADGE = "04a224b2c31990"
KEY = b"readers"
HOUR = timedelta(hours=1)


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
