"""A simulated sensor of the benchmark's crowd."""

import random

from gateway.core.model.equipment import Device
from gateway.core.readings import Crossed, DoorReported, Motion, Reading


class SyntheticSensor:
    """A sensor's next readings: a counter counts up, a door opens and closes in turn."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._on = False
        self._in, self._out = 0, 0

    def reading(self, draw: random.Random) -> Reading:
        """Return its next reading."""
        self._on = not self._on
        if self.device.door is not None:
            return DoorReported("open" if self._on else "closed")
        if self.device.id.startswith("counter"):
            self._in += draw.randint(0, 3)
            self._out += draw.randint(0, 3)
            return Crossed(self._in, self._out)
        return Motion(self._on)
