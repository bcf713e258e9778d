"""Machines in use: their users, and what they miss while they run.

    free ──granted──▶ in use ──misses something──▶ warned ──grace over──▶ stop asked for
      ▲                 │  ◀──────mended──────────────┘                        │
      └──signed off, or switched off──────────────────────────────────────────┘

A use begins with the grant and ends when its user signs off or the meter says "off". Between the
grant and the work there may be minutes of fixing and focusing, in which a meter truthfully says
"off": so "off" ends a use only after the meter said "on", or `STARTING_MAX` after the grant.

The machine's demands (company, its own user) are checked again whenever a holder moved or roles
changed. If one is not met, the machine's user is warned and an alarm is raised; after `grace_s` the
machine is asked for a *safe stop*, which its own program performs: cutting the power in the middle
of a cut is a danger of its own. Then the use ends as any other, and its alarms with it. In an
evacuation the safe stop is requested at once, without a warning: no user should stay for the grace
time.

The power of a machine with a relay follows its use (`gateway.core.access.machine_power`). Such a
machine may stand still between two jobs, so a meter's "off" ends its use only after a safe stop.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import structs

from gateway.core.access import machine_power
from gateway.core.access.company import Asker, is_inside, missing_company
from gateway.core.access.late_events import LATE
from gateway.core.events import Reported
from gateway.core.facts import (
    AlarmKind,
    MachineEnded,
    MachineStarted,
    MachineWarningOver,
    StopMachine,
    WarnMachine,
)
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device, Machine
from gateway.core.model.names import MachineId
from gateway.core.model.site import Site
from gateway.core.readings import MachineReported, RelayReported
from gateway.core.state import LONG_AGO, NEVER, MachineUse, State
from gateway.core.step_context import StepContext

STARTING_MAX = timedelta(minutes=10)
"""A machine that is still off this long after its grant is unused, and free for others."""
SWITCHING_MAX = timedelta(seconds=10)
"""A relay that reports "off" this long after the grant has no power, or lost it."""
ALARMS: Final[dict[str, AlarmKind]] = {
    "alone": "lone-worker",
    "role-absent": "unsupervised",
    "unattended": "unattended",
}
"""What a running machine may miss, and the alarm that this raises."""


def start(context: StepContext, machine: MachineId, holder: HolderId) -> None:
    """Record that the machine was released for a holder."""
    context.machines = context.machines.set(machine, MachineUse(holder=holder, since=context.now))
    context.stirred = True
    context.emit(MachineStarted(machine=machine, holder=holder, at=context.now))
    machine_power.on(context, context.site.machine[machine])


def sign_off(context: StepContext, machine: MachineId) -> None:
    """End the use of a machine whose user signed off."""
    if machine in context.machines:
        _end(context, machine, "signed-off")


def reported(context: StepContext, device: Device, event: Reported) -> None:
    """Handle a meter's report; one that was retained, or is older than the grant, is ignored."""
    found = machine_of(context.site, device)
    if found is None or event.retained:
        return
    assert isinstance(event.reading, MachineReported)  # noqa: S101 - the engine's dispatch
    use, runs = context.machines.get(found.id), event.reading.state == "on"
    if use is None:
        machine_power.metered(context, found, event.reading)
        return
    if event.at < use.since - LATE:
        return
    if runs:
        context.machines = context.machines.set(found.id, structs.replace(use, ran=True))
    machine_power.metered(context, found, event.reading)
    is_over = use.stopped or (
        found.relay is None and (use.ran or event.at - use.since >= STARTING_MAX)
    )
    if is_over and not runs:
        _end(context, found.id, "switched-off")


def switched(context: StepContext, device: Device, event: Reported) -> None:
    """Handle a relay's report. Off ends the use: a power cut, or somebody at its own button.

    Just after the grant it may still be of before the order.
    """
    found = machine_of(context.site, device)
    if found is None or event.retained:
        return
    assert isinstance(event.reading, RelayReported)  # noqa: S101 - the engine's dispatch
    is_on = event.reading.state == "on"
    machine_power.switched(context, found, is_on=is_on)
    use = context.machines.get(found.id)
    is_old = use is not None and (use.stopped or event.at - use.since >= SWITCHING_MAX)
    if is_old and not is_on:
        _end(context, found.id, "switched-off")


def switched_off_by_operator(context: StepContext, machine: Machine) -> None:
    """End the use, and switch the power off, also of a machine that runs: a person commands it."""
    is_used = machine.id in context.machines
    if is_used:
        _end(context, machine.id, "operator")  # and its power with it, unless it runs
    if not is_used or machine_power.runs(context, machine.id):
        machine_power.cut(context, machine)


def machine_of(site: Site, device: Device) -> Machine | None:
    """Return the machine that a device reports on; None: it is of no machine."""
    point = site.point_of(device)
    machine = device.machine or (point.machine if point else None)
    return None if machine is None else site.machine[machine]


def take_out_of_service(context: StepContext, machine: MachineId) -> None:
    """Free a machine that is not known to run, though its user did not sign off."""
    use = context.machines.get(machine)
    if use is None:
        return
    is_switched = context.site.machine[machine].relay is not None
    if not (machine_power.runs(context, machine) if is_switched else use.ran):
        _end(context, machine, "removed")


def watch(context: StepContext) -> None:
    """Check the demands of running machines again, if anything changed that they depend on."""
    if not context.stirred or not context.machines:
        return
    state = context.finish()
    for machine, use in sorted(context.machines.items()):
        if not use.stopped:
            found = context.site.machine[machine]
            _judge(context, found, use, _missing(context.site, state, found, use, context.now))


def stop_all(context: StepContext) -> None:
    """Ask every machine in use for a safe stop now, because of an evacuation."""
    for machine, use in sorted(context.machines.items()):
        if not use.stopped:
            _stop(context, machine, structs.replace(use, missing="evacuation"))


def run_timers(context: StepContext) -> None:
    """Ask for a safe stop where the grace time is over, also if our clock was put back."""
    for machine, use in sorted(context.machines.items()):
        grace = timedelta(seconds=context.site.machine[machine].demands.grace_s)
        if use.stops_at != NEVER and not context.now < use.stops_at <= context.now + grace:
            _stop(context, machine, use)


def next_timer(context: StepContext) -> datetime:
    """Return when the next grace time is over."""
    return min((use.stops_at for use in context.machines.values()), default=NEVER)


def space_changed(context: StepContext) -> None:
    """End the use of machines that were removed; check all others again."""
    for machine in sorted(context.machines):
        if machine not in context.site.machine:
            _end(context, machine, "removed")
    machine_power.space_changed(context)
    context.stirred = True


def _is_at_it(site: Site, state: State, machine: Machine, use: MachineUse) -> bool:
    """Return whether the user is at the machine, as far as known: no door tells of another place.

    Their badge at the machine shows where they are, however they came in.
    """
    if site.company_trust_s is None:
        return False
    if use.holder not in state.presence:
        return state.departed.get(use.holder, LONG_AGO) <= use.since
    return is_inside(site, state, use.holder, machine.demands.present_in or machine.zone)


def _missing(
    site: Site, state: State, machine: Machine, use: MachineUse, now: datetime
) -> str | None:
    """Return the reason why the machine should not run on; None: it may."""
    demands = machine.demands
    erased = use.holder not in state.directory.holders
    if erased or (demands.check_in and not is_inside(site, state, use.holder, machine.zone)):
        return "unattended"
    asker = Asker(use.holder, is_here=_is_at_it(site, state, machine, use))
    missing = missing_company(site, state, demands, machine.zone, asker, now)
    return missing.reason if missing is not None else None


def _judge(context: StepContext, machine: Machine, use: MachineUse, missing: str | None) -> None:
    """Warn, or end the warning. A user who misses something else now gets no second grace time."""
    if missing == use.missing:
        return
    if use.missing is not None:
        context.clear_alarm(ALARMS[use.missing], machine.id)
    if missing is None:
        mended = structs.replace(use, missing=None, stops_at=NEVER)
        context.machines = context.machines.set(machine.id, mended)
        _warning_over(context, machine.id)
        return
    context.raise_alarm(ALARMS[missing], machine.id)
    grace = timedelta(seconds=machine.demands.grace_s)
    stops_at = use.stops_at if use.missing is not None else context.now + grace
    warned = structs.replace(use, missing=missing, stops_at=stops_at)
    if stops_at <= context.now:
        _stop(context, machine.id, warned)
        return
    context.machines = context.machines.set(machine.id, warned)
    context.wake(stops_at)
    devices = context.site.machine_readers[machine.id]
    context.emit(
        WarnMachine(machine=machine.id, devices=devices, reason=missing, stops_at=stops_at)
    )


def _stop(context: StepContext, machine: MachineId, use: MachineUse) -> None:
    stopped = structs.replace(use, stopped=True, stops_at=NEVER)
    context.machines = context.machines.set(machine, stopped)
    context.raise_alarm("safe-stop", machine)
    context.emit(
        StopMachine(
            machine=machine,
            devices=context.site.machine_readers[machine],
            reason=use.missing or "",
            at=context.now,
        )
    )
    machine_power.stopped(context, context.site.machine[machine])


def _end(
    context: StepContext,
    machine: MachineId,
    why: Literal["signed-off", "switched-off", "removed", "operator"],
) -> None:
    """End the use, and with it all of its alarms."""
    use = context.machines[machine]
    context.machines = context.machines.delete(machine)
    for kind in (*ALARMS.values(), "safe-stop"):
        context.clear_alarm(kind, machine)
    if use.missing is not None and not use.stopped:
        _warning_over(context, machine)
    after_stop = use.stopped and why != "removed"
    context.emit(
        MachineEnded(
            machine=machine,
            holder=use.holder,
            at=context.now,
            why="safe-stop" if after_stop and why != "operator" else why,
        )
    )
    if machine in context.site.machine:
        machine_power.off_when_idle(context, context.site.machine[machine])


def _warning_over(context: StepContext, machine: MachineId) -> None:
    devices = context.site.machine_readers.get(machine, ())  # it may be gone
    context.emit(MachineWarningOver(machine=machine, devices=devices, at=context.now))
