"""Devices: their numbering, availability, batteries, clock offset, and counters' totals."""

from datetime import datetime, timedelta

from msgspec import structs

from gateway.core import sequence
from gateway.core.access import offline_decisions
from gateway.core.access.late_events import LATE, STEADY_LOOKS, is_behind, is_late
from gateway.core.estimator.counters import Totals, passed
from gateway.core.events import Misunderstood, Reported
from gateway.core.facts import DeviceMinute, GapNoticed, NumberingRestarted, PeopleCrossed, Sensed
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, ZoneId
from gateway.core.occupancy import fusion
from gateway.core.readings import Availability, Crossed, Firmware
from gateway.core.sequence import admit, admit_unnumbered
from gateway.core.state import NEVER, DeviceState, GhostReads
from gateway.core.step_context import StepContext

BATTERY_LOW_PERCENT = 15
"""Below this a battery alarm is raised; it clears `BATTERY_HYSTERESIS` above."""
BATTERY_HYSTERESIS = 5
CLOCK_LOOKS = 8
"""Events whose times show a clock's offset: the last ones, so that a clock that was set is soon
right again; several, because some arrive late."""


def heard(context: StepContext, event: Reported | Misunderstood) -> bool:
    """Take in the event's numbering; return False if it is a duplicate.

    Raises:
        NotAdmitted: whether it is one is unknown.
    """
    before = context.devices.get(event.device) or DeviceState(last_seen=context.now)
    state = _admitted(context, before, event)
    if state is None:
        return False
    if not event.retained:  # a retained message is no sign of life
        clock = _clock_read(context, state, event)
        state = structs.replace(state, last_seen=context.now, clock=clock)
        if ("device-silent", event.device) in context.alarms:
            context.clear_alarm("device-silent", event.device)
            fusion.judged(context, event.device, "well")
    context.devices = context.devices.set(event.device, state)
    device = context.site.device[event.device]
    _watch(context, device)
    if not isinstance(event, Reported):
        return True
    if isinstance(event.reading, Availability) and device.role == "reader":
        offline_decisions.came_or_went(context, event, event.reading, before.last_seen)
    if not event.retained and _has_its_time(event):
        _watch_clock(context, event, before, state)
    return True


def reset(context: StepContext, device: DeviceId) -> str | None:
    """Restart a device's numbering; return the error if it has none."""
    state = context.devices.get(device)
    if device not in context.site.device:
        return "unknown-object"
    if state is None:
        return "never-heard"  # there is nothing to restart
    anew = sequence.reset(state, context.now)
    context.devices = context.devices.set(device, anew)
    context.emit(NumberingRestarted(device, anew.generation, None, context.now))
    context.clear_alarm("numbering-restarted", device)
    context.clear_alarm("numbering-refused", device)
    return None


def came_or_went(context: StepContext, device: DeviceId, *, online: bool) -> None:
    """Store the device's status, from its status topic or last will."""
    state = context.devices[device]
    since = (state.online_since if state.online else context.now) if online else None
    state = structs.replace(state, online=online, online_since=since)
    context.devices = context.devices.set(device, state)
    if online:
        context.clear_alarm("device-offline", device)
    else:
        context.raise_alarm("device-offline", device)
    fusion.judged(context, device, "well" if online else "offline")


def moved(context: StepContext, device: Device, address: str) -> None:
    """Store the address that a device tells, and raise an alarm if the space file has another."""
    state = structs.replace(context.devices[device.id], address=address)
    context.devices = context.devices.set(device.id, state)
    if device.options.get("ip") == address:
        context.clear_alarm("address-changed", device.id)
    else:
        context.raise_alarm("address-changed", device.id)


def battery(context: StepContext, device: DeviceId, percent: float) -> None:
    """Store a battery's charge, and raise or clear its alarm."""
    context.devices = context.devices.set(
        device, structs.replace(context.devices[device], battery=percent)
    )
    if percent < BATTERY_LOW_PERCENT:
        context.raise_alarm("battery-low", device)
    elif percent >= BATTERY_LOW_PERCENT + BATTERY_HYSTERESIS:
        context.clear_alarm("battery-low", device)


def runs(context: StepContext, device: DeviceId, firmware: Firmware) -> None:
    """Store the firmware that a device reports."""
    context.devices = context.devices.set(
        device, structs.replace(context.devices[device], firmware=firmware)
    )


def crossed(context: StepContext, device: Device, zone: ZoneId | None, event: Reported) -> None:
    """Emit a counter's totals, and the number of people who passed since its last report.

    Totals wrap, and restart from zero (`gateway.core.estimator.counters`). A report that arrives
    after a later one adds nothing: the later totals contain it.
    """
    reading = event.reading
    assert isinstance(reading, Crossed)  # noqa: S101 - the engine's dispatch
    before = context.counters.get(device.id)
    now = Totals(
        event.at,
        event.boot,
        event.seq,
        reading.in_total,
        reading.out_total,
        generation=context.devices[device.id].generation,
    )
    for kind, total in (("in_total", reading.in_total), ("out_total", reading.out_total)):
        context.emit(Sensed(device=device.id, zone=zone, kind=kind, value=total, at=event.at))
    people = passed(before, now)
    if people is None:
        return
    context.counters = context.counters.set(device.id, now)
    if people.inward or people.outward or people.restarted:
        context.emit(
            PeopleCrossed(
                device.id, zone, event.at, people.inward, people.outward, people.restarted
            )
        )


def run_timers(context: StepContext) -> None:
    """Raise the alarm for devices that have been silent for too long."""
    for device in context.site.devices:
        if context.now >= _silent_at(context, device) and (
            ("device-silent", device.id) not in context.alarms
        ):
            context.raise_alarm("device-silent", device.id)
            fusion.judged(context, device.id, "offline")


def next_timer(context: StepContext) -> datetime:
    """Return when the next device may be found silent."""
    waiting = (
        _silent_at(context, device)
        for device in context.site.devices
        if device.silent_after_s is not None and ("device-silent", device.id) not in context.alarms
    )
    return min(waiting, default=NEVER)


def minute_figures(
    context: StepContext, duplicates: dict[DeviceId, int], ghosts: dict[DeviceId, int]
) -> None:
    """Emit every known device's health, and store the ghost reads of its day."""
    for device_id in sorted(ghosts.keys() & context.site.device.keys()):
        _haunted(context, device_id, ghosts[device_id])
    for device_id, state in sorted(context.devices.items()):
        context.emit(
            DeviceMinute(
                device=device_id,
                at=context.now,
                online=state.online,
                battery=state.battery,
                last_seen_s=round((context.now - state.last_seen).total_seconds(), 3),
                gaps=state.missing,
                duplicates=duplicates.get(device_id, 0),
                ghosts=ghosts.get(device_id, 0),
            )
        )


def _haunted(context: StepContext, device: DeviceId, reads: int) -> None:
    """Store the ghost reads of a reader that never read anything else."""
    state = context.devices.get(device) or DeviceState(last_seen=context.now)
    today = context.site.day_of(context.now)
    so_far, before = state.ghosts.on(today) if state.ghosts is not None else (0, 0)
    counted = GhostReads(today, so_far + reads, before)
    context.devices = context.devices.set(device, structs.replace(state, ghosts=counted))


def _clock_read(
    context: StepContext, state: DeviceState, event: Reported | Misunderstood
) -> tuple[float, ...]:
    """Return each clock offset of a device with this event's; without a time they are unchanged.

    An event that is late because it waited shows nothing about the clock, nor does a decision made
    alone, which may have waited for a short time. Once the clock was set or replaced, the former
    offsets are forgotten.
    """
    if isinstance(event, Misunderstood) or event.doubted or not _has_its_time(event):
        return state.clock
    late = is_late(context, event)
    if late and not event.live:
        return state.clock
    ahead_s = round((event.at - context.now).total_seconds(), 3)
    clock = (*state.clock, ahead_s)[-CLOCK_LOOKS:]
    if is_behind(state, clock):
        return clock[-STEADY_LOOKS:]
    if not late and ("clock-skew", event.device) in context.alarms:
        return clock[-1:]
    return clock


def _has_its_time(event: Reported) -> bool:
    """Return whether the event has its device's time: a status and a version have none."""
    return not isinstance(event.reading, Availability | Firmware)


def _admitted(
    context: StepContext, before: DeviceState, event: Reported | Misunderstood
) -> DeviceState | None:
    """Return the device with the event taken in; None: it is a duplicate."""
    if event.boot is None or event.seq is None:
        assert isinstance(event, Reported)  # noqa: S101 - only these may be without a number
        return admit_unnumbered(before, event.fingerprint, redelivered=event.redelivered)
    at = event.at if isinstance(event, Reported) and not event.retained else None
    admitted = admit(before, event.boot, event.seq, context.now, at)
    if admitted is None:
        return None
    if admitted.restarted:
        context.emit(NumberingRestarted(event.device, admitted.generation, event.boot, context.now))
        context.raise_alarm("numbering-restarted", event.device)
    gap = admitted.gap
    if gap is not None:
        context.emit(GapNoticed(event.device, event.boot, gap.first, gap.last))
    return admitted.device


def _watch_clock(
    context: StepContext, event: Reported, before: DeviceState, state: DeviceState
) -> None:
    """Raise or clear a clock's alarm: ahead is surely wrong; behind may be late events.

    A clock that is now off in the other direction raises another alarm.
    """
    if event.at - context.now > LATE or is_behind(state):
        if (before.ahead_s or 0.0) * (state.ahead_s or 0.0) < 0:
            context.clear_alarm("clock-skew", event.device)
        context.raise_alarm("clock-skew", event.device)
    elif not is_late(context, event):
        context.clear_alarm("clock-skew", event.device)


def _silent_at(context: StepContext, device: Device) -> datetime:
    state = context.devices.get(device.id)
    if device.silent_after_s is None or state is None:
        return NEVER  # a device that never sent anything is not installed yet (`seuil doctor`)
    return state.last_seen + timedelta(seconds=device.silent_after_s)


def _watch(context: StepContext, device: Device) -> None:
    if device.silent_after_s is not None:
        context.wake(_silent_at(context, device))
