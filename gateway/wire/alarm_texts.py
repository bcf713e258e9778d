"""The alarms' names and advice, for the console, the doctor and the log.

The name says what is wrong, the advice what to do next. Texts refer to a device as "it".
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core.facts import AlarmKind
from gateway.phrase import Phrase
from gateway.wire.texts import clock_off


class AlarmWords(Struct, frozen=True):
    """An alarm's name, and the advice."""

    word: str
    do: str


_COMPANY: Final = Phrase("Go there or send someone, or the machine will stop.")
_NETWORK: Final = Phrase("Is it powered and on the network?")

ALARMS: Final[Mapping[AlarmKind, AlarmWords]] = {
    "forced": AlarmWords(
        Phrase("Door forced"),
        Phrase("Check the door: it opened without a badge. Does it still lock?"),
    ),
    "held": AlarmWords(
        Phrase("Door held open"),
        Phrase("Go and close it."),
    ),
    "over-capacity": AlarmWords(
        Phrase("Too many people"),
        Phrase("Ask some people to leave, or recount by eye."),
    ),
    "device-silent": AlarmWords(Phrase("Device silent"), _NETWORK),
    "device-offline": AlarmWords(Phrase("Device offline"), _NETWORK),
    "tamper": AlarmWords(
        Phrase("Case opened"),
        Phrase("Check the device: its case was opened."),
    ),
    "clock-skew": AlarmWords(
        Phrase("Clock is off"),
        Phrase("Check its time server (NTP). A reader's badges are refused until then."),
    ),
    "battery-low": AlarmWords(
        Phrase("Battery low"),
        Phrase("Replace its battery this week."),
    ),
    "address-changed": AlarmWords(
        Phrase("Another address"),
        Phrase("It is obeyed under the new one: reserve its address in the router (DHCP)."),
    ),
    "lone-worker": AlarmWords(Phrase("Person alone"), _COMPANY),
    "unsupervised": AlarmWords(Phrase("Machine unsupervised"), _COMPANY),
    "unattended": AlarmWords(Phrase("Machine unattended"), _COMPANY),
    "safe-stop": AlarmWords(
        Phrase("Machine stopping"),
        Phrase("Check that it stops and that nobody is hurt."),
    ),
    "duress": AlarmWords(
        Phrase("Badge under duress"),
        Phrase("Call for help discreetly."),
    ),
    "flooding": AlarmWords(
        Phrase("Too many messages"),
        Phrase("It sends far too many messages. Is it stuck, or is its password being misused?"),
    ),
    "numbering-restarted": AlarmWords(
        Phrase("Numbering restarted"),
        Phrase("Was it replaced or erased? Acknowledge. If not, change its password."),
    ),
    "numbering-refused": AlarmWords(
        Phrase("Numbers can't be trusted"),
        Phrase(
            "Restart its numbering on the Devices page or with seuil devices reset. Is "
            "its clock right?"
        ),
    ),
    "not-wired": AlarmWords(
        Phrase("Report it isn't wired for"),
        Phrase("Is its wiring in the space file? If so, its password is being misused: change it."),
    ),
    "unproven-claim": AlarmWords(
        Phrase("Unproven entry"),
        Phrase(
            "It claims to have opened alone while it was online. Check on site and "
            "change its password."
        ),
    ),
    "engine-fault": AlarmWords(
        Phrase("Software error"),
        Phrase("Report this bug: the details are in the gateway's log."),
    ),
    "clock-unsure": AlarmWords(
        Phrase("Gateway clock is wrong"),
        Phrase("Set it, or check its time server (timedatectl)."),
    ),
    "journal-damaged": AlarmWords(
        Phrase("Journal damaged"),
        Phrase("Stop the gateway, copy the folder, then restore a backup."),
    ),
    "space-faulty": AlarmWords(
        Phrase("Space file is wrong"),
        Phrase("See Health for the error. The previous version stays active."),
    ),
    "backup-late": AlarmWords(
        Phrase("No backup for days"),
        Phrase("Run seuil backup, and check why the nightly backup fails."),
    ),
    "disk-low": AlarmWords(
        Phrase("Disk nearly full"),
        Phrase("Free up space: when the disk is full, no door opens."),
    ),
}
SILENT: Final = frozenset[str]({"duress"})
"""Alarms that no shared screen shows: a person who threatens a member could see it."""


def alarm_said(kind: str, ahead_s: float | None = None) -> str:
    """Return an alarm's name; for a clock alarm, with its deviation and direction."""
    word = alarm_words(kind).word
    if ahead_s is None:
        return word
    off = clock_off(ahead_s)
    return Phrase("%(alarm)s (%(deviation)s)", alarm=word, deviation=off)


def alarm_words(kind: str) -> AlarmWords:
    """Return an alarm's texts; an alarm of another release has only its kind as a name."""
    known = ALARMS.get(kind)  # type: ignore[call-overload] # a kind from the wire
    return known or AlarmWords(kind, "")
