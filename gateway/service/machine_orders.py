"""Orders to machines: a warning, its end, and the safe stop to readers; power off to relays.

Unlike answers and unlock orders, these are not tracked until the broker's acknowledgement. They
follow from the state, so they are sent again from it: all of them whenever we (re)connect, which
covers lost messages; and each minute the safe stops that no machine has confirmed, which covers a
reader that was disconnected; likewise "off" until the relay confirms it. The orders are idempotent.
"On" is an answer to a badge, sent and tracked with it: it is never sent late.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from gateway.core.access.machine_power import is_due
from gateway.core.facts import Fact, MachineWarningOver, StopMachine, SwitchMachine, WarnMachine
from gateway.core.model.names import DeviceId, MachineId, SiteId
from gateway.core.model.site import Site
from gateway.core.state import MachineUse, State
from gateway.translation import both
from gateway.wire.commands import (
    MachineOrder,
    SafeStopCommand,
    SwitchCommand,
    WarningCommand,
    WarningOverCommand,
)
from gateway.wire.message import Outgoing
from gateway.wire.texts import OTHER_WARNING, SAFE_STOP, SAFE_STOP_AND_LEAVE, WARNING_OVER, WARNINGS
from sensors.registry import Registry

LASTS: Final = timedelta(seconds=90)
"""The expiry of an order for a disconnected reader: longer than the minute until the next one. A
current safe stop is always sent, and an old one does not stop the machine of a later user.
"""


class MachineOrders:
    """Builds the orders to the machines of one registry's sites."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def because_of(self, site: SiteId, n: int, fact: Fact, now: datetime) -> list[Outgoing]:
        """Return the orders of a fact of row `n`; none if the fact is not about a machine."""
        match fact:
            case WarnMachine():
                order = _warning(n, fact.machine, fact.reason, fact.stops_at)
                return self._told(site, fact.devices, order, now)
            case MachineWarningOver():
                over = WarningOverCommand(str(n), fact.machine, both(WARNING_OVER))
                return self._told(site, fact.devices, over, now)
            case StopMachine():
                stop = _safe_stop(n, fact.machine, fact.reason)
                return self._told(site, fact.devices, stop, now)
            case SwitchMachine(on=False):
                off = SwitchCommand(str(n), fact.machine, "off", now + LASTS)
                return self._told(site, (fact.device,), off, now)
            case _:
                return []

    def standing(
        self, site: Site, state: State, n: int, now: datetime, *, only_stops: bool = False
    ) -> list[Outgoing]:
        """Return the current order for each machine after row `n`.

        `only_stops`: only for machines that are to stop, or to have no power, and that have not
        reported it.
        """
        told = [
            message
            for machine, use in sorted(state.machines.items())
            if use.stopped or not only_stops
            for message in self._told(
                site.id, site.machine_readers.get(machine, ()), _order(n, machine, use), now
            )
        ]
        for machine in site.machines:
            if machine.relay is not None and is_due(state, machine.id):
                off = SwitchCommand(str(n), machine.id, "off", now + LASTS)
                told += self._told(site.id, (machine.relay,), off, now)
        return told

    def _told(
        self, site: SiteId, devices: Iterable[DeviceId], order: MachineOrder, now: datetime
    ) -> list[Outgoing]:
        expires = order.stops_at if isinstance(order, WarningCommand) else now + LASTS
        if expires <= now:
            return []  # a warning whose time is over: its safe stop is the next thing that is said
        return [
            message
            for device in devices
            for message in self._registry.tell_machine(site, device, order, expires)
        ]


def _order(n: int, machine: MachineId, use: MachineUse) -> MachineOrder:
    """Return the current order to a machine in use."""
    if use.stopped:
        return _safe_stop(n, machine, use.missing or "")
    if use.missing is not None:
        return _warning(n, machine, use.missing, use.stops_at)
    return WarningOverCommand(str(n), machine, both(WARNING_OVER))


def _warning(n: int, machine: MachineId, reason: str, stops_at: datetime) -> WarningCommand:
    sentence = WARNINGS.get(reason, OTHER_WARNING)
    return WarningCommand(str(n), machine, reason, stops_at, both(sentence))


def _safe_stop(n: int, machine: MachineId, reason: str) -> SafeStopCommand:
    sentence = SAFE_STOP_AND_LEAVE if reason == "evacuation" else SAFE_STOP
    return SafeStopCommand(str(n), machine, reason, both(sentence))
