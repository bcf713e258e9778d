"""Somebody is erased while the gateway runs: the doors go on, and no file says who they were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters.directory import FILE, DirectoryStore, credential_hash, holder_of
from gateway.analysis.replay import replay
from gateway.clock import SystemClock
from gateway.privacy.member import erase_member
from tests.servers import Mosquitto, until
from tests.world.gateway_process import KEY, GatewayProcess
from tests.world.play import ADA, WORKSHOP, Play, enrol, member, play


@pytest.fixture
async def place(fast_broker: Mosquitto) -> AsyncIterator[Play]:
    """The workshop's devices."""
    async with play(fast_broker) as place:
        yield place


async def test_an_erasure_while_the_gateway_runs(
    fast_broker: Mosquitto, place: Play, tmp_path: Path
) -> None:
    """Within seconds neither pseudonym nor badge is in the journal; it still explains itself."""
    gateway = GatewayProcess(tmp_path / "gateway", fast_broker.url, WORKSHOP)
    enrol(gateway)
    words = _words()
    async with gateway:
        await gateway.hears()
        for _ in range(3):
            await place.present("front-in", ADA)
        heard = place.said["seuil/hub/access"]
        await until(lambda: len(heard) == 3, "the reads are decided")
        assert all(word in _content(gateway) for word in words)
        erased = await asyncio.to_thread(
            erase_member, gateway.data, member(ADA).ref, SystemClock().now()
        )
        assert erased is not None
        await until(lambda: not _pending(gateway), "nobody is to be erased", poll_s=0.1)
        await place.present("front-in", ADA)
        await until(lambda: len(heard) == 4, "the doors go on")
        assert heard[-1]["reason"] == "credential-unknown"
    differences = gateway.ask(lambda file: replay(file, file.sites()[0]).differences)
    assert differences == []
    assert words[0] not in _content(gateway)


def _words() -> tuple[bytes, bytes]:
    key = KEY.encode()
    return holder_of(key, member(ADA).ref).encode(), credential_hash(key, ADA).encode()


def _content(gateway: GatewayProcess) -> bytes:
    return b"".join(each.read_bytes() for each in gateway.data.glob("*.db*"))


def _pending(gateway: GatewayProcess) -> tuple[str, ...]:
    with closing(DirectoryStore(gateway.data / FILE)) as members:
        return members.erasures()


async def test_an_erasure_ordered_while_the_gateway_is_off(
    fast_broker: Mosquitto, place: Play, tmp_path: Path
) -> None:
    """It is carried out as soon as the gateway is started, not an hour later."""
    gateway = GatewayProcess(tmp_path / "gateway", fast_broker.url, WORKSHOP)
    enrol(gateway)
    words = _words()
    async with gateway:
        await gateway.hears()
        await place.present("front-in", ADA)
        heard = place.said["seuil/hub/access"]
        await until(lambda: len(heard) == 1, "the read is decided")
    erased = await asyncio.to_thread(
        erase_member, gateway.data, member(ADA).ref, SystemClock().now()
    )
    assert erased is not None
    async with gateway:  # nobody touches the members' file meanwhile: that would be a new order
        await until(lambda: "somebody was erased" in gateway.log, "it is done", poll_s=0.1)
    assert not _pending(gateway)
    assert words[0] not in _content(gateway)
