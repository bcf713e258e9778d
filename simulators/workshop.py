"""A site's machines: their users, and their stops."""

from functools import partial
from typing import Literal

from gateway.core.model.names import MachineId
from gateway.core.readings import MachineReported
from gateway.wire.commands import MachineOrder, SafeStopCommand, WarningCommand
from simulators.clockwork import Clockwork
from simulators.equipment import Equipment
from simulators.lives import Lives
from simulators.machines import RUNS_DOWN_S
from simulators.outcomes import Bookkeeping
from simulators.people import SimulatedPerson
from simulators.person_routine import Outcome, Work
from simulators.wiring import Wiring

MACHINE_WATTS = 350.0


class Workshop:
    """Machines in use."""

    def __init__(
        self,
        equipment: Equipment,
        wiring: Wiring,
        clockwork: Clockwork,
        tally: Bookkeeping,
        lives: Lives,
    ) -> None:
        self._equipment, self._wiring, self._clockwork = equipment, wiring, clockwork
        self._tally, self._lives = tally, lives
        self._in_use: set[MachineId] = set()
        self._working: dict[MachineId, tuple[SimulatedPerson, Work]] = {}
        self._stopped: set[MachineId] = set()

    def free(self, machine: MachineId) -> bool:
        """Return whether a machine is free."""
        return machine not in self._in_use

    def take(self, machine: MachineId) -> None:
        """Occupy a machine."""
        self._in_use.add(machine)
        self._stopped.discard(machine)

    def give_back(self, machine: MachineId) -> None:
        """Free a machine."""
        self._in_use.discard(machine)

    def has_stopped(self, machine: MachineId) -> bool:
        """Return whether it came to a safe stop in this use."""
        return machine in self._stopped

    def switch(self, machine: MachineId, state: Literal["on", "off"]) -> None:
        """Switch a machine on or off."""
        self._tally.machines[f"switched {state}"] += 1
        watts = MACHINE_WATTS if state == "on" else 0.0
        for device in self._equipment.meters(machine):
            self._wiring.report(device, MachineReported(state, watts))

    def work(self, person: SimulatedPerson, work: Work) -> None:
        """Have a person work until they are done, or are interrupted."""
        self._working[work.machine] = (person, work)
        self._clockwork.at(work.until, partial(self._has_done, person, work))

    def on_order(self, order: MachineOrder) -> None:
        """Show a warning at a machine in use, or stop it, as ordered."""
        if order.machine not in self._in_use:
            return
        if isinstance(order, SafeStopCommand):
            self._tally.machines["stopped"] += 1
            self._clockwork.after(RUNS_DOWN_S, partial(self._stands_still, order.machine))
        elif isinstance(order, WarningCommand):
            self._tally.machines["warned"] += 1
            self._interrupt(order.machine, "warned")

    def _stands_still(self, machine: MachineId) -> None:
        self._stopped.add(machine)
        self.switch(machine, "off")
        self._interrupt(machine, "stopped")

    def _interrupt(self, machine: MachineId, outcome: Outcome) -> None:
        """Interrupt the person at a machine."""
        if machine in self._working:
            person, _ = self._working.pop(machine)
            self._lives.resume_soon(person, outcome)

    def _has_done(self, person: SimulatedPerson, work: Work) -> None:
        """End a person's work, unless they stopped before."""
        _, working = self._working.get(work.machine, (None, None))
        if working is work:
            del self._working[work.machine]
            self._lives.resume(person, "")
