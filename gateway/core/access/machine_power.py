"""The power of machines: a relay that is on while somebody may use the machine.

    off ──granted──▶ on ──signed off, switched off, safe stop──▶ off
                      └── while it runs ──▶ off is due ──stands still──▶ off

The relay goes on by a grant, and by nothing else. It goes off when the use ends, but never while
the machine is known to run: to cut the power in the middle of a job is a danger of its own. Then it
is due, and done when the meter, or the machine's own word, reports that it stands still. A machine
whose work nothing reports is taken to stand still when its user signs off, and to run when a safe
stop or an evacuation asks for it: there only its user, or an operator, can tell.

A person who commands it switches off a running machine, too (`requests.PowerOff`).

If the gateway or the broker goes, the relay stays as it is: nothing is cut, and nothing goes on.
After a power cut it stays off, since its driver has it set so, and its report ends the use. What is
still to be switched off is ordered again each minute, and after each reconnection.
"""

from datetime import datetime

from msgspec import structs

from gateway.core.access.late_events import LATE
from gateway.core.facts import MachineChanged, MachineStatus, SwitchMachine
from gateway.core.model.equipment import Machine
from gateway.core.model.names import MachineId
from gateway.core.readings import MachineReported
from gateway.core.state import MachinePower, State
from gateway.core.step_context import StepContext


def on(context: StepContext, machine: Machine) -> None:
    """Switch the power on: somebody was granted the machine."""
    power = _power(context, machine.id)
    _keep(context, machine, structs.replace(power, off_due=False))
    _order(context, machine, is_on=True)


def off_when_idle(context: StepContext, machine: Machine) -> None:
    """Switch the power off now that nobody uses the machine, or as soon as it stands still."""
    power = _power(context, machine.id)
    if machine.relay is not None and not power.runs:
        cut(context, machine)
        return
    _keep(context, machine, structs.replace(power, off_due=machine.relay is not None))


def stopped(context: StepContext, machine: Machine) -> None:
    """Switch the power off if the machine is known to stand still while a safe stop is asked."""
    if machine.relay is not None and _power(context, machine.id).runs is False:
        cut(context, machine)


def cut(context: StepContext, machine: Machine) -> None:
    """Switch the power off."""
    power = _power(context, machine.id)
    _keep(context, machine, structs.replace(power, off_due=power.relay is not False))
    _order(context, machine, is_on=False)


def metered(context: StepContext, machine: Machine, reading: MachineReported) -> None:
    """Note whether the machine runs; its power may go off now."""
    power = _power(context, machine.id)
    watts = None if reading.watts is None else float(reading.watts)
    power = structs.replace(power, runs=reading.state == "on", watts=watts)
    _keep(context, machine, power)
    if power.off_due and not power.runs:
        cut(context, machine)


def switched(context: StepContext, machine: Machine, *, is_on: bool) -> None:
    """Note that the relay is on or off. One that is on without a grant goes off again."""
    power = _power(context, machine.id)
    power = structs.replace(power, relay=is_on, off_due=power.off_due and is_on)
    if not is_on and power.runs:
        power = structs.replace(power, runs=False, watts=0.0)  # without power nothing runs
    _keep(context, machine, power)
    if is_on and machine.id not in context.machines:
        off_when_idle(context, machine)


def runs(context: StepContext, machine: MachineId) -> bool:
    """Return whether the machine is known to run."""
    return bool(_power(context, machine).runs)


def is_due(state: State, machine: MachineId) -> bool:
    """Return whether the power is to go off now: it was ordered, and nobody confirmed it."""
    power = state.powers.get(machine, MachinePower())
    return power.off_due and not power.runs


def status_of(state: State, machine: Machine) -> MachineStatus:
    """Return the state that people are shown."""
    power = state.powers.get(machine.id, MachinePower())
    has_power = machine.id in state.machines if power.relay is None else power.relay
    if power.runs and power.relay is not False:
        return "running"
    if not has_power:
        return "off"
    return "powered" if power.runs is None else "idle"


def conclude(context: StepContext) -> None:
    """Emit the machines whose shown state, or user, changed in this step."""
    if not context.powered:
        return
    state = context.finish()
    for machine in context.site.machines:
        if machine.id not in context.powered:
            continue
        power, told = _power(context, machine.id), changed(state, machine, context.now)
        if (told.state, told.holder) != (power.told, power.told_user):
            power = structs.replace(power, told=told.state, told_user=told.holder)
            context.powers = context.powers.set(machine.id, power)
            context.emit(told)


def changed(state: State, machine: Machine, now: datetime) -> MachineChanged:
    """Return a machine's present state as a fact."""
    use, power = state.machines.get(machine.id), state.powers.get(machine.id, MachinePower())
    holder = use.holder if use else None
    return MachineChanged(machine.id, status_of(state, machine), now, holder, power.watts)


def space_changed(context: StepContext) -> None:
    """Forget machines that are gone."""
    for machine in sorted(context.powers):
        if machine not in context.site.machine:
            context.powers = context.powers.delete(machine)


def _power(context: StepContext, machine: MachineId) -> MachinePower:
    return context.powers.get(machine, MachinePower())


def _keep(context: StepContext, machine: Machine, power: MachinePower) -> None:
    if machine.is_followed:
        context.powers = context.powers.set(machine.id, power)
        context.powered[machine.id] = None


def _order(context: StepContext, machine: Machine, *, is_on: bool) -> None:
    if machine.relay is None:
        return
    expires = context.now + LATE
    context.emit(SwitchMachine(machine.id, machine.relay, is_on, context.now, expires))
