"""The servers that other tests stand on do what they promise."""

import asyncio
import urllib.error
import urllib.request

import pytest

from tests.servers import InfluxDB, VictoriaMetrics, WriteProxy, _ask, until

POINT = b"occupancy,site=s,zone=z people=3i 1700000000000000000"


def write(url: str) -> int:
    """The status of one point written as an InfluxDB 2 client does."""
    path = "/api/v2/write?org=o&bucket=b&precision=ns"
    return _ask(urllib.request.Request(url + path, data=POINT, method="POST"))[0]  # noqa: S310


async def test_influxdb_keeps_a_point_over_a_restart(
    influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """What came through the proxy is read back by InfluxQL, after a restart as well."""
    assert await asyncio.to_thread(write, influx_proxy.url) == 204
    await influxdb.restart()
    rows = influxdb.query("SELECT * FROM occupancy")
    assert rows == [{"time": 1700000000000000000, "people": 3, "site": "s", "zone": "z"}]


@pytest.mark.parametrize(("mode", "status"), [("refuse", 502), ("error", 503)])
async def test_the_proxy_breaks_when_asked(
    influx_proxy: WriteProxy, mode: str, status: int
) -> None:
    """An outage can be played without touching the database."""
    influx_proxy.mode = mode
    assert await asyncio.to_thread(write, influx_proxy.url) == status
    influx_proxy.mode = "pass"
    assert await asyncio.to_thread(write, influx_proxy.url) == 204


async def test_a_hanging_proxy_answers_when_it_is_let_go(influx_proxy: WriteProxy) -> None:
    """A write hangs as long as the mode says so."""
    influx_proxy.mode = "hang"
    request = asyncio.create_task(asyncio.to_thread(write, influx_proxy.url))
    await until(lambda: influx_proxy.requests == 1, "the proxy holds the write")
    assert not request.done()
    influx_proxy.mode = "pass"
    assert await request == 204


async def test_victoria_metrics_takes_the_same_write(victoria_metrics: VictoriaMetrics) -> None:
    """A point written by the InfluxDB 2 API comes back in the export."""
    assert await asyncio.to_thread(write, victoria_metrics.url) == 204
    (series,) = victoria_metrics.export("occupancy_people")
    assert (series["values"], series["timestamps"]) == ([3], [1700000000000])
