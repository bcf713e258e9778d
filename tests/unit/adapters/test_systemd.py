"""What systemd hears: ready, alive, stopping; and nothing of a wedged service."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.adapters.systemd import keep_alive, notify
from gateway.config import Supervisor, supervisor
from gateway.service.health import _is_turning
from tests.servers import until


class Systemd:
    """A notify socket, and what came to it."""

    def __init__(self, address: str) -> None:
        self.heard: list[str] = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def listen(self) -> list[str]:
        """Everything so far."""
        while True:
            try:
                self.heard.append(self.socket.recv(1000).decode())
            except BlockingIOError:
                return self.heard


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Where it listens."""
    return str(tmp_path / "notify")


@pytest.fixture
def systemd(address: str) -> Iterator[Systemd]:
    """A fake one."""
    fake = Systemd(address)
    yield fake
    fake.socket.close()


async def test_a_service_that_lives_says_so(systemd: Systemd, address: str) -> None:
    """Ready at once, then signs of life, and a word when it stops."""
    task = asyncio.create_task(keep_alive(Supervisor(address, 0.03), lambda: True))
    await until(lambda: systemd.listen().count("WATCHDOG=1") >= 3, "it lives")
    assert systemd.heard[0] == "READY=1"
    task.cancel()
    await asyncio.wait([task])
    assert systemd.listen()[-1] == "STOPPING=1"


async def test_a_wedged_service_gives_no_sign_of_life(systemd: Systemd, address: str) -> None:
    """It was asked often enough, and said nothing; when it turns again, it says so."""
    asked: list[bool] = []
    turns = False

    def is_alive() -> bool:
        asked.append(turns)
        return turns

    task = asyncio.create_task(keep_alive(Supervisor(address, 0.03), is_alive))
    await until(lambda: len(asked) >= 5, "it was looked at")
    assert systemd.listen() == ["READY=1"]
    turns = True
    await until(lambda: "WATCHDOG=1" in systemd.listen(), "it turns again")
    task.cancel()
    await asyncio.wait([task])


async def test_without_a_watchdog_there_are_no_signs(systemd: Systemd, address: str) -> None:
    """Who does not ask hears of the start and the end."""
    task = asyncio.create_task(keep_alive(Supervisor(address), lambda: True))
    await until(systemd.listen, "it is ready")
    task.cancel()
    await asyncio.wait([task])
    assert systemd.listen() == ["READY=1", "STOPPING=1"]


def test_a_gateway_lives_while_its_path_turns() -> None:
    """A path that stands still is wedged; one whose journal fails says so itself, and is not."""
    service = SimpleNamespace(turns=1, healthy=True)
    is_turning = _is_turning(service)  # type: ignore[arg-type] # all that it needs of one
    assert [is_turning(), is_turning()] == [True, False]
    service.turns += 1
    assert [is_turning(), is_turning()] == [True, False]
    service.healthy = False
    assert is_turning()


def test_an_abstract_socket_is_found() -> None:
    """As systemd makes them in containers."""
    name = f"@seuil-test-{os.getpid()}"
    fake = Systemd(name)
    notify(Supervisor(name), "READY=1")
    assert fake.listen() == ["READY=1"]
    fake.socket.close()


def test_nobody_to_tell_is_no_trouble(tmp_path: Path) -> None:
    """No socket, or one that has gone."""
    notify(Supervisor(), "READY=1")
    notify(Supervisor(str(tmp_path / "gone")), "READY=1")


@pytest.mark.parametrize(
    ("interval", "pid", "watchdog_s"),
    [
        ("20000000", "", 20.0),
        ("20000000", "ours", 20.0),
        ("20000000", "1", None),
        ("0", "", None),
        ("soon", "", None),
        ("", "", None),
    ],
)
def test_the_environment_says_how_often(
    monkeypatch: pytest.MonkeyPatch, interval: str, pid: str, watchdog_s: float | None
) -> None:
    """WATCHDOG_USEC, where WATCHDOG_PID is us or nobody."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", interval)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "ours" else pid)
    assert supervisor() == Supervisor("/run/notify", watchdog_s)
