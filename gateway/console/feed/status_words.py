"""The live view's words, by the thing that they describe: a state, a mode.

The English is the message of the catalogue; its French is in `locale/fr/live.po`. A word that
agrees with its noun in French has an English of its own: a door is "open", a room has "room left".
"""

from typing import Final

from gateway.translation import Lang, words

WORDS: Final[dict[str, str]] = {
    "people": "people",
    "person": "person",
    "since": "since %(time)s",
    "known": "%(n)s by badge",
    "between": "between %(low)s and %(high)s",
    "trend.1": "rising, %(time)s",
    "trend.-1": "falling, %(time)s",
    "zone.unknown": "no count yet",
    "zone.empty": "empty",
    "zone.open": "room left",
    "zone.used": "in use",
    "zone.nearly": "nearly full",
    "zone.full": "full",
    "zone.over": "over the limit",
    "zone.stale": "uncertain count",
    "zone.told": "%(name)s: %(people)s %(of)s, %(word)s",
    "door.unknown": "state unknown",
    "door.locked": "locked",
    "door.unlocked": "unlocked",
    "door.open": "open",
    "door.held": "held open",
    "door.forced": "forced",
    "door.told": "%(name)s: %(word)s",
    "machine.unknown": "power unknown",
    "machine.off": "no power",
    "machine.powered": "powered",
    "machine.idle": "idle",
    "machine.running": "running",
    "granted": "Granted",
    "denied": "Refused",
    "entry": "entry",
    "exit": "exit",
    "machine": "machine",
    "alarm.over": "%(start)s to %(end)s, not acknowledged",
    "seen-to": "acknowledged at %(time)s",
    "mode.lockdown": "LOCKDOWN \N{EN DASH} every entry is blocked",
    "mode.evacuation": "EVACUATION IN PROGRESS \N{EN DASH} doors unlocked",
    "mode.evacuation-partly": "EVACUATION IN PROGRESS \N{EN DASH} not unlocked: %(doors)s",
    "kiosk.evacuation": "Evacuation: please leave the building",
    "house.ok": "Gateway running",
    "house.unknown": "Gateway: state unknown",
    "house.offline": "Gateway offline",
    "house.starting": "Gateway starting",
    "house.journal-failing": "Gateway: journal failing",
    "house.broker-lost": "Gateway disconnected",
    "house.unreachable": "Broker unreachable",
    "link.never": "no message yet",
}


def say(key: str, lang: Lang, **values: str | int) -> str:
    """Return a word or sentence of `WORDS`, filled in."""
    return words(lang)(WORDS[key], **values)
