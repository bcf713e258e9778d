"""The gateway's figures for Prometheus, served on a loopback port if one is set.

A scrape is answered in a thread: it copies counters and reads frozen states, a few hundred numbers,
so the doors' loop waits at most for Python's lock and never for a socket. Labels are names from the
space file and from our code; none refers to a person.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.adapters.journal.rows import EventRow
from gateway.clock import Clock
from gateway.core.facts import Decided, OccupancyChanged
from gateway.core.model.names import SiteId, ZoneId
from gateway.core.model.site import Site
from gateway.core.state import DoorState, State

HOST: Final = "127.0.0.1"
_MS: Final = 1000.0

log = logging.getLogger(__name__)


class ListenError(Exception):
    """The port for the figures is not available."""


class Sources(Struct, frozen=True):
    """The sources of the figures, called at each scrape from another thread."""

    sites: Callable[[], Mapping[SiteId, Site]]
    states: Callable[[], Mapping[SiteId, State]]
    inbox: Callable[[], int]
    backlog: Callable[[], int]
    dead_letters: Callable[[], int]
    faults: Callable[[], int]
    commit_ms: Callable[[], float]
    connected: Callable[[], bool]
    healthy: Callable[[], bool]


class GatewayFigures(Collector):
    """The figures: counts updated with each row (`heard`), and values read at a scrape."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._of = sources
        self._clock = clock
        self._decisions: Counter[tuple[str, str, str]] = Counter()
        self._people: dict[tuple[SiteId, ZoneId], int] = {}

    def heard(self, row: EventRow) -> None:
        """Count a row that is on disk; takes a microsecond or less."""
        for fact in row.facts:
            if isinstance(fact, Decided):
                self._decisions[row.site, fact.decision, fact.reason] += 1
            elif isinstance(fact, OccupancyChanged):
                self._people[row.site, fact.zone] = fact.people

    def collect(self) -> Iterator[Metric]:
        """Yield all current figures."""
        yield from self._itself()
        decisions = CounterMetricFamily(
            "seuil_decisions",
            "Decisions since the start.",
            labels=("site", "decision", "reason"),
        )
        for labels, count in dict(self._decisions).items():
            decisions.add_metric(labels, count)
        yield decisions
        sites, states = self._of.sites(), self._of.states()
        yield from _places(sites, states, dict(self._people))
        yield from self._devices(sites, states)

    def _itself(self) -> Iterator[Metric]:
        of = self._of
        gauges = (
            ("seuil_gateway_healthy", "1 while the journal can be written.", float(of.healthy())),
            ("seuil_gateway_broker_connected", "1 while connected.", float(of.connected())),
            ("seuil_gateway_inbox_messages", "Messages that wait.", of.inbox()),
            ("seuil_gateway_backlog_rows", "Rows not in InfluxDB yet.", of.backlog()),
            ("seuil_gateway_commit_seconds", "The last commit's time.", of.commit_ms() / _MS),
        )
        for name, said, value in gauges:
            yield GaugeMetricFamily(name, said, value=value)
        yield CounterMetricFamily(
            "seuil_gateway_dead_letters",
            "Messages that nobody understood, since the start.",
            value=of.dead_letters(),
        )
        yield CounterMetricFamily(
            "seuil_gateway_faults",
            "Bugs of the gateway's own that were met, since the start.",
            value=of.faults(),
        )

    def _devices(
        self, sites: Mapping[SiteId, Site], states: Mapping[SiteId, State]
    ) -> Iterator[Metric]:
        labels = ("site", "device")
        seen = GaugeMetricFamily(
            "seuil_device_last_seen_seconds", "Since a device was last heard of.", labels=labels
        )
        missing = GaugeMetricFamily(
            "seuil_device_missing_events", "Numbered events that never came.", labels=labels
        )
        now = self._clock.now()
        for site_id, site in sites.items():
            known = states[site_id].devices
            for device in site.devices:
                if device.id in known:
                    state = known[device.id]
                    age_s = max(0.0, (now - state.last_seen).total_seconds())
                    seen.add_metric((site_id, device.id), age_s)
                    missing.add_metric((site_id, device.id), state.missing)
        yield from (seen, missing)


def _places(
    sites: Mapping[SiteId, Site],
    states: Mapping[SiteId, State],
    told: Mapping[tuple[SiteId, ZoneId], int],
) -> Iterator[Metric]:
    """Yield zones, doors and alarms. Before a zone's first change its count is by badges alone."""
    people = GaugeMetricFamily("seuil_zone_people", "People in a zone.", labels=("site", "zone"))
    doors = GaugeMetricFamily(
        "seuil_door_state",
        "1, with the state that a door is in.",
        labels=("site", "door", "state"),
    )
    alarms = GaugeMetricFamily("seuil_alarms", "Alarms that are on.", labels=("site", "kind"))
    for site_id, site in sites.items():
        state = states[site_id]
        for zone in site.zones:
            if zone.id in state.zones:
                count = told.get((site_id, zone.id), state.zones[zone.id].known)
                people.add_metric((site_id, zone.id), count)
        for door in site.doors:
            status = state.doors.get(door.id, DoorState()).status
            doors.add_metric((site_id, door.id, status), 1)
        for kind, count in Counter(kind for kind, _ in state.alarms).items():
            alarms.add_metric((site_id, kind), count)
    yield from (people, doors, alarms)


@contextlib.contextmanager
def listening(figures: GatewayFigures, port: int | None) -> Iterator[None]:
    """Answer scrapes on this port of the loopback; None: do not listen.

    Raises:
        ListenError: The port is taken.
    """
    if port is None:
        yield
        return
    registry = CollectorRegistry()
    registry.register(figures)
    try:
        server, thread = start_http_server(port, addr=HOST, registry=registry)
    except OSError as wrong:
        message = f"SEUIL_METRICS_PORT: cannot listen on {HOST} port {port}: {wrong.strerror}"
        raise ListenError(message) from None
    log.info("figures for Prometheus on http://%s:%d/metrics", HOST, port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
