"""Live as people use it: the plan, the last hours, who sees whom, and a count that is corrected."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import to_us
from gateway.adapters.mqtt import request_client
from gateway.console.feed.hub import View
from gateway.console.feed.site_state import DECISIONS_KEPT
from gateway.console.live.floor_plan import plan_of
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId, Text, ZoneId
from gateway.core.model.site import Site
from gateway.core.requests import Order, SetPeople, TellVacant
from gateway.wire.message import encode
from gateway.wire.states import AccessMessage, OccupancyMessage, ResponseMessage
from gateway.wire.topics import Topics
from tests.paths import ROOT
from tests.world.console import EXAMPLE, NOW, ConsolePlace, seat

TOPICS = Topics()
HALL = ZoneId("hall")
ADA = HolderId("h-00000000ada0")
LIVE = "/sites/le-seuil/live"


@pytest.fixture
def place(tmp_path: Path) -> ConsolePlace:
    """The example's site, and an operator."""
    place = ConsolePlace(tmp_path)
    place.sits(seat("operator"))
    return place


@pytest.fixture
async def browser(place: ConsolePlace) -> AsyncIterator[httpx.AsyncClient]:
    """The operator's browser."""
    async with place.browser() as browser:
        yield browser


def passed(place: ConsolePlace, number: int = 1) -> None:
    """Ada passes a door."""
    decision = AccessMessage(
        id=str(number),
        at=NOW,
        reader=place.sites[0].devices[0].id,
        access_point="front-entry",
        zone=HALL,
        direction="entry",
        decision="granted",
        reason="plan",
        holder=ADA,
        message=Text("Bienvenue dans ce lieu partagé", "Welcome to this shared space"),
        latency_ms=1.0,
    )
    place.console.picture.apply(TOPICS.access(place.sites[0].id), encode(decision))


def counted(place: ConsolePlace, zone: str, people: int, *because: Text) -> None:
    """So many are in a zone."""
    limit = place.sites[0].zone[ZoneId(zone)].capacity
    count = OccupancyMessage(
        NOW, people, people, people, people, limit, 0.0, 0.0, stale=False, because=because
    )
    place.console.picture.apply(TOPICS.occupancy(place.sites[0].id, ZoneId(zone)), encode(count))


class TestPlan:
    """Drawn from the space file."""

    def test_rooms_and_doors(self, place: ConsolePlace) -> None:
        """Every room has its walls, and its words within them; every door is in a wall."""
        plan = plan_of(place.sites[0], "en")
        assert plan
        assert {room.id for room in plan.rooms} == set(place.sites[0].zone)
        rooms = {room.id: room for room in plan.rooms}
        assert rooms["building"].x is None, "it is full of rooms: its number is on its card"
        meeting = rooms["meeting"]
        assert (meeting.x, meeting.y) == (520.0, 120.0), "in the middle of [10, 0] to [16, 6]"
        doors = {door.id: door for door in plan.doors}
        assert (doors["front"].x, doors["front"].y) == (480.0, 560.0)
        assert doors["front"].turn == 180.0, "from the street below it opens upwards, into the hall"
        assert plan.rooms[0].id == "building", "the largest is drawn first, and covers nothing"

    def test_language(self, place: ConsolePlace) -> None:
        """Names are the reader's."""
        plan = plan_of(place.sites[0], "fr")
        assert plan
        assert ("Salle de", "réunion") in {room.lines for room in plan.rooms}

    async def test_without(self, tmp_path: Path) -> None:
        """Where the space file draws nothing, the cards are the plan."""
        site = ConsolePlace(tmp_path).sites[0]
        zones = tuple(structs.replace(zone, outline=()) for zone in site.zones)
        place = ConsolePlace(tmp_path, [structs.replace(site, zones=zones)])
        place.sits(seat("viewer"))
        assert plan_of(place.sites[0], "en") is None
        async with place.browser() as browser:
            page = (await browser.get(LIVE)).text
        assert '<svg class="floor"' not in page
        assert page.count('<article class="zone"') == len(zones)

    async def test_on_the_page(self, place: ConsolePlace, browser: httpx.AsyncClient) -> None:
        """A room on the page leads to its card, and says its state in words."""
        counted(place, "meeting", 8)
        page = (await browser.get(LIVE)).text
        assert 'href="#zone-meeting"' in page
        assert 'id="zone-meeting"' in page
        assert 'aria-label="Meeting room: 8 / 8, full"' in page
        assert 'aria-label="Front door: state unknown"' in page


class TestPeople:
    """Who sees whom."""

    async def test_viewer(self, place: ConsolePlace, browser: httpx.AsyncClient) -> None:
        """A viewer's page, stream and API carry no pseudonym; an operator's do."""
        passed(place)
        for role, seen in (("viewer", False), ("operator", True)):
            place.sits(seat(role))
            for path in (LIVE, "/api/v1/sites/le-seuil/picture"):
                assert (ADA[:8] in (await browser.get(path)).text) == seen, path

    async def test_token(self, place: ConsolePlace, browser: httpx.AsyncClient) -> None:
        """A token that may only read sees nobody, whoever made it."""
        passed(place)
        place.sits(seat("administrator", scopes=["read"]))
        assert ADA[:8] not in (await browser.get("/api/v1/sites/le-seuil/picture")).text

    async def test_views(self, place: ConsolePlace) -> None:
        """A site, a language and a right to see people make a view of their own."""
        passed(place)
        place.console.viewer.names = {ADA: "Ada <i>"}
        told = place.console.hub.snapshot(View(SiteId("le-seuil"), "fr", people=True))
        assert b"Ada <i>" in told
        assert ADA.encode() not in place.console.hub.snapshot(View(SiteId("le-seuil"), "fr"))


class TestHours:
    """The last hours."""

    async def test_line(self, place: ConsolePlace, tmp_path: Path) -> None:
        """The journal's minutes become a line, and a sentence that says the same."""
        journal = Journal(tmp_path / JOURNAL_FILE)
        await journal.open()
        minutes = [(NOW - timedelta(minutes=back), 2 if back > 90 else 9) for back in range(200)]

        def write() -> None:
            assert journal._writer._db
            journal._writer._db.executemany(
                "INSERT INTO occupancy_1m VALUES ('le-seuil', 'hall', ?, ?2, ?2, ?2)",
                [(to_us(at), people) for at, people in minutes],
            )
            journal._writer._db.commit()

        await journal._in_thread(write)
        await journal.close()
        trends = await place.console.trends.of(place.sites[0], "en")
        assert trends.keys() == {HALL}
        line = trends[HALL]
        assert line.told == "Last 6 hours: between 2 and 9 people, peak at 08:30"
        assert re.fullmatch(r"M64 [\d.]+(L\d+ [\d.]+){39,40}", line.path)

    async def test_none(self, browser: httpx.AsyncClient) -> None:
        """Without a journal there is a page without lines."""
        assert 'class="line"' not in (await browser.get(LIVE)).text.partition("<template")[0]
        assert (await browser.get("/sites/le-seuil/trends")).json() == {}


class TestReasons:
    """Why this number."""

    async def test_because(self, place: ConsolePlace, browser: httpx.AsyncClient) -> None:
        """An estimate's reasons are there on demand, in the reader's language, as text."""
        counted(place, "hall", 3, Text("Le <b>compteur</b>", "The <b>counter</b> saw 3"))
        page = (await browser.get(LIVE)).text
        assert "<li>The &lt;b&gt;counter&lt;/b&gt; saw 3</li>" in page


class TestCorrections:
    """An operator counted by eye."""

    async def test_asked(
        self, place: ConsolePlace, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The gateway is asked in the operator's name, and the page comes back to the room."""
        asked: list[tuple[Order, HolderId]] = []

        async def ask(_site: SiteId, order: Order, by: HolderId, _id: None) -> ResponseMessage:
            asked.append((order, by))
            return ResponseMessage("t", "ok", Text("Fait", "Done"))

        monkeypatch.setattr(place.console, "ask", ask)
        answer = await browser.post("/sites/le-seuil/zones/hall/people", data={"people": "4"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{LIVE}#zone-hall")
        await browser.post("/sites/le-seuil/zones/hall/vacant")
        assert asked[0] == (SetPeople(HALL, 4), ADA)
        assert isinstance(asked[1][0], TellVacant)

    async def test_refused(
        self, place: ConsolePlace, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the gateway refuses, and that it does not answer, is told as such."""

        async def refuse(*_: object) -> ResponseMessage:
            return ResponseMessage("t", "error", Text("Trop vieux", "Too old"), "too-old")

        async def silent(*_: object) -> ResponseMessage:
            raise request_client.DeskError("nobody there")

        path = "/sites/le-seuil/zones/hall/vacant"
        monkeypatch.setattr(place.console, "ask", refuse)
        answer = await browser.post(path)
        assert (answer.status_code, "Too old" in answer.text) == (409, True)
        monkeypatch.setattr(place.console, "ask", silent)
        answer = await browser.post(path)
        assert (answer.status_code, "Nothing was changed" in answer.text) == (503, True)

    @pytest.mark.parametrize(
        ("zone", "people", "status"), [("cellar", "4", 404), ("hall", "-1", 422), ("hall", "", 422)]
    )
    async def test_wrong(
        self, browser: httpx.AsyncClient, zone: str, people: str, status: int
    ) -> None:
        """Nothing is asked for a zone that is not there or a number that is none."""
        answer = await browser.post(f"/sites/le-seuil/zones/{zone}/people", data={"people": people})
        assert answer.status_code == status

    async def test_forms(self, place: ConsolePlace, browser: httpx.AsyncClient) -> None:
        """Operators have the forms, viewers do not."""
        assert 'action="/sites/le-seuil/zones/hall/people"' in (await browser.get(LIVE)).text
        place.sits(seat("viewer"))
        assert 'action="/sites/le-seuil/zones/' not in (await browser.get(LIVE)).text


async def test_weight(place: ConsolePlace, browser: httpx.AsyncClient) -> None:
    """The page with all that it loads and its first snapshot is under 100 kB on the wire."""
    for number in range(DECISIONS_KEPT):
        passed(place, number)
    for zone in place.sites[0].zones:
        counted(place, zone.id, 2)
    page = await browser.get(LIVE)
    assets = set(re.findall(r"/static/[\w.]+", page.text))
    script = await browser.get("/static/live.js")
    assets |= {f"/static/{name}" for name in re.findall(r'"\./([\w.]+)"', script.text)}
    assets.add("/static/stream.js")
    weight = page.num_bytes_downloaded + len(
        place.console.hub.snapshot(View(SiteId("le-seuil"), "fr", people=True))
    )
    for asset in assets:
        answer = await browser.get(asset)
        assert answer.headers["etag"]
        weight += answer.num_bytes_downloaded
    assert len(assets) == 7
    assert weight < 70_000, "30 kB are left for longer names"


async def test_kept(browser: httpx.AsyncClient) -> None:
    """A browser that has a file already is told so in a line; what goes over the wire is small."""
    first = await browser.get("/static/console.css")
    assert first.headers["content-encoding"] == "gzip"
    assert first.num_bytes_downloaded < len(first.content) / 2
    again = await browser.get(
        "/static/console.css", headers={"if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304


def test_the_example_has_a_plan() -> None:
    """Who begins with `seuil init`, and who looks at the demo, sees one."""
    from gateway.config import load_space  # noqa: PLC0415 - of this test alone

    demo = ROOT / "gateway/demo/space.toml"
    sites: list[Site] = [*load_space(EXAMPLE), *load_space(demo)]
    for site in sites:
        assert all(zone.outline for zone in site.zones)
        assert all(door.at for door in site.doors)
