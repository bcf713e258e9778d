"""The broker, and the gateway as the broker's other clients see it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gateway.adapters.broker.mosquitto_config import connections_max
from gateway.adapters.mqtt.address import broker_address
from gateway.clock import Clock
from gateway.config import Settings
from gateway.core.model.site import Site
from gateway.doctor.finding import Finding, fault, ok, spoken, warning
from gateway.doctor.visit import Unreachable, Visit, visit
from gateway.wire.alarm_texts import SILENT, alarm_words
from gateway.wire.states import AlarmMessage, HealthMessage
from gateway.wire.texts import clock_off
from gateway.wire.topics import Topics
from sensors.registry import Registry

HEALTH_OLD: Final = timedelta(seconds=30)
"""The gateway publishes its health every 10 s; three missing ones mean that it hangs."""
BACKLOG_LARGE: Final = 10_000
"""Rows: minutes of a busy site; fewer are normal."""
IN_FLIGHT_LOW: Final = 100
"""Messages: below this a burst of answers waits for the broker's acknowledgements."""
FILTERS_A_CLIENT: Final = 20
"""Subscriptions: a lane of the gateway that many devices share has more, most clients fewer."""
_COUNTS: Final = (
    "$SYS/broker/clients/total",
    "$SYS/broker/subscriptions/count",
    "$SYS/broker/shared_subscriptions/count",
)
_NOT_OURS: Final = "not-a-topic-of-ours/doctor"
"""A filter that a broker which checks subscriptions refuses."""
QUICK_S: Final = 2.0
"""The time that the container's health check may take, beside Python's start."""
_DO: Final = {
    0x84: "the broker must speak MQTT 5: mosquitto 2 or newer",
    0x85: "the broker does not take this client id",
    0x86: "check SEUIL_BROKER_USERNAME and SEUIL_BROKER_PASSWORD",
    0x87: "check SEUIL_BROKER_USERNAME and SEUIL_BROKER_PASSWORD, and the broker's passwords file",
    0x88: "the broker is there and out of order: read its log",
    0x89: "the broker is busy: try again, then read its log",
    0x8A: "the broker has banned this user or address",
}
"""The remedy for a CONNACK's reason code [MQTT-3.2.2.2]."""


def broker(settings: Settings, sites: Sequence[Site], clock: Clock) -> Iterator[Finding]:
    """Yield findings on the connection, our topics, the gateway's health and its alarms."""
    topics = Topics(settings.prefix)
    state = topics.gateway_state(settings.instance)
    health = topics.gateway_health(settings.instance)
    wanted = [one.filter for one in Registry(sites, settings.prefix).subscriptions]
    raised = [topics.alarm(site.id, "+", "+") for site in sites]
    try:
        also = (state, health, *raised, *_COUNTS, _NOT_OURS)
        seen = visit(broker_address(settings), wanted, also=also)
    except Unreachable as wrong:
        yield fault("broker", wrong.found, wrong.do)
        return
    if seen.refused is not None:
        do = _DO.get(seen.refused_code, "read the broker's log")
        yield fault("broker", f"{settings.broker_url} refuses us: {seen.refused}", do)
        return
    yield ok("broker", f"{settings.broker_url} lets us in{_as(settings)}, MQTT 5")
    yield from _limits(seen)
    if settings.broker_username and _NOT_OURS not in seen.denied:
        do = "have subscriptions checked: seuil broker-config, with mosquitto's plugin (--plugin)"
        found = "it grants any: one device's password is enough to slow it down for all"
        yield warning("broker subscriptions", found, do)
    yield from crowd(seen.kept, sum(len(site.devices) for site in sites))
    yield _subscriptions(seen, len(wanted))
    yield gateway(seen.kept, topics, settings.instance, clock.now())
    yield from alarms(seen.kept, sites, topics)


def quick_health(settings: Settings, clock: Clock) -> Finding:
    """Return whether this gateway is online, and was well within the last half minute."""
    topics = Topics(settings.prefix)
    both = (topics.gateway_state(settings.instance), topics.gateway_health(settings.instance))
    try:
        seen = visit(
            broker_address(settings), (), also=both, within_s=QUICK_S, listen_s=QUICK_S, enough=both
        )
    except Unreachable as wrong:
        return fault("gateway", wrong.found, wrong.do)
    if seen.refused is not None:
        do = _DO.get(seen.refused_code, "read the broker's log")
        return fault("gateway", f"the broker refuses us: {seen.refused}", do)
    return gateway(seen.kept, topics, settings.instance, clock.now())


def gateway(kept: dict[str, bytes], topics: Topics, instance: str, now: datetime) -> Finding:
    """Return the finding on a gateway's retained state and its last health message."""
    check = "gateway"
    state = kept.get(topics.gateway_state(instance), b"").decode(errors="replace")
    if not state:
        do = "start it: seuil run SPACE; is SEUIL_INSTANCE the same here and there?"
        return fault(check, f"no gateway {instance} has signed in to this broker yet", do)
    if state != "online":
        do = "start it: seuil run SPACE; if it ended by itself, read its log"
        return fault(check, f"{instance} is {state}", do)
    try:
        health = msgspec.json.decode(
            kept.get(topics.gateway_health(instance), b""), type=HealthMessage
        )
    except msgspec.DecodeError:
        do = "wait 10 s and ask again; is it of this version?"
        return fault(check, f"{instance} is online and has not said how it is", do)
    return _health(instance, health, now)


def alarms(kept: dict[str, bytes], sites: Sequence[Site], topics: Topics) -> Iterator[Finding]:
    """Yield each kind of active alarm with its objects and remedy; skip the `SILENT` kinds."""
    check, raised = "alarms", defaultdict[str, list[str]](list)
    for site in sites:
        for topic, payload in sorted(kept.items()):
            kind, about = topic.split("/")[-2:]
            if payload and topic == topics.alarm(site.id, kind, about) and kind not in SILENT:
                named = about if len(sites) == 1 else f"{site.id}/{about}"
                raised[kind].append(f"{named}{_clock(payload)}")
    for kind, objects in raised.items():
        said = alarm_words(kind)
        yield warning(check, f"{kind} ({said.word}): {', '.join(objects)}", said.do)
    if not raised:
        yield ok(check, "none is on")


def crowd(kept: Mapping[str, bytes], devices: int) -> Iterator[Finding]:
    """Yield a finding if the broker has more sessions or subscriptions than the space explains."""
    try:
        sessions, *filters = (int(kept.get(topic, b"0")) for topic in _COUNTS)
    except ValueError:  # another broker's words
        return
    most = connections_max(devices)
    if sessions > most or sum(filters) > most * FILTERS_A_CLIENT:
        found = (
            f"{sessions} sessions and {sum(filters)} subscriptions; this space explains {most} "
            f"sessions, with {FILTERS_A_CLIENT} each"
        )
        do = (
            "one device's password is misused: mosquitto's log has each connection's login "
            "(u'LOGIN'); give that device another, see seuil broker-config --bind-client-ids, and "
            "restart mosquitto without its database"
        )
        yield warning("broker clients", found, do)


def _clock(payload: bytes) -> str:
    """Return the error of a device's clock, where its alarm states it."""
    try:
        alarm = msgspec.json.decode(payload, type=AlarmMessage)
    except msgspec.DecodeError:
        return ""
    return "" if alarm.ahead_s is None else f" {clock_off(alarm.ahead_s)}"


def _health(instance: str, health: HealthMessage, now: datetime) -> Finding:
    check, age = "gateway", now - health.at
    if age > HEALTH_OLD:
        do = "it hangs, or the clocks differ: restart it, and keep its log for a report"
        return fault(check, f"{instance} is online, but silent for {spoken(age)}", do)
    if health.status != "ok":
        do = "the journal cannot be written: disk full? see its log"
        if health.status != "journal-failing":
            do = "read its log"
        return fault(check, f"{instance} says {health.status}", do)
    said = (
        f"{instance} {health.version} is online and ok {spoken(age)} ago: row {health.journal}, "
        f"last commit {health.commit_ms:.1f} ms, {health.inbox} messages wait"
    )
    for trouble, do in (
        (health.clock, "set the clock, or see that its time service reaches a server: timedatectl"),
        (health.disk, "make room: with none left nothing is journaled, and no door opens"),
    ):
        if trouble:
            return warning(check, f"{said}; {trouble}", do)
    if health.influx:
        do = f"nothing is lost, but no point leaves: {health.influx}"
        return warning(check, f"{said}, {health.backlog} rows are not in InfluxDB", do)
    if health.backlog > BACKLOG_LARGE:
        do = "nothing is lost, but is InfluxDB well?"
        return warning(check, f"{said}, {health.backlog} rows are not in InfluxDB", do)
    return ok(check, said)


def _as(settings: Settings) -> str:
    return f" as {settings.broker_username}" if settings.broker_username else " without a password"


def _limits(seen: Visit) -> Iterator[Finding]:
    check = "broker limits"
    if seen.limits.get("RetainAvailable", 1) == 0:
        do = "mosquitto: retain_available true. Head counts and alarms are retained messages"
        yield fault(check, "retained messages are switched off", do)
    if seen.limits.get("MaximumQoS", 2) == 0:
        yield fault(check, "QoS 1 is switched off", "mosquitto: max_qos 1; QoS 0 loses events")
    in_flight = seen.limits.get("ReceiveMaximum", 65_535)
    if in_flight < IN_FLIGHT_LOW:
        do = "mosquitto: max_inflight_messages 1000 (`seuil broker-config` writes it)"
        yield warning(check, f"only {in_flight} answers may be under way at once", do)
    else:
        yield ok(check, f"{in_flight} messages under way at once; retained messages are kept")


def _subscriptions(seen: Visit, count: int) -> Finding:
    check = "subscriptions"
    denials = {one: why for one, why in seen.denied.items() if one not in (_NOT_OURS, *_COUNTS)}
    if denials:
        denied = ", ".join(f"{topic} ({why})" for topic, why in sorted(denials.items()))
        return fault(check, f"not granted: {denied}", "mend the broker's ACL: seuil broker-config")
    return ok(check, f"all {count} topics of the space are granted")
