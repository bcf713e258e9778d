"""Fixtures that any test may ask for: real servers, and the data sets beside the project."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.paths import ROOT
from tests.servers import InfluxDB, Mosquitto, VictoriaMetrics, WriteProxy

os.environ["SEUIL_CONFIG"] = ""  # an installation on this machine is none of a test's business

settings.register_profile(
    "seuil",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,  # how long an example takes is a matter of what else the machine does
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seuil")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto of this test's own, with the durable settings."""
    async with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


@pytest.fixture
async def fast_broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A mosquitto that saves at a clean stop only: for rates."""
    async with Mosquitto(tmp_path / "mosquitto", autosave=False) as server:
        yield server


@pytest.fixture
async def influxdb(tmp_path: Path) -> AsyncIterator[InfluxDB]:
    """InfluxDB 1.6.7 with the database `seuil`."""
    async with InfluxDB(tmp_path / "influxdb") as server:
        yield server


@pytest.fixture
async def influx_proxy(influxdb: InfluxDB) -> AsyncIterator[WriteProxy]:
    """The same InfluxDB behind an /api/v2/write that can be told to break."""
    with WriteProxy(influxdb.url) as proxy:
        yield proxy


@pytest.fixture
async def victoria_metrics(tmp_path: Path) -> AsyncIterator[VictoriaMetrics]:
    """VictoriaMetrics, empty."""
    async with VictoriaMetrics(tmp_path / "victoria") as server:
        yield server


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of the public data sets; the only thing that a test may be skipped for."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip("../shared/datasets is not here")
    return folder
