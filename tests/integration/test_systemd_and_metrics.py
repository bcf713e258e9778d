"""A real gateway under a fake systemd, and scraped: alive while its path turns."""

import asyncio
import re
import urllib.request
from pathlib import Path

import pytest

from gateway.adapters.broker.ports import free_port
from tests.servers import PATIENCE_S, Mosquitto, until
from tests.unit.adapters.test_systemd import Systemd
from tests.world.gateway_process import GatewayProcess


async def test_ready_alive_and_stopped(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """READY, signs of life as long as it runs, STOPPING; and its figures meanwhile."""
    address = str(tmp_path / "notify")
    systemd = Systemd(address)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    port = free_port()
    async with GatewayProcess(tmp_path, broker.url, metrics_port=str(port)) as gateway:
        await until(lambda: "READY=1" in systemd.listen(), "it is ready")
        await gateway.hears()
        text = await asyncio.to_thread(_scrape, port)
        assert re.search(r"^seuil_gateway_broker_connected 1\.0$", text, re.MULTILINE)
        assert 'seuil_device_last_seen_seconds{device="counter",site="hub"}' in text
        await until(lambda: systemd.listen().count("WATCHDOG=1") >= 3, "it lives")
    assert systemd.listen()[-1] == "STOPPING=1"
    systemd.socket.close()


def _scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as got:
        text: str = got.read().decode()
        return text
