"""A revoked badge is refused from the moment that the revocation is confirmed, even under load."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.adapters.directory import FILE, DirectoryStore
from gateway.aio import cancel_and_wait
from gateway.core.facts import Decided
from tests.servers import Mosquitto, until
from tests.world.gateway_process import KEY, GatewayProcess
from tests.world.play import ADA, CLOCK, WORKSHOP, Play, enrol, member, play

RATE = 200
"""Badges a second, as fast as the machine lets them come."""
AFTER = 150
"""Decisions to look at after the revocation is in force."""


@pytest.fixture
async def place(fast_broker: Mosquitto) -> AsyncIterator[Play]:
    """The workshop's devices."""
    async with play(fast_broker) as place:
        yield place


async def _badge_without_end(place: Play) -> None:
    """Two readers, so that neither is faster than a hand."""
    began, count = CLOCK.monotonic(), 0
    while True:
        await place.present("front-in" if count % 2 else "store-in", ADA)
        count += 1
        await asyncio.sleep(max(0.0, began + count / RATE - CLOCK.monotonic()))


def _revoke(gateway: GatewayProcess) -> None:
    store = DirectoryStore(gateway.data / FILE)
    store.bind(KEY.encode())
    store.apply([member(ADA, with_badge=False)])
    store.close()


def _changes(gateway: GatewayProcess) -> list[int]:
    """The journal's numbers of the changes of the directory: each is confirmed once it is there."""
    return gateway.ask(
        lambda file: [row.n for row in file.rows_after(0, 100_000) if row.kind == "directory"]
    )


async def test_no_grant_after_a_confirmed_revocation(
    fast_broker: Mosquitto, place: Play, tmp_path: Path
) -> None:
    """While the badge is read again and again."""
    gateway = GatewayProcess(tmp_path / "gateway", fast_broker.url, WORKSHOP)
    enrol(gateway)
    async with gateway:
        await gateway.hears()
        reading = asyncio.create_task(_badge_without_end(place))
        await until(lambda: len(place.said["seuil/hub/access"]) > RATE, "the reads are decided")
        _revoke(gateway)
        await until(lambda: len(_changes(gateway)) == 2, "the revocation is in force", poll_s=0.1)
        heard = len(place.said["seuil/hub/access"])
        await until(
            lambda: len(place.said["seuil/hub/access"]) >= heard + AFTER,
            "the load went on",
        )
        after = place.said["seuil/hub/access"][heard:]
        await cancel_and_wait(reading)
    revoked = _changes(gateway)[1]
    rows = gateway.ask(lambda file: file.rows_after(0, 100_000))
    decided = [(row.n, fact) for row in rows for fact in row.facts if isinstance(fact, Decided)]
    reasons = {fact.reason for n, fact in decided if n > revoked}
    assert reasons == {"credential-unknown"}
    assert {fact.reason for n, fact in decided if n < revoked} == {"plan"}
    assert {said["reason"] for said in after} <= {"plan", "credential-unknown"}
    granted = [
        int(said["id"]) for said in place.said["seuil/hub/access"] if said["decision"] == "granted"
    ]
    assert max(granted) < revoked
