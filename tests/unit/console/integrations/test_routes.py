"""What other tools ask the console, and who may."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import icalendar
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import event_row
from gateway.adapters.journal.writer import Batch
from gateway.clock import ManualClock
from gateway.config import OtherTools, Settings
from gateway.console.app import build_app
from gateway.console.feed.site_state import Picture
from gateway.console.integrations.integrations import SETTLE_S, Outside
from gateway.core.events import BookingsChanged
from gateway.core.model.bookings import Booking, zone_target
from gateway.wire.message import encode
from tests.paths import ROOT
from tests.unit.service.test_metrics import figures as gateway_figures
from tests.world.console import FixedSeats
from tests.world.hive import (
    AT,
    HALL,
    HOLDER,
    HUB,
    SITE,
    TOLD,
    TOPICS,
    alarm,
    decision,
    door,
    hear_a_gateway,
    people,
)

TOKEN = "a-token-of-24-characters"  # noqa: S105 - of a test
LABELS = ("site", "zone", "door", "state", "kind", "decision", "reason", "gateway", "outcome")
"""All that a figure may be of."""
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Console:
    """The console, over a picture that a test paints."""

    def __init__(self, folder: Path, *, told: bool = True, token: str | None = TOKEN) -> None:
        self.clock = ManualClock(AT)
        shown = None if token is None else SecretStr(token)
        settings = Settings(data_dir=folder, metrics_token=shown, bookings_token=shown)
        self.app = build_app(
            (SITE,),
            settings,
            seats=lambda *_: FixedSeats(),
            clock=self.clock,
            told=OtherTools({HUB: TOLD}) if told else None,
        )
        self.picture: Picture = self.app.state.console.picture
        self.outside: Outside = self.app.state.outside
        hear_a_gateway(self.picture)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody who asks, and has not signed in."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """All offered."""
    return Console(tmp_path)


async def test_spaceapi_is_for_any_page(console: Console) -> None:
    """JSON with CORS for everybody, and the site that was asked for."""
    async with console.browser() as browser:
        answer = await browser.get("/spaceapi.json")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json()["space"] == "La Ruche"
        assert (await browser.get("/spaceapi.json?site=hub")).json() == answer.json()
        assert (await browser.get("/spaceapi.json?site=other")).status_code == 404


async def test_what_is_not_asked_for_is_not_there(tmp_path: Path) -> None:
    """Without [spaceapi] and without tokens there is no such page, whatever is shown."""
    closed = Console(tmp_path, told=False, token=None)
    async with closed.browser() as browser:
        for path in ("/spaceapi.json", "/metrics", "/bookings.ics", "/bookings.ics?token="):
            assert (await browser.get(path, headers=BEARER)).status_code == 404, path


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}"])
async def test_metrics_need_the_token(console: Console, shown: str) -> None:
    """Head counts there are exact."""
    async with console.browser() as browser:
        answer = await browser.get("/metrics", headers={"Authorization": shown})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_metrics_say_what_the_picture_says(console: Console) -> None:
    """The exposition parses, and each figure has the value of the picture."""
    people(console.picture, 7)
    door(console.picture, "open")
    alarm(console.picture, "forced", "front")
    for message in (decision("1"), decision("2", reason="invented")):
        change = console.picture.apply(TOPICS.access(HUB), encode(message))
        assert change is not None
        console.outside.heard(change)
    async with console.browser() as browser:
        text = (await browser.get("/metrics", headers=BEARER)).text
    samples = {
        (
            sample.name,
            *(sample.labels[label] for label in LABELS if label in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["seuil_zone_people", "hub", "hall"] == 7
    assert samples["seuil_zone_capacity_people", "hub", "hall"] == 10
    assert samples["seuil_door_state", "hub", "front", "open"] == 1
    assert samples["seuil_door_state", "hub", "front", "locked"] == 0
    assert samples["seuil_alarms", "hub", "forced"] == 1
    assert samples["seuil_alarms", "hub", "held"] == 0
    assert samples["seuil_decisions_total", "hub", "granted", "plan"] == 1
    assert samples["seuil_decisions_total", "hub", "granted", "other"] == 1
    assert samples["seuil_gateway_online", "gw1"] == 1
    assert samples["seuil_console_broker_connected",] == 1
    assert HOLDER not in text
    assert "front-in" not in text


async def test_the_names_of_figures_follow_the_rules(console: Console) -> None:
    """Lint: a prefix, help, base units, _total for counters alone, and labels of places alone."""
    people(console.picture, 7)
    async with console.browser() as browser:
        text = (await browser.get("/metrics", headers=BEARER)).text
    lint(text)


def lint(text: str) -> None:
    """What promtool looks at, by prometheus_client's parser; and that no label is of a person."""
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"seuil_[a-z_]+", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not re.search(r"(_ms|_minutes|_count|_sum|_gauge|_counter)$", family.name)
        assert not re.search(r"_(total|info)$", family.name), family.name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert set(sample.labels) <= set(LABELS), sample


def test_every_figure_is_documented(console: Console) -> None:
    """docs/ecosystem.md names each, of the console and of the gateway."""
    page = (ROOT / "docs" / "ecosystem.md").read_text(encoding="utf-8")
    families = [*console.outside.figures.collect(), *gateway_figures().collect()]
    names = {each.name + ("_total" if each.type == "counter" else "") for each in families}
    assert [name for name in names if name not in page] == []


async def _booked(folder: Path) -> None:
    journal = Journal(folder / JOURNAL_FILE)
    await journal.open()
    booking = Booking("b1", AT, AT + timedelta(hours=2), holders=(HOLDER,))
    event = BookingsChanged(zone_target(HALL), (booking,))
    await journal.commit(Batch(events=[event_row(1, HUB, event, (), AT)]))
    await journal.close()


async def test_bookings_name_nobody(console: Console, tmp_path: Path) -> None:
    """The feed is RFC 5545, says when and where, and not by whom."""
    await _booked(tmp_path)
    async with console.browser() as browser:
        answer = await browser.get(f"/bookings.ics?token={TOKEN}&site=hub")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    feed = icalendar.Calendar.from_ical(answer.text)
    (event,) = feed.walk("VEVENT")
    assert event.decoded("dtstart") == AT
    assert event.decoded("dtend") == AT + timedelta(hours=2)
    assert event["summary"] == "Réservé / Booked : Accueil"
    assert HOLDER not in answer.text
    assert {"UID", "DTSTAMP"} <= event.keys()


async def test_bookings_need_the_token(console: Console, tmp_path: Path) -> None:
    """A wrong token is no such feed; a right one without a journal says that it is not known."""
    async with console.browser() as browser:
        assert (await browser.get("/bookings.ics?token=wrong")).status_code == 404
        assert (await browser.get(f"/bookings.ics?token={TOKEN}")).status_code == 503
        await _booked(tmp_path)
        assert (await browser.get(f"/bookings.ics?token={TOKEN}")).status_code == 200
        assert (await browser.get(f"/bookings.ics?token={TOKEN}&site=x")).status_code == 404


async def test_nothing_is_concluded_before_the_picture_has_settled(console: Console) -> None:
    """The first retained message of a connection closes no place and clears no alarm."""
    change = people(console.picture, 7)
    assert change is not None
    console.outside.heard(change)
    assert console.outside.public.document(HUB)["state"] == {}
    console.clock.advance(SETTLE_S)
    console.outside.heard(change)
    assert console.outside.public.document(HUB)["state"]["open"] is True
