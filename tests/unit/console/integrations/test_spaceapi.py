"""SpaceAPI: what the public is told, and what it never learns."""

import itertools
import json
from pathlib import Path
from typing import Any, Final

import jsonschema
import msgspec
import pytest
from msgspec import structs

from gateway.clock import ManualClock
from gateway.config import SpaceApi, load_other_tools, load_space
from gateway.config.advice import advice
from gateway.console.feed.hub import View
from gateway.console.feed.site_state import Picture
from gateway.console.integrations.occupancy_bands import K
from gateway.console.integrations.spaceapi import FILE, Public
from gateway.console.kiosk.kiosk import KioskViewer
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Kiosk
from gateway.core.model.site import Site
from gateway.wire.message import encode
from gateway.wire.states import OccupancyMessage
from tests.paths import ROOT
from tests.world.console import EXAMPLE
from tests.world.hive import (
    AT,
    FRONT,
    HALL,
    HUB,
    LAB,
    SITE,
    TOLD,
    TOPICS,
    door,
    hear_a_gateway,
    mode,
    people,
    picture,
)

SCHEMA = ROOT.parent / "shared" / "fixtures" / "spaceapi-15.json"


class Told:
    """A site's document, over a picture that a test paints."""

    def __init__(self, folder: Path, told: SpaceApi = TOLD) -> None:
        self.clock = ManualClock(AT)
        self.picture = picture(self.clock)
        self.public = Public({HUB: SITE}, {HUB: told}, self.picture, self.clock, folder)

    def look(self, *, later: bool = True) -> dict[str, Any]:
        """The document, once the picture was looked at in the next quarter of an hour."""
        if later:
            self.clock.advance(900)
        if self.public.look(HUB):
            self.public.store()
        return self.public.document(HUB)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A site whose hall says whether it is open."""
    return Told(tmp_path)


def test_the_required_keys_are_there(told: Told) -> None:
    """Those of version 15, and the position that version 14 needs."""
    people(told.picture, 7)
    document = told.look()
    assert document["api_compatibility"] == ["14", "15"]
    assert {"space", "logo", "url", "contact", "location"} <= document.keys()
    assert document["location"] == {
        "lat": 45.75,
        "lon": 4.85,
        "timezone": "Europe/Paris",
        "country_code": "FR",
    }
    assert document["state"] == {"open": True, "lastchange": int(AT.timestamp()) + 900}


def test_without_a_position_it_is_no_version_14(tmp_path: Path) -> None:
    """Version 14 requires degrees, so it is not claimed without."""
    told = Told(tmp_path, msgspec.structs.replace(TOLD, lat=None, lon=None))
    assert told.look()["api_compatibility"] == ["15"]


@pytest.mark.skipif(not SCHEMA.is_file(), reason="SpaceAPI's schema is in ../shared, not here")
@pytest.mark.parametrize("count", [None, 0, 7])
def test_it_validates(told: Told, count: int | None) -> None:
    """Against SpaceAPI's own schema of version 15, also before anything is known."""
    if count is not None:
        people(told.picture, count)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(told.look())


def test_people_are_told_in_bands(told: Told) -> None:
    """One person, or four, is the same as none; and no time says when one of them came."""
    shown = set()
    for count in (0, 1, 4):
        people(told.picture, count)
        shown.add(json.dumps(told.look()["sensors"]))
    assert len(shown) == 1
    people(told.picture, 7)
    (sensor,) = told.look()["sensors"]["people_now_present"]
    assert sensor == {
        "value": 5,
        "location": "Accueil",
        "description": "5 personnes ou plus / 5 people or more",
    }


def test_lastchange_is_the_change_of_open_alone(told: Told) -> None:
    """In quarters of an hour, and nothing changes within one."""
    told.clock.advance(421)
    people(told.picture, 7)
    opened = told.look()["state"]
    assert opened == {"open": True, "lastchange": int(AT.timestamp()) + 900}
    people(told.picture, 0)
    told.clock.advance(300)
    assert told.look(later=False)["state"] == opened
    people(told.picture, 9)
    assert told.look()["state"] == opened
    people(told.picture, 4)
    assert told.look()["state"] == {"open": False, "lastchange": int(AT.timestamp()) + 2700}


def test_a_lockdown_closes_at_once(told: Told) -> None:
    """Whoever is inside, the place is not open to the public then."""
    people(told.picture, 7)
    assert told.look()["state"]["open"] is True
    mode(told.picture, "lockdown")
    assert told.look(later=False)["state"]["open"] is False


def test_a_door_may_say_open(tmp_path: Path) -> None:
    """One that stands open; not one that let somebody in, and a forced one is no invitation."""
    told = Told(tmp_path, msgspec.structs.replace(TOLD, open_zones=(), open_doors=(FRONT,)))
    for state, is_open in (
        ("unlocked", True),
        ("locked", False),
        ("open", True),
        ("forced", False),
    ):
        told.clock.advance(800)
        door(told.picture, state, told.clock.now())
        told.clock.advance(100)
        assert told.look(later=False)["state"]["open"] is False, state
        assert told.look()["state"]["open"] is is_open, state
        door(told.picture, "locked", told.clock.now())
        told.look()


def test_nothing_is_said_before_all_was_heard(tmp_path: Path) -> None:
    """An empty hall is not closed while the lab has not been heard of."""
    told = Told(tmp_path, msgspec.structs.replace(TOLD, open_zones=(HALL, ZoneId("lab"))))
    people(told.picture, 0)
    assert told.look()["state"] == {}


def test_the_last_state_outlives_gateway_and_console(told: Told, tmp_path: Path) -> None:
    """While the gateway is away, and over a restart, the last known state is told with its time."""
    people(told.picture, 7)
    told.look()
    told.clock.advance(60)
    told.picture.apply(TOPICS.gateway_state("gw1"), b"offline")
    people(told.picture, 0)
    document = told.look()
    assert document["state"] == {"open": True, "lastchange": int(AT.timestamp()) + 900}
    assert "sensors" not in document
    again = Told(tmp_path)
    again.picture.connected = False
    assert again.look()["state"] == {"open": True, "lastchange": int(AT.timestamp()) + 900}


def test_a_broken_memory_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Half a file is told, and the next state replaces it."""
    (tmp_path / FILE).write_text('{"hub": {"op')
    told = Told(tmp_path)
    assert "what it knew is lost" in caplog.text
    people(told.picture, 7)
    assert told.look()["state"]["open"] is True
    assert Told(tmp_path).public.document(HUB)["state"]["open"] is True


MOST: Final = 7
"""People in a room of the exhaustive test, at most."""


def test_the_example_tells_of_no_single_person(tmp_path: Path) -> None:
    """Whatever the kiosk and SpaceAPI say, five numbers of people or more fit it in each zone.

    Over all small counts: who is in the coworking room, in the fablab, in the laser room inside it.
    """
    (site,) = load_space(EXAMPLE)
    rooms = [site.zone[ZoneId(name)] for name in ("coworking", "fablab", "laser-room")]
    fitting: dict[str, dict[str, set[int]]] = {}
    for counts in itertools.product(range(MOST + 1), repeat=len(rooms)):
        inside = dict.fromkeys((zone.id for zone in site.zones), 0)
        for room, count in zip(rooms, counts, strict=True):
            for zone in (room.id, *room.ancestors):
                inside[zone] += count
        own = {f"{room.id} alone": count for room, count in zip(rooms, counts, strict=True)}
        fits = fitting.setdefault(_published(site, inside, tmp_path), {})
        for name, count in (own | inside).items():
            fits.setdefault(name, set()).add(count)
    assert len(fitting) == 4  # two bands each
    for output, fits in fitting.items():
        for name in fits.keys() - {"hall", "meeting"}:  # nobody is ever in these two
            assert len(fits[name]) >= K or max(fits[name]) >= MOST, (name, fits[name], output)


def _published(site: Site, inside: dict[ZoneId, int], folder: Path) -> str:
    """Return all that the public is told of these counts."""
    clock = ManualClock(AT)
    seen = Picture((site,), "seuil", clock)
    hear_a_gateway(seen)
    for zone, count in inside.items():
        said = OccupancyMessage(AT, count, count, count, count, None, 0, 0, stale=False)
        seen.apply(TOPICS.occupancy(site.id, zone), encode(said))
    public = Public({site.id: site}, load_other_tools(EXAMPLE).spaceapi, seen, clock, folder)
    public.look(site.id)
    kiosk = KioskViewer({site.id: site}, seen).snapshot(View(site.id, "en"))
    return kiosk + json.dumps(public.document(site.id), sort_keys=True)


def test_no_zone_stands_beside_a_room_inside_it(tmp_path: Path) -> None:
    """Whoever writes so: the outer one is left out, also where the other is the kiosk's."""
    site = structs.replace(SITE, kiosk=Kiosk((HALL, LAB)))
    told = structs.replace(TOLD, people_in=(HALL, LAB), open_zones=(HALL,))
    clock = ManualClock(AT)
    seen = picture(clock)
    people(seen, 9)
    people(seen, 9, LAB)
    public = Public({HUB: site}, {HUB: told}, seen, clock, tmp_path)
    public.look(HUB)
    (shown,) = public.document(HUB)["sensors"]["people_now_present"]
    assert shown["location"] == "Labo"
    view = KioskViewer({HUB: site}, seen).site(View(HUB, "en"))
    assert [zone.id for zone in view.zones] == [LAB]
    assert "the kiosk leaves hall out" in " ".join(advice(site))
