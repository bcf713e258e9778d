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
from gateway.doctor.finding import Finding, decimal, fault, ok, spoken, warning
from gateway.doctor.visit import Unreachable, Visit, visit
from gateway.phrase import Phrase, joined
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
    0x84: Phrase("the broker must speak MQTT 5: mosquitto 2 or newer"),
    0x85: Phrase("the broker does not take this client id"),
    0x86: Phrase("check SEUIL_BROKER_USERNAME and SEUIL_BROKER_PASSWORD"),
    0x87: Phrase(
        "check SEUIL_BROKER_USERNAME and SEUIL_BROKER_PASSWORD, and the broker's passwords file"
    ),
    0x88: Phrase("the broker is there and out of order: read its log"),
    0x89: Phrase("the broker is busy: try again, then read its log"),
    0x8A: Phrase("the broker has banned this user or address"),
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
        yield fault(Phrase("broker"), wrong.found, wrong.do)
        return
    if seen.refused is not None:
        do = _DO.get(seen.refused_code, Phrase("read the broker's log"))
        yield fault(
            Phrase("broker"),
            Phrase(
                "%(broker_url)s refuses us: %(refused)s",
                broker_url=settings.broker_url,
                refused=seen.refused,
            ),
            do,
        )
        return
    yield ok(
        Phrase("broker"),
        Phrase(
            "%(broker_url)s lets us in %(user)s, MQTT 5",
            broker_url=settings.broker_url,
            user=_as(settings),
        ),
    )
    yield from _limits(seen)
    if settings.broker_username and _NOT_OURS not in seen.denied:
        do = Phrase(
            "have subscriptions checked: seuil broker-config, with mosquitto's plugin (--plugin)"
        )
        found = Phrase("it grants any: one device's password is enough to slow it down for all")
        yield warning(Phrase("broker subscriptions"), found, do)
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
        return fault(Phrase("gateway"), wrong.found, wrong.do)
    if seen.refused is not None:
        do = _DO.get(seen.refused_code, Phrase("read the broker's log"))
        return fault(
            Phrase("gateway"),
            Phrase("the broker refuses us: %(refused)s", refused=seen.refused),
            do,
        )
    return gateway(seen.kept, topics, settings.instance, clock.now())


def gateway(kept: dict[str, bytes], topics: Topics, instance: str, now: datetime) -> Finding:
    """Return the finding on a gateway's retained state and its last health message."""
    check = Phrase("gateway")
    state = kept.get(topics.gateway_state(instance), b"").decode(errors="replace")
    if not state:
        do = Phrase("start it: seuil run SPACE; is SEUIL_INSTANCE the same here and there?")
        return fault(
            check,
            Phrase("no gateway %(instance)s has signed in to this broker yet", instance=instance),
            do,
        )
    if state != "online":
        do = Phrase("start it: seuil run SPACE; if it ended by itself, read its log")
        return fault(check, Phrase("%(instance)s is %(state)s", instance=instance, state=state), do)
    try:
        health = msgspec.json.decode(
            kept.get(topics.gateway_health(instance), b""), type=HealthMessage
        )
    except msgspec.DecodeError:
        do = Phrase("wait 10 s and ask again; is it of this version?")
        return fault(
            check,
            Phrase("%(instance)s is online and has not said how it is", instance=instance),
            do,
        )
    return _health(instance, health, now)


def alarms(kept: dict[str, bytes], sites: Sequence[Site], topics: Topics) -> Iterator[Finding]:
    """Yield each kind of active alarm with its objects and remedy; skip the `SILENT` kinds."""
    check, raised = Phrase("alarms"), defaultdict[str, list[str]](list)
    for site in sites:
        for topic, payload in sorted(kept.items()):
            kind, about = topic.split("/")[-2:]
            if payload and topic == topics.alarm(site.id, kind, about) and kind not in SILENT:
                named = about if len(sites) == 1 else f"{site.id}/{about}"
                raised[kind].append(joined([named, *_clock(payload)], " "))
    for kind, objects in raised.items():
        said = alarm_words(kind)
        yield warning(
            check,
            Phrase(
                "%(kind)s (%(alarm)s): %(objects)s",
                kind=kind,
                alarm=said.word,
                objects=joined(objects),
            ),
            said.do,
        )
    if not raised:
        yield ok(check, Phrase("none active"))


def crowd(kept: Mapping[str, bytes], devices: int) -> Iterator[Finding]:
    """Yield a finding if the broker has more sessions or subscriptions than the space explains."""
    try:
        sessions, *filters = (int(kept.get(topic, b"0")) for topic in _COUNTS)
    except ValueError:  # another broker's words
        return
    most = connections_max(devices)
    if sessions > most or sum(filters) > most * FILTERS_A_CLIENT:
        found = Phrase(
            "%(sessions)s sessions and %(filters)s subscriptions; this space explains %(most)s "
            "sessions, with %(each)s each",
            sessions=sessions,
            filters=sum(filters),
            most=most,
            each=FILTERS_A_CLIENT,
        )
        do = Phrase(
            "one device's password is misused: mosquitto's log has each connection's login "
            "(u'LOGIN'); give that device another, see seuil broker-config --bind-client-ids, and "
            "restart mosquitto without its database"
        )
        yield warning(Phrase("broker clients"), found, do)


def _clock(payload: bytes) -> tuple[str, ...]:
    """Return the error of a device's clock, where its alarm states it."""
    try:
        alarm = msgspec.json.decode(payload, type=AlarmMessage)
    except msgspec.DecodeError:
        return ()
    return () if alarm.ahead_s is None else (clock_off(alarm.ahead_s),)


def _health(instance: str, health: HealthMessage, now: datetime) -> Finding:
    check, age = Phrase("gateway"), now - health.at
    if age > HEALTH_OLD:
        do = Phrase("it hangs, or the clocks differ: restart it, and keep its log for a report")
        return fault(
            check,
            Phrase(
                "%(instance)s is online, but silent for %(age)s", instance=instance, age=spoken(age)
            ),
            do,
        )
    if health.status != "ok":
        do = Phrase("the journal cannot be written: disk full? see its log")
        if health.status != "journal-failing":
            do = Phrase("read its log")
        return fault(
            check,
            Phrase("%(instance)s says %(status)s", instance=instance, status=health.status),
            do,
        )
    said = Phrase(
        "%(instance)s %(version)s is online and ok %(age)s ago: row %(journal)s, "
        "last commit %(commit)s ms, %(inbox)s messages wait",
        instance=instance,
        version=health.version,
        age=spoken(age),
        journal=health.journal,
        commit=decimal(health.commit_ms),
        inbox=health.inbox,
    )
    for trouble, do in (
        (
            health.clock,
            Phrase("set the clock, or see that its time service reaches a server: timedatectl"),
        ),
        (
            health.disk,
            Phrase("make room: with none left nothing is journaled, and no door opens"),
        ),
    ):
        if trouble:
            return warning(check, joined([said, trouble], "; "), do)
    if health.influx:
        do = Phrase("nothing is lost, but no point leaves: %(influx)s", influx=health.influx)
        return warning(
            check,
            Phrase(
                "%(said)s, %(backlog)s rows are not in InfluxDB", said=said, backlog=health.backlog
            ),
            do,
        )
    if health.backlog > BACKLOG_LARGE:
        do = Phrase("nothing is lost, but is InfluxDB well?")
        return warning(
            check,
            Phrase(
                "%(said)s, %(backlog)s rows are not in InfluxDB", said=said, backlog=health.backlog
            ),
            do,
        )
    return ok(check, said)


def _as(settings: Settings) -> str:
    if not settings.broker_username:
        return Phrase("without a password")
    return Phrase("as %(user)s", user=settings.broker_username)


def _limits(seen: Visit) -> Iterator[Finding]:
    check = Phrase("broker limits")
    if seen.limits.get("RetainAvailable", 1) == 0:
        do = Phrase(
            "mosquitto: retain_available true. Head counts and alarms are retained messages"
        )
        yield fault(check, Phrase("retained messages are switched off"), do)
    if seen.limits.get("MaximumQoS", 2) == 0:
        yield fault(
            check,
            Phrase("QoS 1 is switched off"),
            Phrase("mosquitto: max_qos 1; QoS 0 loses events"),
        )
    in_flight = seen.limits.get("ReceiveMaximum", 65_535)
    if in_flight < IN_FLIGHT_LOW:
        do = Phrase("mosquitto: max_inflight_messages 1000 (`seuil broker-config` writes it)")
        yield warning(
            check,
            Phrase("only %(in_flight)s answers may be under way at once", in_flight=in_flight),
            do,
        )
    else:
        yield ok(
            check,
            Phrase(
                "%(in_flight)s messages under way at once; retained messages are kept",
                in_flight=in_flight,
            ),
        )


def _subscriptions(seen: Visit, count: int) -> Finding:
    check = Phrase("subscriptions")
    denials = {one: why for one, why in seen.denied.items() if one not in (_NOT_OURS, *_COUNTS)}
    if denials:
        denied = ", ".join(f"{topic} ({why})" for topic, why in sorted(denials.items()))
        return fault(
            check,
            Phrase("not granted: %(denied)s", denied=denied),
            Phrase("mend the broker's ACL: seuil broker-config"),
        )
    return ok(check, Phrase("all %(count)s topics of the space are granted", count=count))
