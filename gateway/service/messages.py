"""Builds messages to readers, consoles and other tools from the engine's facts."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache

from msgspec import structs

from gateway.core.access import muster
from gateway.core.access.doors import unknown
from gateway.core.access.machine_power import changed
from gateway.core.access.reasons import REASONS
from gateway.core.facts import (
    AlarmAcknowledged,
    AlarmCleared,
    AlarmOver,
    AlarmRaised,
    Decided,
    DoorChanged,
    Fact,
    MachineChanged,
    ModeChanged,
    MusterChanged,
    Noticed,
    OccupancyChanged,
    RequestAnswered,
    SwitchMachine,
    UnlockDoor,
)
from gateway.core.model.names import AccessPointId, DoorId, SiteId, Text
from gateway.core.model.site import Site
from gateway.core.occupancy.occupancy import read_out
from gateway.core.state import DoorState, ModeState, State
from gateway.phrase import Phrase, joined
from gateway.service.machine_orders import MachineOrders
from gateway.translation import both
from gateway.wire.commands import SwitchCommand
from gateway.wire.message import CloudEvent, Outgoing, encode
from gateway.wire.requests import VERB_MAX, RequestError
from gateway.wire.state_messages import (
    alarm_now,
    alarm_payload,
    alarm_word,
    muster_payload,
    occupancy_payload,
)
from gateway.wire.states import (
    AccessMessage,
    DoorMessage,
    HintMessage,
    MachineMessage,
    ModeMessage,
    ResponseMessage,
)
from gateway.wire.texts import DONE, HINTS, OTHER_REFUSAL, REFUSALS, UNREACHED
from gateway.wire.topics import Topics
from sensors.driver import AccessAnswer
from sensors.registry import Registry


class MessageFactory:
    """Builds messages for the sites of one registry."""

    def __init__(self, registry: Registry, topics: Topics) -> None:
        both(DONE)  # reads the catalogues now, not at the first badge
        self.machines = MachineOrders(registry)
        self._registry = registry
        self._topics = topics

    def orders(
        self, site: SiteId, n: int, fact: Fact, boot: int | None = None, seq: int | None = None
    ) -> tuple[Outgoing, ...]:
        """Return the messages of an answer or an unlock order; none for any other fact.

        `boot` and `seq` are those of the answered credential event.
        """
        match fact:
            case Decided(expires=datetime() as expires):
                answer = AccessAnswer(
                    id=str(n),
                    site=site,
                    device=fact.device,
                    decision=fact.decision,
                    reason=fact.reason,
                    boot=boot,
                    seq=seq,
                    unlock_s=fact.unlock_s,
                    expires=expires,
                    message=_sentence_of(fact.reason),
                )
                return self._registry.answer(answer)
            case UnlockDoor():
                return self._registry.unlock(site, fact.device, str(n), fact.unlock_s, fact.expires)
            case SwitchMachine(on=True):
                on = SwitchCommand(str(n), fact.machine, "on", fact.expires)
                return self._registry.tell_machine(site, fact.device, on, fact.expires)
            case _:
                return ()

    def decision(
        self, site: Site, n: int, decided: Decided, at: datetime, now: datetime
    ) -> Outgoing:
        """Return the public message of a decision: with a pseudonym, without a badge number."""
        point = site.access_point.get(decided.access_point) if decided.access_point else None
        door = site.door.get(decided.door) if decided.door else site.door_of(point)
        zone = point.zone if point else door.zone if door else None
        direction = point.direction if point else "exit" if door else None
        message = AccessMessage(
            id=str(n),
            at=at,
            reader=decided.device,
            access_point=decided.access_point,
            zone=zone,
            direction=direction,
            decision=decided.decision,
            reason=decided.reason,
            holder=decided.holder,
            message=_sentence_of(decided.reason),
            latency_ms=round(max(0.0, (now - at).total_seconds()) * 1000, 3),
            late=decided.late,
            door=door.id if door else None,
        )
        event = CloudEvent("seuil.access.decided", message.id, at)
        return Outgoing(self._topics.access(site.id), encode(message), event=event)

    def hints(self, site: Site, facts: Iterable[Fact]) -> Iterator[Outgoing]:
        """Yield hints for operators: published once, and stored in the journal only."""
        for fact in facts:
            if not isinstance(fact, Noticed):
                continue
            point = site.access_point.get(AccessPointId(fact.object))
            where = site.name_of(point.door or point.zone if point else fact.object)
            told, topic = HINTS[fact.kind], self._topics.hint(site.id, fact.kind, fact.object)
            message = HintMessage(
                at=fact.at,
                kind=fact.kind,
                object=fact.object,
                holder=fact.holder,
                message=both(told.filled(where=where)),
            )
            yield Outgoing(topic, encode(message))

    def response(self, site: Site, answered: RequestAnswered) -> Outgoing:
        """Return the response to a request."""
        return self._response(
            site.id,
            answered.verb,
            answered.transaction,
            answered.error,
            done=_partly(site, answered.unreached) if answered.unreached else DONE,
            unreached=answered.unreached,
        )

    def refusal(self, wrong: RequestError) -> Outgoing | None:
        """Return the response to an undecodable request; None if it has no transaction."""
        asked = wrong.asked
        if asked.transaction is None or not 0 < len(asked.verb) <= VERB_MAX:
            return None
        return self._response(
            asked.site, asked.verb, asked.transaction, wrong.error, detail=wrong.detail
        )

    def states(self, site: Site, facts: Iterable[Fact]) -> dict[str, Outgoing]:
        """Return the retained messages that follow from facts, the last of each topic."""
        messages = (self._state(site, fact) for fact in facts)
        return {message.topic: message for message in messages if message is not None}

    def everything(self, site: Site, state: State, now: datetime) -> list[Outgoing]:
        """Return all retained messages of a site, to be published after a (re)connection.

        They are states without events, since nothing has happened. Cleared alarms are not among
        them: a retained one is emptied when we receive it.
        """
        zones = (
            read_out(site, state.zones, state.estimate, zone, now)
            for zone in site.zones
            if zone.id in state.zones
        )
        nobody_knows = unknown(site, state.devices)
        doors = (
            door_now(state, door.id, now) for door in site.doors if door.id not in nobody_knows
        )
        empty = (_retained(self._topics.door(site.id, door), b"") for door in sorted(nobody_knows))
        machines = (changed(state, machine, now) for machine in site.machines)
        alarms = (alarm_now(state, kind, about) for kind, about in sorted(state.alarms))
        musters = muster.read_out(site, state.muster, site.zone, now)
        told = self.states(site, (*zones, *doors, *machines, *alarms, *musters))
        messages = [self._mode(site.id, state.mode), *told.values(), *empty]
        return [structs.replace(message, event=None) for message in messages]

    def alarm_of(self, topic: str) -> tuple[SiteId, str, str] | None:
        """Return the site, kind and object of an alarm's topic; None: it is another topic."""
        match topic.split("/"):
            case [self._topics.prefix, site, "alarm", kind, about]:
                return SiteId(site), kind, about
            case _:
                return None

    def removed(self, before: Site | None, after: Site) -> list[Outgoing]:
        """Return empty retained messages for what was removed from the space file."""
        if before is None:
            return []
        gone = set(self._places(before)) - set(self._places(after))
        return [_retained(topic, b"") for topic in sorted(gone)]

    def _places(self, site: Site) -> list[str]:
        zones = [self._topics.occupancy(site.id, zone.id) for zone in site.zones]
        doors = [self._topics.door(site.id, door.id) for door in site.doors]
        musters = [self._topics.muster(site.id, zone.id) for zone in site.zones]
        machines = [self._topics.machine(site.id, machine.id) for machine in site.machines]
        return [*zones, *musters, *doors, *machines]

    def _mode(self, site: SiteId, mode: ModeState) -> Outgoing:
        message = ModeMessage(mode.mode, mode.since, mode.by, mode.why)
        event = _event("mode.changed", mode.since) if mode.since is not None else None
        return _retained(self._topics.mode(site), encode(message), event)

    def _response(
        self,
        site: SiteId,
        verb: str,
        transaction: str,
        error: str | None,
        *,
        detail: str | None = None,
        done: Phrase = DONE,
        unreached: tuple[DoorId, ...] = (),
    ) -> Outgoing:
        message = ResponseMessage(
            transaction=transaction,
            status="ok" if error is None else "error",
            message=both(done if error is None else REFUSALS.get(error, OTHER_REFUSAL)),
            error=error,
            detail=detail,
            unreached=unreached,
        )
        return Outgoing(self._topics.response(site, verb), encode(message), qos=1)

    def _state(self, here: Site, fact: Fact) -> Outgoing | None:
        """Return the retained message of a fact, which replaces its topic's last one."""
        site, topics = here.id, self._topics
        match fact:
            case OccupancyChanged():
                topic, payload = topics.occupancy(site, fact.zone), occupancy_payload(here, fact)
                event = _event("occupancy.changed", fact.at)
            case DoorChanged():
                topic = topics.door(site, fact.door)
                payload = encode(DoorMessage(at=fact.at, state=fact.state))
                event = _event("door.changed", fact.at)
            case MachineChanged():
                topic = topics.machine(site, fact.machine)
                payload = encode(MachineMessage(fact.at, fact.state, fact.holder, fact.watts))
                event = _event("machine.changed", fact.at)
            case AlarmRaised() | AlarmAcknowledged() | AlarmOver() | AlarmCleared():
                topic = topics.alarm(site, fact.kind, fact.object)
                payload, event = alarm_payload(fact), _event(alarm_word(fact), fact.at)
            case ModeChanged():
                return self._mode(site, ModeState(fact.mode, fact.at, fact.by, fact.why))
            case MusterChanged():
                topic, payload = topics.muster(site, fact.zone), muster_payload(fact)
                event = _event("muster.changed", fact.at)
            case _:
                return None
        return _retained(topic, payload, event)


def door_now(state: State, door: DoorId, now: datetime) -> DoorChanged:
    """Return a door's present state as its last change."""
    return DoorChanged(door, state.doors.get(door, DoorState()).status, now)


def _partly(site: Site, unreached: Iterable[DoorId]) -> Phrase:
    """Return the answer to an evacuation that not every door heard of."""
    names = [site.door[door].name for door in unreached if door in site.door]
    return UNREACHED.filled(doors=joined(names))


def _retained(topic: str, payload: bytes, event: CloudEvent | None = None) -> Outgoing:
    return Outgoing(topic, payload, retain=True, event=event)


def _event(word: str, at: datetime) -> CloudEvent:
    """Return a state's event; its time identifies it within its topic."""
    return CloudEvent(f"seuil.{word}", at.isoformat(), at)


@cache  # there are some sixty reasons, and one in each answer
def _sentence_of(reason: str) -> Text:
    return both(REASONS[reason].sentence)
