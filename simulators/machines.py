"""A machine with a badge reader that follows the specification: it stops by itself on request.

    off ──granted──▶ on ──safe stop──▶ running down ──RUNS_DOWN_S──▶ off
     ▲               │ ▲                                              │
     └──badge again──┘ └──granted─────────────────────────────────────┘

A warning is shown until it is over, or until its safe stop comes. Nobody cuts the power: the beam
goes out at the end of a line, the spindle turns on without it for a moment.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from gateway.core.readings import MachineReported
from gateway.wire.commands import SafeStopCommand, WarningCommand, WarningOverCommand
from simulators.devices import Command, Effect, Event, ReceivedCommand, SimulatedReader

RUNS_DOWN_S: Final = 0.5
"""Seconds from the order to the standstill: a laser's line, shortened for tests."""
WATTS: Final = 350.0
SIGNED_OFF: Final = "machine-off"
"""The reason of the grant that ends a use."""

Power = Literal["off", "on", "running down"]


class SimulatedMachine(SimulatedReader):
    """A machine and its reader, as one device on the native wire."""

    power: Power = "off"
    warning: WarningCommand | None = None
    """The warning that it shows its user."""
    stands_at: datetime | None = None
    """The time at which it stands still."""

    def on_command(self, command: Command, now: datetime) -> ReceivedCommand:
        """Take a command. Its later effects are reported by `reports`."""
        match command:
            case WarningCommand():
                return self._warned(command, now)
            case WarningOverCommand():
                self.warning = None
                return ReceivedCommand("at ease", command.id)
            case SafeStopCommand():
                return self._stopping(command, now)
            case _:
                heard = super().on_command(command, now)
        if heard.effect == "granted":
            self.power = "off" if heard.reason == SIGNED_OFF else "on"
            self.warning = self.stands_at = None
        return heard

    def reports(self, now: datetime) -> Event | None:
        """Return the machine's report if its state has changed; None otherwise."""
        if self.stands_at is not None and now >= self.stands_at:
            self.power, self.warning, self.stands_at = "off", None, None
        state: Literal["on", "off"] = "off" if self.power == "off" else "on"
        if state == self._told:
            return None
        self._told = state
        return self.report(MachineReported(state, WATTS if state == "on" else 0.0), now)

    _told: Literal["on", "off"] = "off"

    def _warned(self, command: WarningCommand, now: datetime) -> ReceivedCommand:
        if now >= command.stops_at:
            return ReceivedCommand("expired", command.id, reason=command.reason)
        self.warning = command
        return ReceivedCommand("warned", command.id, reason=command.reason)

    def _stopping(self, command: SafeStopCommand, now: datetime) -> ReceivedCommand:
        """Take a safe stop, which never expires; a repeated one changes nothing."""
        effect: Effect = "repeated"
        if self.power == "on":
            self.power, self.stands_at = "running down", now + timedelta(seconds=RUNS_DOWN_S)
            effect = "stopping"
        return ReceivedCommand(effect, command.id, reason=command.reason)
