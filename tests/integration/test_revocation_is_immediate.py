"""A revoked badge is refused from the moment that the revocation is confirmed, even under load."""

import asyncio

from gateway.aio import cancel_and_wait
from gateway.core.facts import Decided
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, member
from tests.world.play import CLOCK, Play

RATE = 200
"""Badges a second, as fast as the machine lets them come."""
AFTER = 150
"""Decisions to look at after the revocation is in force."""


async def _badge_without_end(place: Play) -> None:
    """Two readers, so that neither is faster than a hand."""
    began, count = CLOCK.monotonic(), 0
    while True:
        await place.present("front-in" if count % 2 else "store-in", ADA)
        count += 1
        await asyncio.sleep(max(0.0, began + count / RATE - CLOCK.monotonic()))


def _changes(gateway: GatewayProcess) -> list[int]:
    """The journal's numbers of the changes of the directory: each is confirmed once it is there."""
    return gateway.ask(
        lambda file: [row.n for row in file.rows_after(0, 100_000) if row.kind == "directory"]
    )


async def test_no_grant_after_a_confirmed_revocation(workshop: GatewayProcess, place: Play) -> None:
    """While the badge is read again and again."""
    reading = asyncio.create_task(_badge_without_end(place))
    await until(lambda: len(place.said["seuil/hub/access"]) > RATE, "the reads are decided")
    workshop.enrol(member(ADA, has_badge=False))
    await until(lambda: len(_changes(workshop)) == 2, "the revocation is in force", poll_s=0.1)
    heard = len(place.said["seuil/hub/access"])
    await until(
        lambda: len(place.said["seuil/hub/access"]) >= heard + AFTER,
        "the load went on",
    )
    after = place.said["seuil/hub/access"][heard:]
    await cancel_and_wait(reading)
    revoked = _changes(workshop)[1]
    rows = workshop.ask(lambda file: file.rows_after(0, 100_000))
    decided = [(row.n, fact) for row in rows for fact in row.facts if isinstance(fact, Decided)]
    reasons = {fact.reason for n, fact in decided if n > revoked}
    assert reasons == {"credential-unknown"}
    assert {fact.reason for n, fact in decided if n < revoked} == {"plan"}
    assert {said["reason"] for said in after} <= {"plan", "credential-unknown"}
    granted = [
        int(said["id"]) for said in place.said["seuil/hub/access"] if said["decision"] == "granted"
    ]
    assert max(granted) < revoked
