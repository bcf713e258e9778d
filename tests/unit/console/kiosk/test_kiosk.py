"""The kiosk: public, in bands, and no more than that."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from gateway.config import load_space
from gateway.console.feed.hub import View
from gateway.console.feed.site_state import StateChange
from gateway.console.web.rate_limit import STREAMS_EACH
from gateway.core.model.directory import HolderId
from gateway.core.model.names import Text, ZoneId
from gateway.core.model.places import Kiosk
from gateway.wire.message import encode
from gateway.wire.states import AccessMessage, ModeMessage, OccupancyMessage
from gateway.wire.topics import Topics
from tests.world.console import EXAMPLE, NOW, ConsolePlace

TOPICS = Topics()
BUILDING = ZoneId("building")


@pytest.fixture
def place(tmp_path: Path) -> ConsolePlace:
    """The example's site, whose kiosk shows the building; nobody has signed in."""
    (site,) = load_space(EXAMPLE)
    kiosk = Kiosk((BUILDING,), site.kiosk.embed if site.kiosk else ())
    return ConsolePlace(tmp_path, [structs.replace(site, kiosk=kiosk)])


def counted(place: ConsolePlace, people: int, *, stale: bool = False) -> StateChange | None:
    """So many are in the building now."""
    count = OccupancyMessage(NOW, people, people, people, people, 60, 0.0, 0.0, stale=stale)
    topic = TOPICS.occupancy(place.sites[0].id, BUILDING)
    return place.console.picture.apply(topic, encode(count))


def view(place: ConsolePlace) -> View:
    """The English kiosk."""
    return View(place.sites[0].id, "en")


async def test_bands(place: ConsolePlace) -> None:
    """Who passes by sees a band and never the number, without signing in."""
    for people in (1, 3):
        counted(place, people)
        async with place.browser() as browser:
            answer = await browser.get("/kiosk/le-seuil")
        assert answer.status_code == 200
        assert "fewer than 12 people" in answer.text
        told = place.console.kiosk_viewer.snapshot(view(place))
        counted(place, 0)
        assert place.console.kiosk_viewer.snapshot(view(place)) == told


async def test_nobody(place: ConsolePlace) -> None:
    """Nothing of a person, a decision or a mode's reason is on the page or its stream."""
    site = place.sites[0].id
    text = Text("refusé à Ada", "refused to Ada")
    decision = AccessMessage(
        "1", NOW, place.sites[0].devices[0].id, None, None, None, "denied", "x", "h-1", text, 1.0
    )
    place.console.picture.apply(TOPICS.access(site), encode(decision))
    for mode in ("lockdown", "evacuation"):
        told = ModeMessage(mode, NOW, HolderId("h-1"), "a man with a knife")
        place.console.picture.apply(TOPICS.mode(site), encode(told))
        async with place.browser() as browser:
            page = (await browser.get("/kiosk/le-seuil")).text
        stream = place.console.kiosk_viewer.snapshot(view(place))
        for shown in (page, stream):
            assert "Ada" not in shown
            assert "h-1" not in shown
            assert "knife" not in shown
            assert "ockdown" not in shown
            assert ("Evacuation: please leave" in shown) == (mode == "evacuation")


async def test_changes(place: ConsolePlace) -> None:
    """The stream tells a change of band, and no change within one."""
    viewer = place.console.kiosk_viewer
    told = []
    for people in (1, 2, 11, 12, 30):
        change = counted(place, people)
        assert change is not None
        told.append(viewer.change(view(place), change) is not None)
    assert told == [True, False, False, True, True]
    assert viewer.change(view(place), StateChange("access", place.sites[0].id, "1")) is None


@pytest.mark.parametrize(
    ("people", "step", "tone"), [(0, 1, "calm"), (29, 3, "calm"), (36, 4, "warm"), (99, 5, "alert")]
)
def test_bar(place: ConsolePlace, people: int, step: int, tone: str) -> None:
    """The bar has a step a band, and fills with the band's lower end."""
    counted(place, people)
    zone = place.console.kiosk_viewer.site(view(place)).zones[0]
    assert (zone.step, zone.steps, zone.tone) == (step, 5, tone)


def test_old(place: ConsolePlace) -> None:
    """A count that nobody knows, that is uncertain, or that is old is said to be so."""
    viewer = place.console.kiosk_viewer
    assert viewer.site(view(place)).zones[0].note == "no current count"
    counted(place, 3, stale=True)
    place.console.picture.connected = True
    assert viewer.site(view(place)).zones[0].note == "uncertain count"
    place.console.picture.connected = False
    assert viewer.site(view(place)).zones[0].note == "last known"


async def test_only_where_it_is_wanted(place: ConsolePlace, tmp_path: Path) -> None:
    """A site without a [kiosk] table shows nothing, and does not even say that it is there."""
    without = ConsolePlace(tmp_path / "other", [structs.replace(place.sites[0], kiosk=None)])
    async with without.browser() as browser:
        for path in ("/kiosk/le-seuil", "/kiosk/le-seuil/events", "/kiosk/elsewhere"):
            assert (await browser.get(path)).status_code == 404


async def test_framed(place: ConsolePlace) -> None:
    """The sites of the space file may frame the kiosk, and nothing else; it sets no cookie."""
    async with place.browser() as browser:
        answer = await browser.get("/kiosk/le-seuil?lang=fr")
        other = await browser.get("/healthz")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors https://le-seuil.example;" in policy
    assert "default-src 'self'" in policy
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert '<html lang="fr">' in answer.text
    assert other.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]


async def test_bounded(place: ConsolePlace) -> None:
    """One address has a few streams, all together have their own places, and none of the desks'."""
    kiosk, desks = place.console.kiosk, place.console.hub
    async with place.browser() as browser:
        asked = (await browser.get("/kiosk/le-seuil")).request
        assert asked.url.path == "/kiosk/le-seuil"
        bucket = place.console.visitors._bucket("127.0.0.1")
        for _ in range(STREAMS_EACH):
            assert kiosk.join(view(place), bucket)
        answer = await browser.get("/kiosk/le-seuil/events")
        assert answer.status_code == 429
        while kiosk.join(view(place), "elsewhere"):
            pass
    assert len(desks) == 0
    assert desks.join(view(place))


async def test_too_many(place: ConsolePlace) -> None:
    """An address that asks again and again is told to wait; one of another network is not."""
    async with place.browser() as browser:
        answers = [(await browser.get("/kiosk/le-seuil")).status_code for _ in range(130)]
    assert answers[0] == 200
    assert answers[-1] == 429
    visitors = place.console.visitors
    assert visitors._bucket("2001:db8::1") == visitors._bucket("2001:db8::2")
    assert visitors._bucket("2001:db8:0:1::1") != visitors._bucket("2001:db8::1")


def test_stream_is_json(place: ConsolePlace) -> None:
    """A snapshot is one line of JSON with the zones of the space file, in its order."""
    told = place.console.kiosk_viewer.snapshot(view(place))
    kiosk = place.sites[0].kiosk
    assert kiosk
    assert [zone["id"] for zone in json.loads(told)["zones"]] == list(kiosk.zones)
    assert "\n" not in told
