"""Grafana's queries, asked of the real InfluxDB."""

import asyncio
import json
import urllib.request

from tests.paths import ROOT
from tests.servers import InfluxDB, WriteProxy, _ask

POINTS = b"""\
occupancy,site=s,zone=z people=3i,low=2i,high=4i,known=3i,capacity=9i,p_vacant=0.0,p_full=0.1
occupancy_1m,site=s,zone=z mean=2.5,min=2i,max=3i
access,site=s,access_point=a,decision=granted,reason=plan count=1i,latency_ms=2.5
access,site=s,access_point=a,decision=denied,reason=hours count=1i,latency_ms=2.5
device,site=s,device=d online=true,battery=90.0,last_seen_s=1.0,gaps=0i,duplicates=0i
gateway,instance=gw1 backlog=0i,commit_ms=0.5,decisions=1i,dropped=0i
"""


async def test_every_dashboard_query_finds_its_points(
    influxdb: InfluxDB, influx_proxy: WriteProxy
) -> None:
    """With one point a measurement, no panel stays empty."""
    request = urllib.request.Request(  # noqa: S310 - http, from a fixture
        influx_proxy.url + "/api/v2/write?org=o&bucket=b&precision=ns", data=POINTS, method="POST"
    )
    assert (await asyncio.to_thread(_ask, request))[0] == 204
    board = json.loads((ROOT / "deploy/grafana/dashboards/seuil.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            query = target["query"].replace("$timeFilter", "time > now() - 5m")
            query = query.replace("$__interval", "1m").replace("/^$site$/", "/^s$/")
            rows = await asyncio.to_thread(influxdb.query, query)
            assert rows, panel["title"]
