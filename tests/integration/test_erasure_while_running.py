"""Somebody is erased while the gateway runs: the doors go on, and no file says who they were."""

import asyncio

from gateway.analysis.replay import replay
from gateway.clock import SystemClock
from gateway.privacy.erase_and_export import erase_member
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, member, members_in
from tests.world.play import Play


async def test_an_erasure_while_the_gateway_runs(
    stopped_workshop: GatewayProcess, place: Play
) -> None:
    """Within seconds neither pseudonym nor badge is in the journal; it still explains itself."""
    gateway = stopped_workshop
    words = _words()
    async with gateway:
        await gateway.hears()
        for _ in range(3):
            await place.present("front-in", ADA)
        heard = place.said["seuil/hub/access"]
        await until(lambda: len(heard) == 3, "the reads are decided")
        assert all(word in _content(gateway) for word in words)
        erased = await asyncio.to_thread(erase_member, gateway.data, ADA, SystemClock().now())
        assert erased is not None
        await until(lambda: not _pending(gateway), "nobody is to be erased", poll_s=0.1)
        await place.present("front-in", ADA)
        await until(lambda: len(heard) == 4, "the doors go on")
        assert heard[-1]["reason"] == "credential-unknown"
    differences = gateway.ask(lambda file: replay(file, file.sites()[0]).differences)
    assert differences == []
    assert words[0] not in _content(gateway)


def _words() -> tuple[bytes, bytes]:
    ada = member(ADA)
    return ada.holder.id.encode(), ada.credentials[0].hash.encode()


def _content(gateway: GatewayProcess) -> bytes:
    return b"".join(each.read_bytes() for each in gateway.data.glob("*.db*"))


def _pending(gateway: GatewayProcess) -> tuple[str, ...]:
    with members_in(gateway.data) as members:
        return members.erasures()


async def test_an_erasure_ordered_while_the_gateway_is_off(
    stopped_workshop: GatewayProcess, place: Play
) -> None:
    """It is carried out as soon as the gateway is started, not an hour later."""
    gateway = stopped_workshop
    words = _words()
    async with gateway:
        await gateway.hears()
        await place.present("front-in", ADA)
        heard = place.said["seuil/hub/access"]
        await until(lambda: len(heard) == 1, "the read is decided")
    erased = await asyncio.to_thread(erase_member, gateway.data, ADA, SystemClock().now())
    assert erased is not None
    async with gateway:  # nobody touches the members' file meanwhile: that would be a new order
        await until(lambda: "somebody was erased" in gateway.log, "it is done", poll_s=0.1)
    assert not _pending(gateway)
    assert words[0] not in _content(gateway)
