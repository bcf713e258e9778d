"""Two places in which most of it happens: the hub behind a door, the workshop with a laser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers import Mosquitto, until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA
from tests.world.play import EVERYBODY, WORKSHOP, Play, play
from tests.world.wire import Wire, online, wire_of


@pytest.fixture
async def wire(broker: Mosquitto) -> AsyncIterator[Wire]:
    """All that is said on the test's broker."""
    async with wire_of(broker) as wire:
        yield wire


@pytest.fixture
def stopped_gateway(broker: Mosquitto, tmp_path: Path) -> GatewayProcess:
    """The hub's gateway, of which Ada is a member; not started."""
    gateway = GatewayProcess(tmp_path / "gateway", broker.url)
    gateway.enrol(ADA)
    return gateway


@pytest.fixture
async def gateway(stopped_gateway: GatewayProcess, wire: Wire) -> AsyncIterator[GatewayProcess]:
    """The hub's gateway, in a process of its own, online."""
    async with stopped_gateway as gateway:
        await online(gateway, wire)
        yield gateway


@pytest.fixture
async def place(fast_broker: Mosquitto) -> AsyncIterator[Play]:
    """The workshop's devices."""
    async with play(fast_broker) as place:
        yield place


@pytest.fixture
def stopped_workshop(fast_broker: Mosquitto, tmp_path: Path) -> GatewayProcess:
    """The workshop's gateway, with everybody of the play as a member; not started."""
    gateway = GatewayProcess(tmp_path / "gateway", fast_broker.url, WORKSHOP)
    gateway.enrol(*EVERYBODY)
    return gateway


@pytest.fixture
async def workshop(stopped_workshop: GatewayProcess, place: Play) -> AsyncIterator[GatewayProcess]:
    """The workshop's gateway, in a process of its own, online."""
    async with stopped_workshop as gateway:
        await gateway.hears()
        await until(lambda: place.last("mode"), "the gateway is connected")
        yield gateway
