"""Alarms about the gateway itself, at each of its sites."""

from gateway.core.events import ConditionReported
from gateway.core.facts import GATEWAY
from gateway.core.facts.alarms import AlarmKind
from gateway.service.pipeline import Service


async def report(service: Service, kind: AlarmKind, *, active: bool) -> None:
    """Raise or clear one of the gateway's own alarms, if that is a change.

    Returns when it is on disk: while the journal cannot be written, it waits.
    """
    for site, state in list(service.states.items()):
        if ((kind, GATEWAY) in state.alarms) != active:
            await service.tell(site, ConditionReported(kind, GATEWAY, active=active))
