"""A Tasmota board as far as relays, badges and power go, after tasmota/docs at 9849ab9.

Commands come on cmnd/TOPIC/Backlog0; each is answered on stat/TOPIC/RESULT, a relay's on
stat/TOPIC/POWERn as well. A cold start applies PowerOnState, a warm one the saved state. A relay
with a PulseTime goes off by itself, which this one does when `pulse_is_over`.
"""

import json
from typing import Final

Message = tuple[str, str, bool]
"""Topic, payload, retain."""
_WORDS: Final = {"0": False, "OFF": False, "1": True, "ON": True}


class FakeTasmota:
    """A board with this Topic and so many relays; PowerOnState is 3, the firmware's default."""

    def __init__(self, topic: str, relays: int = 1) -> None:
        self.topic = topic
        self.relays = [False] * relays
        self.pulses = [0] * relays
        self.power_on_state = self.power_delta = 0
        self.power_on_state = 3
        self.watts: float | None = None
        self.obeyed: list[str] = []
        """Every command, as it came."""

    def obey(self, topic: str, payload: str) -> list[Message]:
        """What it says because of a command."""
        name = topic.removeprefix(f"cmnd/{self.topic}/")
        commands = payload.split(";") if name == "Backlog0" else [f"{name} {payload}"]
        said: list[Message] = []
        for command in map(str.strip, commands):
            self.obeyed.append(command)
            said += self._one(*command.split(" ", 1))
        return said

    def scan(self, uid: str) -> list[Message]:
        """A badge is held to its RC522."""
        return [self._tele("SENSOR", {"RC522": {"UID": uid, "Data": "", "Type": "MIFARE 1KB"}})]

    def draws(self, watts: float) -> list[Message]:
        """The load changes by more than PowerDelta."""
        self.watts = watts
        energy = {"Total": 1.956, "Yesterday": 0.054, "Today": 0.049, "Period": 0, "Power": watts}
        return [self._tele("SENSOR", {"ENERGY": {**energy, "Voltage": 231, "Current": 0.089}})]

    def pressed(self, relay: int) -> list[Message]:
        """Somebody presses the button of a relay."""
        self.relays[relay - 1] = not self.relays[relay - 1]
        return self._result(relay)

    def pulse_is_over(self) -> list[Message]:
        """Each relay with a PulseTime goes off."""
        ended = [i for i, pulse in enumerate(self.pulses, 1) if pulse and self.relays[i - 1]]
        for relay in ended:
            self.relays[relay - 1] = False
        return [one for relay in ended for one in self._result(relay)]

    def starts(self, *, cold: bool) -> list[Message]:
        """Power is back (`cold`), or it restarts by itself."""
        if cold and self.power_on_state in (0, 1):
            self.relays = [bool(self.power_on_state)] * len(self.relays)
        online = (f"tele/{self.topic}/LWT", "Online", True)
        info = self._tele("INFO1", {"Info1": {"Module": "Generic", "Version": "13.4.0(tasmota)"}})
        results = [one for i in range(1, len(self.relays) + 1) for one in self._result(i)]
        return [online, info, *results, self.state()]

    def dies(self) -> list[Message]:
        """What the broker says for it."""
        return [(f"tele/{self.topic}/LWT", "Offline", True)]

    def state(self) -> Message:
        """Its telemetry, each five minutes."""
        said = {self._key(i): self._word(i) for i in range(1, len(self.relays) + 1)}
        return self._tele("STATE", {"Uptime": "0T00:00:13", "Heap": 26, "MqttCount": 1, **said})

    def _one(self, name: str, value: str = "") -> list[Message]:
        stem = name.rstrip("0123456789")
        number = int(name[len(stem) :] or 1)
        match stem.upper():
            case "POWERONSTATE":
                self.power_on_state = int(value)
            case "POWERDELTA":
                self.power_delta = int(value)
            case "PULSETIME":
                self.pulses[number - 1] = int(value)
            case "POWER":
                self.relays[number - 1] = _WORDS[value.upper()]
                return self._result(number)
            case _:
                return [(f"stat/{self.topic}/RESULT", '{"Command":"Unknown"}', False)]
        return [(f"stat/{self.topic}/RESULT", json.dumps({name: value}), False)]

    def _result(self, relay: int) -> list[Message]:
        key, word = self._key(relay), self._word(relay)
        return [
            (f"stat/{self.topic}/RESULT", json.dumps({key: word}), False),
            (f"stat/{self.topic}/{key}", word, False),
        ]

    def _tele(self, ending: str, said: dict[str, object]) -> Message:
        told = {"Time": "2026-11-23T11:00:05", **said}
        return (f"tele/{self.topic}/{ending}", json.dumps(told), False)

    def _key(self, relay: int) -> str:
        return "POWER" if len(self.relays) == 1 else f"POWER{relay}"

    def _word(self, relay: int) -> str:
        return "ON" if self.relays[relay - 1] else "OFF"
