"""The console's figures for Prometheus: from the picture, and of the console itself.

Labels are of the space file (sites, zones, doors), of the known reasons, and of gateways (bounded
by the picture). None is of a person. Head counts here are exact: the page needs a token.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.console.feed.site_state import Picture
from gateway.console.integrations.webhook_queue import Webhooks
from gateway.core.access.reasons import REASONS
from gateway.core.facts import AlarmKind, DoorStatus
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.wire.states import AccessMessage

OTHER: Final = "other"
"""The label of what this version does not know."""


class ConsoleFigures(Collector):
    """The figures, read at each scrape; only the counts of decisions are stored."""

    def __init__(
        self,
        sites: Mapping[SiteId, Site],
        picture: Picture,
        webhooks: Webhooks,
        streams: Callable[[], int],
    ) -> None:
        self._sites = sites
        self._picture = picture
        self._webhooks = webhooks
        self._streams = streams
        self._decisions: Counter[tuple[str, str, str]] = Counter()

    def decided(self, site: SiteId, message: AccessMessage) -> None:
        """Count a decision."""
        reason = message.reason if message.reason in REASONS else OTHER
        self._decisions[site, message.decision, reason] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield every figure, as of now."""
        yield from self._itself()
        yield from self._gateways()
        yield from self._zones()
        yield self._doors()
        yield self._alarms()
        decisions = CounterMetricFamily(
            "seuil_decisions",
            "Decisions that this console heard of since its start.",
            labels=("site", "decision", "reason"),
        )
        for labels, count in self._decisions.items():
            decisions.add_metric(labels, count)
        yield decisions

    def _itself(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "seuil_console_broker_connected",
            "1 while the console hears the broker.",
            value=float(self._picture.connected),
        )
        yield GaugeMetricFamily(
            "seuil_console_streams", "Pages that are open.", value=self._streams()
        )
        yield CounterMetricFamily(
            "seuil_console_rejected_messages",
            "Messages that were not understood since the start.",
            value=self._picture.rejected,
        )
        hooks = CounterMetricFamily(
            "seuil_webhook_events",
            "Attempts to tell a webhook, and events that were dropped, since the start.",
            labels=("site", "outcome"),
        )
        for labels, count in self._webhooks.outcomes.items():
            hooks.add_metric(labels, count)
        yield hooks

    def _gateways(self) -> Iterator[Metric]:
        online = GaugeMetricFamily(
            "seuil_gateway_online", "1 while a gateway says so.", labels=("gateway",)
        )
        for name, gateway in self._picture.gateways.items():
            online.add_metric((name,), float(gateway.state == "online"))
        yield online

    def _zones(self) -> Iterator[Metric]:
        labels = ("site", "zone")
        people = GaugeMetricFamily("seuil_zone_people", "People in a zone.", labels=labels)
        limit = GaugeMetricFamily(
            "seuil_zone_capacity_people", "People that a zone may hold.", labels=labels
        )
        stale = GaugeMetricFamily(
            "seuil_zone_stale", "1 while a zone's count is uncertain.", labels=labels
        )
        for site_id, site in self._sites.items():
            counts = self._picture.sites[site_id].zones
            for zone in site.zones:
                if zone.capacity is not None:
                    limit.add_metric((site_id, zone.id), zone.capacity)
                if zone.id in counts:
                    count = counts[zone.id].count
                    people.add_metric((site_id, zone.id), count.people)
                    stale.add_metric((site_id, zone.id), float(count.stale))
        yield from (people, limit, stale)

    def _doors(self) -> Metric:
        states = GaugeMetricFamily(
            "seuil_door_state",
            "1 for the state that a door is in.",
            labels=("site", "door", "state"),
        )
        for site_id, picture in self._picture.sites.items():
            for door, message in picture.doors.items():
                for state in get_args(DoorStatus):
                    states.add_metric((site_id, door, state), float(message.state == state))
        return states

    def _alarms(self) -> Metric:
        alarms = GaugeMetricFamily("seuil_alarms", "Alarms that are on.", labels=("site", "kind"))
        for site_id, picture in self._picture.sites.items():
            on = Counter(alarm.kind for alarm in picture.alarms.values())
            for kind in get_args(AlarmKind):
                alarms.add_metric((site_id, kind), on[kind])
        return alarms
