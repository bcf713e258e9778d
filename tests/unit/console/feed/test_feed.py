"""The console without a broker: the picture, the streams' queues, and what a page says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from msgspec import structs
from starlette.applications import Starlette

from gateway.clock import ManualClock
from gateway.config import Settings
from gateway.console.app import build_app
from gateway.console.feed.hub import (
    PENDING_CHANGES,
    QUEUE_WRITES,
    STREAMS_EACH,
    WATCHERS_MAX,
    Hub,
    View,
    Watcher,
)
from gateway.console.feed.page_snapshot import SHOWN_DECISIONS, Viewer
from gateway.console.feed.site_state import (
    ALARMS_KEPT,
    DECISIONS_KEPT,
    GATEWAYS_KEPT,
    HINTS_KEPT,
    Picture,
    StateChange,
    hint_id,
)
from gateway.console.web.language import choose_lang
from gateway.console.web.security_headers import names_us
from gateway.core.model.directory import HolderId
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.wire.message import encode
from gateway.wire.states import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    HealthMessage,
    HintMessage,
    ModeMessage,
    OccupancyMessage,
)
from tests.world.console import FixedSeats, seat
from tests.world.hive import FRONT, HALL, HUB, SITE, TOPICS

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
COUNT = OccupancyMessage(AT, 8, 7, 9, 6, 10, 0.0, 0.1, stale=False)
DECISION = AccessMessage(
    id="1",
    at=AT,
    reader=DeviceId("reader"),
    access_point="front-in",
    zone=HALL,
    direction="entry",
    decision="denied",
    reason="hours",
    holder="0123456789abcdef",
    message=Text("Trop tôt", "Too early"),
    latency_ms=1.0,
)
LIVE, EVENTS = f"/sites/{HUB}/live", f"/sites/{HUB}/events"
PICTURE = f"/api/v1/sites/{HUB}/picture"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def picture() -> Picture:
    """An empty picture of one site."""
    return Picture((SITE,), "seuil", ManualClock(AT))


@pytest.fixture
def app() -> Starlette:
    """The console, without a broker."""
    seats = FixedSeats()
    seats.seat = seat("viewer")
    return build_app((SITE,), Settings(), seats=lambda *_: seats, clock=ManualClock(AT))


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks for pages."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


VIEW = View(HUB, "en")


def _draw(_view: View) -> str:
    return "{}"


def _viewer(picture: Picture) -> Viewer:
    return Viewer({HUB: SITE}, picture, ManualClock(AT))


class TestPicture:
    """One message at a time, good or bad."""

    def test_count(self, picture: Picture) -> None:
        """A head count is kept, and a second one says which way it moved."""
        topic = TOPICS.occupancy(HUB, HALL)
        assert picture.apply(topic, encode(COUNT)) == StateChange("zone", HUB, "hall")
        picture.apply(topic, encode(structs.replace(COUNT, people=9)))
        now = picture.sites[HUB].zones[HALL]
        assert (now.count.people, now.trend, now.moved) == (9, 1, AT)

    def test_cleared(self, picture: Picture) -> None:
        """An empty payload clears an alarm."""
        topic = TOPICS.alarm(HUB, "forced", FRONT)
        picture.apply(topic, encode(AlarmMessage(AT, "forced", FRONT)))
        assert len(picture.sites[HUB].alarms) == 1
        assert picture.apply(topic, b"") == StateChange("alarms", HUB)
        assert not picture.sites[HUB].alarms

    def test_mode(self, picture: Picture) -> None:
        """A mode is kept until it is another one, or cleared."""
        topic = TOPICS.mode(HUB)
        lockdown = ModeMessage("lockdown", AT, HolderId("h-1"), "a drill")
        assert picture.apply(topic, encode(lockdown)) == StateChange("house", HUB)
        assert picture.sites[HUB].mode == "lockdown"
        picture.apply(topic, encode(ModeMessage("normal", None, None)))
        assert picture.sites[HUB].mode == "normal"
        picture.apply(topic, b"")
        assert picture.sites[HUB].mode is None

    def test_decisions_bounded(self, picture: Picture) -> None:
        """The last hundred decisions are kept, newest first, each once."""
        for number in range(DECISIONS_KEPT + 20):
            message = encode(structs.replace(DECISION, id=str(number)))
            assert picture.apply(TOPICS.access(HUB), message)
            assert picture.apply(TOPICS.access(HUB), message) is None
        decisions = picture.sites[HUB].decisions
        assert len(decisions) == DECISIONS_KEPT
        assert decisions[0].id == str(DECISIONS_KEPT + 19)

    def test_hints_bounded(self, picture: Picture) -> None:
        """The last hints are kept, newest first, each once; a viewer is not told who."""
        text = Text("Entrée : allez voir", "Front door: have a look")
        hint = HintMessage(AT, "passback", FRONT, HolderId("0123456789abcdef"), text)
        topic = TOPICS.hint(HUB, "passback", FRONT)
        for number in range(HINTS_KEPT + 5):
            later = encode(structs.replace(hint, at=AT + timedelta(seconds=number)))
            assert picture.apply(topic, later)
            assert picture.apply(topic, later) is None
        assert len(picture.sites[HUB].hints) == HINTS_KEPT
        viewer, newest = _viewer(picture), hint_id(picture.sites[HUB].hints[0])
        for people in (True, False):
            told = viewer.change(View(HUB, "en", people), StateChange("hint", HUB, newest))
            assert told
            assert "have a look" in told
            assert ("01234567" in told) == people
        assert picture.apply(TOPICS.hint(HUB, "tailgating", FRONT), encode(hint)) is None

    def test_alarms_and_gateways_bounded(self, picture: Picture) -> None:
        """Invented alarm kinds and gateway instances cannot fill the memory."""
        for number in range(ALARMS_KEPT + 5):
            alarm = AlarmMessage(AT, f"kind-{number}", FRONT)
            picture.apply(TOPICS.alarm(HUB, alarm.kind, FRONT), encode(alarm))
            picture.apply(TOPICS.gateway_state(f"gw{number}"), b"online")
        assert len(picture.sites[HUB].alarms) == ALARMS_KEPT
        assert len(picture.gateways) == GATEWAYS_KEPT
        assert picture.rejected == 5 + ALARMS_KEPT + 5 - GATEWAYS_KEPT

    @pytest.mark.parametrize(
        ("topic", "payload"),
        [
            pytest.param("zone/hall/occupancy", b"not json", id="no JSON"),
            pytest.param("zone/hall/occupancy", b'{"people":1}', id="fields missing"),
            pytest.param("zone/hall/occupancy", b"[" * 4000, id="deeply nested"),
            pytest.param("zone/hall/occupancy", b" " * 5000, id="over 4 KiB"),
            pytest.param("zone/hall/occupancy", b"\xff\xfe", id="no UTF-8"),
            pytest.param("zone/cellar/occupancy", encode(COUNT), id="a zone we do not have"),
            pytest.param("zone/reader/occupancy", encode(COUNT), id="a zone that is a device"),
            pytest.param("door/hall/state", encode(DoorMessage(AT, "open")), id="a door, a zone"),
            pytest.param(
                "door/front/state",
                b'{"at":"2026-01-01T00:00:00","state":"open"}',
                id="a time without an offset",
            ),
            pytest.param(
                "door/front/state",
                b'{"at":"0001-01-01T00:00:00Z","state":"open"}',
                id="a time that no time zone shows",
            ),
            pytest.param("door/front/state", b'{"at":"2026-01-01T00:00:00Z","state":"ajar"}'),
            pytest.param(
                "alarm/held/front", encode(AlarmMessage(AT, "forced", FRONT)), id="another alarm"
            ),
            pytest.param("mode", b'{"mode":"party","since":null,"by":null}', id="an unknown mode"),
            pytest.param("mode", b"evacuation", id="a mode that is a bare word"),
            pytest.param("mode", b"\xff", id="a mode that is no text"),
            pytest.param("elsewhere", b"{}", id="an unknown topic"),
        ],
    )
    def test_unfit(self, picture: Picture, topic: str, payload: bytes) -> None:
        """A message that does not fit is counted and changes nothing."""
        assert picture.apply(f"seuil/paris/{topic}", payload) is None
        assert picture.rejected == 1
        assert picture.sites[HUB] == Picture((SITE,), "seuil", ManualClock(AT)).sites[HUB]

    def test_begin_again(self, picture: Picture) -> None:
        """A new connection forgets what was retained and keeps the decisions, which are not."""
        picture.apply(TOPICS.occupancy(HUB, HALL), encode(COUNT))
        picture.apply(TOPICS.access(HUB), encode(DECISION))
        picture.begin_again()
        assert not picture.sites[HUB].zones
        assert len(picture.sites[HUB].decisions) == 1


class TestHub:
    """Bounded queues."""

    async def test_slow_watcher(self) -> None:
        """A watcher who falls behind gets one fresh snapshot instead of a long queue."""
        watcher = Watcher(VIEW)
        stream = watcher.follow()
        assert await anext(stream) is None, "a snapshot comes first"
        for number in range(QUEUE_WRITES):
            watcher.offer(b"%d" % number)
        assert await anext(stream) == b"0"
        for number in range(QUEUE_WRITES):
            watcher.offer(b"%d" % number)
        assert await anext(stream) is None
        watcher.offer(b"after")
        assert await anext(stream) == b"after"

    async def test_once_a_view(self) -> None:
        """A change is rendered once a view, however many watch, and told to its site only."""
        rendered: list[View] = []

        def render(view: View, _change: StateChange) -> str:
            rendered.append(view)
            return ""

        hub = Hub(_draw, render)
        for site in (HUB, SiteId("lyon")):
            for _ in range(3):
                for people in (True, False):
                    assert hub.join(View(site, "fr", people))
        hub.tell(StateChange("zone", HUB, "hall"))
        assert {(view.site, view.people) for view in rendered} == {(HUB, True), (HUB, False)}
        assert len(rendered) == 2

    async def test_pace(self) -> None:
        """The first change is told at once; what follows is told together, its last word only."""
        hub = Hub(_draw, lambda _view, change: change.key)
        watcher = hub.join(VIEW)
        assert watcher
        stream = watcher.follow()
        await anext(stream)
        hub.tell(StateChange("zone", HUB, "first"))
        assert await anext(stream) == b"event: change\ndata: first\n\n"
        for key in ("a", "b", "a", "a"):
            hub.tell(StateChange("zone", HUB, key))
        told = await anext(stream)
        assert told == b"event: change\ndata: b\n\nevent: change\ndata: a\n\n"

    async def test_flood(self) -> None:
        """A burst of changes becomes a snapshot, and is not kept."""
        hub = Hub(_draw, lambda _view, change: change.key)
        watcher = hub.join(VIEW)
        assert watcher
        stream = watcher.follow()
        await anext(stream)
        for number in range(PENDING_CHANGES + 10):
            hub.tell(StateChange("access", HUB, str(number)))
        assert await anext(stream) is None

    async def test_drawn_once(self) -> None:
        """A snapshot is drawn once for all who come at the same time, and anew after a change."""
        drawn: list[View] = []

        def draw(view: View) -> str:
            drawn.append(view)
            return str(len(drawn))

        hub = Hub(draw, lambda *_: "")
        assert hub.snapshot(VIEW) == hub.snapshot(VIEW)
        hub.tell(StateChange("zone", HUB, "hall"))
        assert hub.snapshot(VIEW) == b"event: snapshot\ndata: 2\n\n"

    async def test_heartbeat(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Quiet pages hear again and again that we are here; nothing beats where nobody listens."""
        monkeypatch.setattr("gateway.console.feed.hub.HEARTBEAT_S", 0.02)
        hub = Hub(_draw, lambda *_: "")
        watchers = [watcher for watcher in (hub.join(VIEW), hub.join(VIEW)) if watcher]
        assert len(watchers) == 2
        for stream in [watcher.follow() for watcher in watchers]:
            assert await anext(stream) is None
            assert await anext(stream) == await anext(stream) == b"event: beat\ndata: \n\n"
        for watcher in watchers:
            hub.leave(watcher)
        await asyncio.sleep(0.05)
        assert hub._heart is None
        again = hub.join(VIEW)
        assert again
        stream = again.follow()
        assert await anext(stream) is None
        assert await anext(stream) == b"event: beat\ndata: \n\n"
        hub.close()

    async def test_closing(self) -> None:
        """Closing ends every stream and lets nobody in."""
        hub = Hub(_draw, lambda *_: "")
        watcher = hub.join(VIEW)
        assert watcher
        hub.close()
        assert [each async for each in watcher.follow()] == []
        assert hub.join(VIEW) is None


class TestView:
    """What is said of the picture."""

    @pytest.mark.parametrize(
        ("people", "capacity", "state"),
        [
            (0, 10, "empty"),
            (1, 10, "open"),
            (7, 10, "open"),
            (8, 10, "nearly"),
            (10, 10, "full"),
            (11, 10, "over"),
            (0, 0, "full"),
            (0, None, "empty"),
            (5000, None, "open"),
        ],
    )
    def test_state(self, picture: Picture, people: int, capacity: int | None, state: str) -> None:
        """A zone's state is a word, and its bar stays on the bar."""
        count = structs.replace(COUNT, people=people, capacity=capacity)
        picture.apply(TOPICS.occupancy(HUB, HALL), encode(count))
        zone = _viewer(picture).site(HUB, "en").zones[0]
        assert zone.state == state
        assert 0 <= zone.fill <= 100

    def test_local_time(self, picture: Picture) -> None:
        """Times are the site's; another day's has its date."""
        picture.apply(TOPICS.access(HUB), encode(DECISION))
        yesterday = structs.replace(DECISION, id="2", at=AT.replace(hour=12))
        picture.apply(TOPICS.access(HUB), encode(yesterday))
        before, today = _viewer(picture).site(HUB, "en").decisions
        assert (today.time, before.time) == ("00:30:00", "2026-07-01 14:30:00")

    def test_pseudonym(self, picture: Picture) -> None:
        """A decision shows its reason in the page's language; who may see people, a pseudonym."""
        picture.apply(TOPICS.access(HUB), encode(DECISION))
        (seen,) = _viewer(picture).site(HUB, "fr", people=True).decisions
        assert (seen.reason, seen.place, seen.way, seen.who) == (
            "Trop tôt",
            "Entrée",
            "entrée",
            "01234567…",
        )

    def test_nobody(self, picture: Picture) -> None:
        """A viewer's page and stream carry no name and no pseudonym; an operator's the name."""
        picture.apply(TOPICS.access(HUB), encode(DECISION))
        viewer = _viewer(picture)
        viewer.names = {HolderId("0123456789abcdef"): "Ada Lovelace"}
        change = StateChange("access", HUB, "1")
        for people in (True, False):
            view = View(HUB, "fr", people)
            told = [viewer.snapshot(view), viewer.change(view, change) or ""]
            assert [("Ada" in each) for each in told] == [people, people]
            assert not any("01234567" in each for each in told)

    def test_gone(self, picture: Picture) -> None:
        """A decision that is no longer kept when its turn comes is not told."""
        assert _viewer(picture).change(VIEW, StateChange("access", HUB, "7")) is None

    def test_page_bounded(self, picture: Picture) -> None:
        """The page shows fewer decisions than are kept."""
        for number in range(DECISIONS_KEPT):
            picture.apply(TOPICS.access(HUB), encode(structs.replace(DECISION, id=str(number))))
        assert len(_viewer(picture).site(HUB, "en").decisions) == SHOWN_DECISIONS

    @pytest.mark.parametrize(
        ("connected", "states", "word"),
        [
            (False, {"a": b"online"}, "unreachable"),
            (True, {}, "unknown"),
            (True, {"a": b"offline"}, "offline"),
            (True, {"a": b"offline", "b": b"online"}, "ok"),
        ],
    )
    def test_gateway(
        self, picture: Picture, *, connected: bool, states: dict[str, bytes], word: str
    ) -> None:
        """The gateway is in service while the broker is heard and one instance is online."""
        picture.connected = connected
        for instance, state in states.items():
            picture.apply(TOPICS.gateway_state(instance), state)
        assert _viewer(picture).site(HUB, "en").house.gateway == word

    def test_failing_gateway(self, picture: Picture) -> None:
        """A gateway that is online and says that its journal fails is shown so."""
        picture.connected = True
        picture.apply(TOPICS.gateway_state("a"), b"online")
        health = HealthMessage(AT, "journal-failing", "0.1", 1, 0, 0, 1.0, 0)
        picture.apply(TOPICS.gateway_health("a"), encode(health))
        house = _viewer(picture).site(HUB, "en").house
        assert house.gateway_word == "Gateway: journal failing"

    @pytest.mark.parametrize(
        "change",
        [
            StateChange("zone", HUB, "hall"),
            StateChange("door", HUB, "front"),
            StateChange("access", HUB, "1"),
            StateChange("alarms", HUB),
            StateChange("house", None),
        ],
    )
    def test_change_is_one_line(self, picture: Picture, change: StateChange) -> None:
        """Every kind of change can be told, as one line of JSON."""
        picture.apply(TOPICS.access(HUB), encode(DECISION))
        told = _viewer(picture).change(View(HUB, "fr"), change)
        assert told
        assert json.loads(told)["part"] == change.part
        assert "\n" not in told


class TestWords:
    """Two languages."""

    @pytest.mark.parametrize(
        ("asked", "remembered", "accepted", "lang"),
        [
            pytest.param("fr", "en", "en", "fr", id="the switch wins"),
            pytest.param(None, "fr", "en", "fr", id="then the cookie"),
            pytest.param(None, None, "fr-CA,fr;q=0.9,en;q=0.8", "fr", id="then the browser"),
            pytest.param(None, None, "fr;q=0.3, en;q=0.9", "en", id="by its weights"),
            pytest.param(None, None, "fr;q=0, *", "en", id="q=0 is a no"),
            pytest.param(None, None, "de;q=high,,;", "en", id="nonsense falls back"),
            pytest.param("<script>", "xx", "", "en", id="an unknown language falls back"),
        ],
    )
    def test_choice(
        self, asked: str | None, remembered: str | None, accepted: str, lang: str
    ) -> None:
        """Each wish in its order."""
        assert choose_lang(asked, remembered, accepted) == lang


class TestPage:
    """What a browser gets."""

    async def test_headers(self, browser: httpx.AsyncClient) -> None:
        """Every answer carries the security headers; the page has no inline script or style."""
        for path in (LIVE, "/healthz", PICTURE, "/static/console.js", "/nowhere"):
            headers = (await browser.get(path)).headers
            assert headers["content-security-policy"].startswith("default-src 'self';")
            assert headers["x-content-type-options"] == "nosniff"
        page = (await browser.get(LIVE)).text
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", page)

    async def test_hostile(self, browser: httpx.AsyncClient, app: Starlette) -> None:
        """Text from the broker is shown as text."""
        picture: Picture = app.state.console.picture
        text = Text(HOSTILE, HOSTILE)
        message = structs.replace(
            DECISION, id=HOSTILE, message=text, holder=HOSTILE, access_point=HOSTILE
        )
        assert picture.apply(TOPICS.access(HUB), encode(message))
        alarm = AlarmMessage(AT, HOSTILE.replace("/", ""), FRONT)
        assert picture.apply(TOPICS.alarm(HUB, alarm.kind, FRONT), encode(alarm))
        page = (await browser.get(LIVE)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page

    async def test_language_remembered(self, browser: httpx.AsyncClient) -> None:
        """The switch is remembered by a cookie, and an unknown language is not."""
        assert '<html lang="en">' in (await browser.get(LIVE)).text
        assert '<html lang="fr">' in (await browser.get(f"{LIVE}?lang=fr")).text
        page = (await browser.get(LIVE, headers={"accept-language": "en"})).text
        assert '<html lang="fr">' in page
        assert "set-cookie" not in (await browser.get(f"{LIVE}?lang=xx")).headers

    @pytest.mark.parametrize(
        ("host", "ours"),
        [
            ("localhost:8080", True),
            ("127.0.0.1:8080", True),
            ("[::1]:8080", True),
            ("192.168.1.20", True),
            ("Seuil.local", True),
            ("evil.example", False),
            ("127.0.0.1.evil.example:8080", False),
            ("[evil.example]", False),
            ("", False),
        ],
    )
    async def test_host(self, host: str, *, ours: bool) -> None:
        """An IP address or a known name is us; any other name may be a rebinding."""
        assert names_us(host, frozenset({"localhost", "seuil.local"})) == ours

    async def test_rebinding(self, browser: httpx.AsyncClient) -> None:
        """A request under a stranger's name gets nothing."""
        answer = await browser.get(PICTURE, headers={"host": "evil.example"})
        assert answer.status_code == 400
        assert "paris" not in answer.text

    async def test_crowded(self, browser: httpx.AsyncClient, app: Starlette) -> None:
        """One stream too many is refused with 503."""
        for _ in range(WATCHERS_MAX):
            assert app.state.console.hub.join(VIEW)
        assert (await browser.get(EVENTS)).status_code == 503

    async def test_greedy(self, browser: httpx.AsyncClient, app: Starlette) -> None:
        """One session cannot take everybody's places."""
        for _ in range(STREAMS_EACH):
            assert app.state.console.hub.join(VIEW, seat("viewer").key)
        assert (await browser.get(EVENTS)).status_code == 429

    async def test_unknown_site(self, browser: httpx.AsyncClient) -> None:
        """A site that is not ours is not found, anywhere."""
        for path in (LIVE, EVENTS, PICTURE):
            assert (await browser.get(path.replace("hub", "lyon"))).status_code == 404

    async def test_health(self, browser: httpx.AsyncClient, app: Starlette) -> None:
        """The health check follows the broker."""
        assert (await browser.get("/healthz")).status_code == 503
        app.state.console.picture.connected = True
        assert (await browser.get("/healthz")).status_code == 200
