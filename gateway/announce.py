"""From the engine's facts to messages: what readers, consoles and other tools are told."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from gateway.core.facts import (
    AlarmCleared,
    AlarmKind,
    AlarmRaised,
    Decided,
    DoorChanged,
    Fact,
    OccupancyChanged,
    UnlockDoor,
)
from gateway.core.occupancy import read_out
from gateway.core.reasons import REASONS
from gateway.core.site import Device, Door, Site, SiteId, Zone
from gateway.core.state import DoorState, State
from gateway.wire import (
    AccessMessage,
    AlarmMessage,
    DoorMessage,
    OccupancyMessage,
    Outgoing,
    Topics,
    encode,
)
from sensors.driver import Answer
from sensors.registry import Registry


class Announcer:
    """Builds messages for the sites of one registry."""

    def __init__(self, registry: Registry, topics: Topics) -> None:
        self._registry = registry
        self._topics = topics

    def orders(
        self, site: SiteId, n: int, fact: Fact, boot: int | None = None, seq: int | None = None
    ) -> tuple[Outgoing, ...]:
        """The messages of an answer or an unlock order; none for any other fact.

        `boot` and `seq` are those of the credential event that is answered.
        """
        match fact:
            case Decided(expires=datetime() as expires):
                answer = Answer(
                    id=str(n),
                    site=site,
                    device=fact.device,
                    decision=fact.decision,
                    reason=fact.reason,
                    boot=boot,
                    seq=seq,
                    unlock_s=fact.unlock_s,
                    expires=expires,
                    message=REASONS[fact.reason].text,
                )
                return self._registry.answer(answer)
            case UnlockDoor():
                return self._registry.unlock(site, fact.device, str(n), fact.unlock_s, fact.expires)
            case _:
                return ()

    def decision(
        self, site: Site, n: int, decided: Decided, at: datetime, now: datetime
    ) -> Outgoing:
        """A decision for everyone: with a pseudonym, without a badge number."""
        point = site.access_point.get(decided.access_point) if decided.access_point else None
        message = AccessMessage(
            id=str(n),
            at=at,
            reader=decided.device,
            access_point=decided.access_point,
            zone=point.zone if point else None,
            direction=point.direction if point else None,
            decision=decided.decision,
            reason=decided.reason,
            holder=decided.holder,
            message=REASONS[decided.reason].text,
            latency_ms=round(max(0.0, (now - at).total_seconds()) * 1000, 3),
        )
        return Outgoing(self._topics.access(site.id), encode(message))

    def states(self, site: SiteId, facts: Iterable[Fact]) -> dict[str, Outgoing]:
        """The retained messages that follow from facts, the last of each topic."""
        messages = (self._state(site, fact) for fact in facts)
        return {message.topic: message for message in messages if message is not None}

    def everything(self, site: Site, state: State, now: datetime) -> list[Outgoing]:
        """All retained messages of a site: for a broker that we (re)connected to."""
        zones = (
            read_out(zone, state.zones[zone.id], now)
            for zone in site.zones
            if zone.id in state.zones
        )
        doors = (
            DoorChanged(door.id, state.doors.get(door.id, DoorState()).status, now)
            for door in site.doors
        )
        alarms = (
            AlarmRaised(kind, about, state.alarms[kind, about])
            if (kind, about) in state.alarms
            else AlarmCleared(kind, about, now)  # it may have been cleared while we were away
            for kind, about in _possible_alarms(site)
        )
        return list(self.states(site.id, (*zones, *doors, *alarms)).values())

    def removed(self, before: Site | None, after: Site) -> list[Outgoing]:
        """Empty retained messages for the zones and doors that a new space file has no more."""
        if before is None:
            return []
        gone = set(self._places(before)) - set(self._places(after))
        return [_retained(topic, b"") for topic in sorted(gone)]

    def _places(self, site: Site) -> list[str]:
        zones = [self._topics.occupancy(site.id, zone.id) for zone in site.zones]
        return zones + [self._topics.door(site.id, door.id) for door in site.doors]

    def _state(self, site: SiteId, fact: Fact) -> Outgoing | None:
        match fact:
            case OccupancyChanged():
                occupancy = OccupancyMessage(
                    at=fact.at,
                    people=fact.people,
                    low=fact.low,
                    high=fact.high,
                    known=fact.known,
                    capacity=fact.capacity,
                    p_vacant=fact.p_vacant,
                    p_full=fact.p_full,
                    stale=fact.stale,
                )
                return _retained(self._topics.occupancy(site, fact.zone), encode(occupancy))
            case DoorChanged():
                door = DoorMessage(at=fact.at, state=fact.state)
                return _retained(self._topics.door(site, fact.door), encode(door))
            case AlarmRaised():
                alarm = AlarmMessage(at=fact.at, kind=fact.kind, object=fact.object)
                return _retained(self._topics.alarm(site, fact.kind, fact.object), encode(alarm))
            case AlarmCleared():
                return _retained(self._topics.alarm(site, fact.kind, fact.object), b"")
            case _:
                return None


def _possible_alarms(site: Site) -> Iterator[tuple[AlarmKind, str]]:
    """Every alarm that a site's doors, zones and devices may raise."""
    kinds: tuple[tuple[tuple[AlarmKind, ...], Sequence[Door | Zone | Device]], ...] = (
        (("forced", "held"), site.doors),
        (("over-capacity",), site.zones),
        (("device-silent", "device-offline", "tamper", "clock-skew", "battery-low"), site.devices),
    )
    for names, objects in kinds:
        for about in objects:
            yield from ((kind, about.id) for kind in names)


def _retained(topic: str, payload: bytes) -> Outgoing:
    return Outgoing(topic, payload, retain=True)
