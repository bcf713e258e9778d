"""What the readers of running machines are told: a warning, its end, and the safe stop.

Nobody follows these orders to the broker's acknowledgement, as is done with answers and unlocks.
They follow from the state, so they are told again from it: all of them whenever we (re)connect,
which covers everything that the broker did not take over; and each minute those safe stops that no
machine has confirmed, which covers a reader that was away. Told twice, they ask for nothing new.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from gateway.core.facts import Fact, MachineWarningOver, StopMachine, WarnMachine
from gateway.core.model.names import DeviceId, MachineId, SiteId
from gateway.core.model.site import Site
from gateway.core.state import MachineUse, State
from gateway.wire.commands import MachineOrder, SafeStopCommand, WarningCommand, WarningOverCommand
from gateway.wire.message import Outgoing
from gateway.wire.texts import OTHER_WARNING, SAFE_STOP, SAFE_STOP_AND_LEAVE, WARNING_OVER, WARNINGS
from sensors.registry import Registry

LASTS: Final = timedelta(seconds=90)
"""How long the broker keeps an order for a reader that is away: until the next minute's, and more.
A safe stop is never held back by its age, and none is obeyed that an hour has made somebody else's.
"""


class MachineOrders:
    """Builds the orders for the machines of one registry's sites."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def because_of(self, site: SiteId, n: int, fact: Fact, now: datetime) -> list[Outgoing]:
        """The orders that a fact of row `n` is; none for any other fact."""
        match fact:
            case WarnMachine():
                order = _warning(n, fact.machine, fact.reason, fact.stops_at)
                return self._told(site, fact.devices, order, now)
            case MachineWarningOver():
                over = WarningOverCommand(str(n), fact.machine, WARNING_OVER)
                return self._told(site, fact.devices, over, now)
            case StopMachine():
                stop = _safe_stop(n, fact.machine, fact.reason)
                return self._told(site, fact.devices, stop, now)
            case _:
                return []

    def standing(
        self, site: Site, state: State, n: int, now: datetime, *, only_stops: bool = False
    ) -> list[Outgoing]:
        """Where each machine in use stands after row `n`.

        `only_stops`: of those alone that were asked for a safe stop and have not said they are off.
        """
        return [
            message
            for machine, use in sorted(state.machines.items())
            if use.stopped or not only_stops
            for message in self._told(
                site.id, site.machine_readers.get(machine, ()), _order(n, machine, use), now
            )
        ]

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
    """What a machine in use is to know now."""
    if use.stopped:
        return _safe_stop(n, machine, use.missing or "")
    if use.missing is not None:
        return _warning(n, machine, use.missing, use.stops_at)
    return WarningOverCommand(str(n), machine, WARNING_OVER)


def _warning(n: int, machine: MachineId, reason: str, stops_at: datetime) -> WarningCommand:
    sentence = WARNINGS.get(reason, OTHER_WARNING)
    return WarningCommand(str(n), machine, reason, stops_at, sentence)


def _safe_stop(n: int, machine: MachineId, reason: str) -> SafeStopCommand:
    sentence = SAFE_STOP_AND_LEAVE if reason == "evacuation" else SAFE_STOP
    return SafeStopCommand(str(n), machine, reason, sentence)
