"""SpaceAPI: what the public is told, and what it never learns."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from gateway.clock import ManualClock
from gateway.config import SpaceApi
from gateway.console.integrations.spaceapi import FILE, Public
from gateway.core.model.names import ZoneId
from tests.paths import ROOT
from tests.world.hive import (
    AT,
    FRONT,
    HALL,
    HUB,
    SITE,
    TOLD,
    TOPICS,
    door,
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

    def look(self) -> dict[str, Any]:
        """The document, after the picture was looked at and stored."""
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
    assert document["state"] == {"open": True, "lastchange": int(AT.timestamp())}


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
    """Who comes later does not move it."""
    people(told.picture, 1)
    told.look()
    told.clock.advance(60)
    people(told.picture, 2)
    assert told.look()["state"]["lastchange"] == int(AT.timestamp())
    people(told.picture, 0)
    closed = told.look()["state"]
    assert closed == {"open": False, "lastchange": int(AT.timestamp()) + 60}


def test_a_lockdown_closes(told: Told) -> None:
    """Whoever is inside, the place is not open to the public then."""
    people(told.picture, 7)
    mode(told.picture, "lockdown")
    assert told.look()["state"]["open"] is False


def test_a_door_may_say_open(tmp_path: Path) -> None:
    """An unlocked door is open, a forced one is not an invitation."""
    told = Told(tmp_path, msgspec.structs.replace(TOLD, open_zones=(), open_doors=(FRONT,)))
    for state, is_open in (
        ("unlocked", True),
        ("locked", False),
        ("open", True),
        ("forced", False),
    ):
        door(told.picture, state)
        assert told.look()["state"]["open"] is is_open, state


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
    assert document["state"] == {"open": True, "lastchange": int(AT.timestamp())}
    assert "sensors" not in document
    again = Told(tmp_path)
    again.picture.connected = False
    assert again.look()["state"] == {"open": True, "lastchange": int(AT.timestamp())}


def test_a_broken_memory_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Half a file is told, and the next state replaces it."""
    (tmp_path / FILE).write_text('{"hub": {"op')
    told = Told(tmp_path)
    assert "what it knew is lost" in caplog.text
    people(told.picture, 1)
    assert told.look()["state"]["open"] is True
    assert Told(tmp_path).public.document(HUB)["state"]["open"] is True
