"""The gateway's figures: true, well named, of no person, and on the loopback alone."""

import re
import urllib.request
from datetime import timedelta

import pytest
from immutables import Map
from msgspec import structs
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gateway.adapters.broker.ports import free_port
from gateway.adapters.journal.rows import EventRow
from gateway.clock import ManualClock
from gateway.core.events import Tick
from gateway.core.facts import Decided, OccupancyChanged
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.state import DeviceState, DoorState, State
from gateway.service.metrics import GatewayFigures, ListenError, Sources, listening
from tests.world.hive import AT, FRONT, HALL, HOLDER, HUB, SITE

LABELS = ("site", "zone", "door", "device", "state", "kind", "decision", "reason")
READER = DeviceId("reader")


def figures() -> GatewayFigures:
    """Of a gateway whose reader was heard of a minute ago."""
    clock = ManualClock(AT)
    state = structs.replace(
        State(),
        doors=Map({FRONT: DoorState("open")}),
        alarms=Map({("forced", FRONT): AT}),
        devices=Map({READER: DeviceState(AT - timedelta(seconds=60), missing=2)}),
    )
    sources = Sources(
        sites=lambda: {HUB: SITE},
        states=lambda: {HUB: state},
        inbox=lambda: 3,
        backlog=lambda: 40,
        dead_letters=lambda: 5,
        faults=lambda: 6,
        commit_ms=lambda: 2.5,
        connected=lambda: True,
        healthy=lambda: False,
    )
    made = GatewayFigures(sources, clock)
    granted = Decided(READER, AccessPointId("front-in"), "granted", "plan", HOLDER, ())
    changed = OccupancyChanged(HALL, AT, 7, 7, 7, 7, 10, 0.0, 0.0, stale=False)
    for n in (1, 2):
        at = int(AT.timestamp() * 1e6)
        made.heard(EventRow(n, HUB, READER, "credential", at, at, Tick(), (granted, changed)))
    return made


def exposed() -> str:
    """What Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(figures())
    return generate_latest(registry).decode()


def test_figures_are_true() -> None:
    """Each has the value of its source, times in seconds."""
    samples = {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): (
            sample.value
        )
        for family in text_string_to_metric_families(exposed())
        for sample in family.samples
    }
    assert samples == {
        ("seuil_gateway_healthy",): 0,
        ("seuil_gateway_broker_connected",): 1,
        ("seuil_gateway_inbox_messages",): 3,
        ("seuil_gateway_backlog_rows",): 40,
        ("seuil_gateway_commit_seconds",): 0.0025,
        ("seuil_gateway_dead_letters_total",): 5,
        ("seuil_gateway_faults_total",): 6,
        ("seuil_decisions_total", "hub", "granted", "plan"): 2,
        ("seuil_door_state", "hub", "front", "open"): 1,
        ("seuil_alarms", "hub", "forced"): 1,
        ("seuil_device_last_seen_seconds", "hub", "reader"): 60,
        ("seuil_device_missing_events", "hub", "reader"): 2,
    }


def test_names_follow_the_rules_and_no_label_is_of_a_person() -> None:
    """Lint: help, base units, _total for counters alone, labels of places and of our own words."""
    text = exposed()
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"seuil_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert not re.search(r"(_ms|_minutes|_count|_sum|_total|_info)$", family.name)
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert set(sample.labels) <= set(LABELS)
    assert HOLDER not in text


def test_it_listens_where_it_was_told_and_no_longer_than_that() -> None:
    """A scrape is answered; afterwards the port is free, and a taken one is said in words."""
    port = free_port()
    made = figures()
    for _ in range(2):
        with (
            listening(made, port),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as got,
        ):
            assert b"seuil_gateway_healthy 0.0" in got.read()
    with (
        listening(made, port),
        pytest.raises(ListenError, match="SEUIL_METRICS_PORT"),
        listening(made, port),
    ):
        pass


def test_nobody_listens_by_default() -> None:
    """Without a port nothing is opened."""
    with listening(figures(), None):
        pass
