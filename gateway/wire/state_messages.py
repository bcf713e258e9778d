"""Payloads of retained states: head counts, alarms and musters."""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.core.facts import (
    GATEWAY,
    OF_GATEWAY,
    AlarmAcknowledged,
    AlarmCleared,
    AlarmKind,
    AlarmOver,
    AlarmRaised,
    MusterChanged,
    OccupancyChanged,
)
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.site import Site
from gateway.core.state import State, ahead_s_of
from gateway.translation import both
from gateway.wire.count_reasons import in_words
from gateway.wire.message import encode
from gateway.wire.states import MISSING_MAX, AlarmMessage, MusterMessage, OccupancyMessage

DEVICE_ALARMS: Final[tuple[AlarmKind, ...]] = (
    "device-silent",
    "device-offline",
    "tamper",
    "clock-skew",
    "battery-low",
    "flooding",
    "numbering-restarted",
    "numbering-refused",
    "unproven-claim",
    "not-wired",
    "engine-fault",
)
"""The alarms that a device may have."""


def occupancy_payload(site: Site, changed: OccupancyChanged) -> bytes:
    """Return the payload of a zone's head count."""
    message = OccupancyMessage(
        at=changed.at,
        people=changed.people,
        low=changed.low,
        high=changed.high,
        known=changed.known,
        capacity=changed.capacity,
        p_vacant=changed.p_vacant,
        p_full=changed.p_full,
        stale=changed.stale,
        because=tuple(
            both(in_words(reason, site.name_of, site.clock)) for reason in changed.reasons
        ),
    )
    return encode(message)


AlarmChange = AlarmRaised | AlarmAcknowledged | AlarmOver | AlarmCleared


def alarm_payload(alarm: AlarmChange) -> bytes:
    """Return the payload of an active alarm; empty if it was cleared."""
    match alarm:
        case AlarmCleared():
            return b""
        case AlarmRaised():
            return encode(AlarmMessage(alarm.at, alarm.kind, alarm.object, ahead_s=alarm.ahead_s))
        case AlarmAcknowledged():
            raised = AlarmMessage(
                alarm.raised, alarm.kind, alarm.object, alarm.at, alarm.by, alarm.ahead_s
            )
            return encode(raised)
        case AlarmOver():
            return encode(AlarmMessage(alarm.raised, alarm.kind, alarm.object, over_at=alarm.at))


def alarm_word(fact: AlarmChange) -> str:
    """Return the event's name for a change of an alarm."""
    match fact:
        case AlarmRaised():
            return "alarm.raised"
        case AlarmAcknowledged():
            return "alarm.acknowledged"
        case AlarmOver():
            return "alarm.over"
        case AlarmCleared():
            return "alarm.cleared"


def alarm_now(state: State, kind: AlarmKind, about: str) -> AlarmChange:
    """Return the latest fact about an active alarm."""
    raised, seen_to = state.alarms[kind, about], state.acknowledged.get((kind, about))
    over = state.over.get((kind, about))
    if over is not None:
        return AlarmOver(kind, about, raised, over)
    ahead_s = ahead_s_of(state.devices, kind, about)
    if seen_to is None:
        return AlarmRaised(kind, about, raised, ahead_s)
    return AlarmAcknowledged(kind, about, raised, seen_to.at, seen_to.by, ahead_s=ahead_s)


def muster_payload(changed: MusterChanged) -> bytes:
    """Return the payload of a zone's muster list; empty if there is none (any more)."""
    if not changed.expected:
        return b""
    message = MusterMessage(
        at=changed.at,
        expected=changed.expected,
        seen=changed.seen,
        missing=changed.missing[:MISSING_MAX],
        more=len(changed.missing[MISSING_MAX:]),
    )
    return encode(message)


def possible_alarms(site: Site) -> Iterator[tuple[AlarmKind, str]]:
    """Yield every alarm that a site's parts may raise."""
    kinds: tuple[
        tuple[tuple[AlarmKind, ...], Sequence[Door | Zone | Machine | AccessPoint | Device]], ...
    ] = (
        (("forced", "held"), site.doors),
        (("over-capacity",), site.zones),
        (("lone-worker", "unsupervised", "unattended", "safe-stop"), site.machines),
        (("duress",), site.access_points),
        (DEVICE_ALARMS, site.devices),
    )
    for names, objects in kinds:
        for about in objects:
            yield from ((kind, about.id) for kind in names)
    yield from ((kind, GATEWAY) for kind in OF_GATEWAY)
