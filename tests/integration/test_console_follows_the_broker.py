"""The console on the real mosquitto: what is published shows, and it always comes back."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from gateway.adapters.broker.ports import LOOPBACK, free_port
from gateway.config import Settings
from gateway.console.feed.mqtt_follower import Follower
from gateway.console.server import serve
from gateway.wire.message import encode
from gateway.wire.states import AlarmMessage, OccupancyMessage
from tests.servers import PATIENCE_S, Mosquitto, stops
from tests.world.console import somebody
from tests.world.hive import FRONT, HALL, HUB, SITE, TOPICS

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
ALARM = TOPICS.alarm(HUB, "forced", FRONT)
_T = TypeVar("_T")


class Running:
    """A console in this loop, and a browser that asks it."""

    def __init__(self, url: str, task: asyncio.Task[None], browser: httpx.AsyncClient) -> None:
        self.url = url
        self.task = task
        self._browser = browser

    async def page(self) -> str:
        return (
            await self._browser.get(f"/sites/{SITE.id}/live", headers={"accept-language": "fr"})
        ).text

    async def picture(self) -> dict[str, Any]:
        answer = await self._browser.get(f"/api/v1/sites/{SITE.id}/picture")
        picture: dict[str, Any] = answer.json()["picture"]
        return picture

    async def until_health(self, status: int) -> None:
        await _until(self._health, lambda answered: answered == status)

    async def _health(self) -> int | None:
        try:
            return (await self._browser.get("/healthz")).status_code
        except httpx.ConnectError:
            return None

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        """The events of one open page, as names and data."""
        async with self._browser.stream("GET", f"/sites/{SITE.id}/events?lang=en") as answer:
            yield _events(answer)


async def _served(broker: Mosquitto, port: int) -> None:
    settings = Settings(broker_url=broker.url)
    await serve((SITE,), settings, seats=somebody("viewer"), port=port)


@asynccontextmanager
async def running(broker: Mosquitto) -> AsyncIterator[Running]:
    """A console that hears the broker."""
    port = free_port()
    task = asyncio.create_task(_served(broker, port))
    url = f"http://{LOOPBACK}:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as browser:
        try:
            console = Running(url, task, browser)
            await console.until_health(200)
            yield console
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_retained(broker: Mosquitto) -> None:
    """A head count that was published before the console started is on its page."""
    await _publish_count(broker, 12)
    shown = '<span class="people" data-text="people">12</span>'
    async with running(broker) as console:
        page = await _until(console.page, lambda page: shown in page)
    assert "/ 10" in page


async def test_change(broker: Mosquitto) -> None:
    """A published change is on an open page, after its snapshot."""
    async with running(broker) as console, console.stream() as events:
        name, _ = await anext(events)
        assert name == "snapshot"
        await _publish_count(broker, 7)
        await _until_people(events, "7")


async def test_a_swallowed_cancellation(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops all the same: while it connects, a library may keep the first one to itself."""
    heard = Follower.run

    async def stubborn(follower: Follower) -> None:
        with suppress(asyncio.CancelledError):
            await heard(follower)
        await asyncio.sleep(3600)

    monkeypatch.setattr(Follower, "run", stubborn)
    async with asyncio.timeout(PATIENCE_S), running(broker) as console:
        pass
    assert console.task.cancelled()


async def test_broker_restart(broker: Mosquitto) -> None:
    """An open page hears that the broker is lost, and of everything again when it is back.

    What was cleared while the console was away is gone.
    """
    async with running(broker) as console, console.stream() as events:
        await broker.publish(ALARM, encode(AlarmMessage(AT, "forced", FRONT)), retain=True)
        await _publish_count(broker, 2)
        await _until_people(events, "2")
        assert (await console.picture())["alarms"]
        await broker.stop()
        await console.until_health(503)
        await broker.start()
        await broker.publish(ALARM, b"", retain=True)
        await _publish_count(broker, 3)
        await console.until_health(200)
        await _until_people(events, "3")
        assert (await console.picture())["alarms"] == {}


async def test_clean_stop(broker: Mosquitto) -> None:
    """With pages open, the console stops, and their streams end."""
    async with running(broker) as console:
        async with console.stream() as one, console.stream() as other:
            await anext(one)
            await anext(other)
            await stops(console.task)
            rest = [name async for name, _ in one]
            assert rest in ([], ["snapshot"]), "only the drawing anew may still be under way"
        assert console.task.cancelled()


async def test_address_taken(broker: Mosquitto) -> None:
    """A second console on the same port says so and does not start."""
    async with running(broker) as console:
        port = int(console.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await serve(
                (SITE,), Settings(broker_url=broker.url), seats=somebody("viewer"), port=port
            )


async def _until(ask: Callable[[], Awaitable[_T]], is_right: Callable[[_T], bool]) -> _T:
    async with asyncio.timeout(PATIENCE_S):
        while not is_right(answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


async def _publish_count(broker: Mosquitto, people: int) -> None:
    count = OccupancyMessage(AT, people, people, people, people, 10, 0.0, 0.0, stale=False)
    await broker.publish(TOPICS.occupancy(HUB, HALL), encode(count), retain=True)


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    name = ""
    async for line in answer.aiter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data" and value:
            yield name, json.loads(value)


async def _until_people(events: AsyncIterator[tuple[str, Any]], people: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for name, told in events:
            zones = told["zones"] if name == "snapshot" else [told["value"]]
            if any(isinstance(zone, dict) and zone.get("people") == people for zone in zones):
                return
    pytest.fail("the stream ended")
