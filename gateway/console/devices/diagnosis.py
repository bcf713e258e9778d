"""The diagnosis of a device in words: its fault, the remedy, and how it differs from its like."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, Literal

from gateway.adapters.journal.queries import DeviceLine
from gateway.console.feed.page_snapshot import alarm_word
from gateway.core.access.late_events import LATE
from gateway.phrase import Phrase, joined
from gateway.translation import Lang, Translator, in_lang, words
from gateway.wire.alarm_texts import alarm_words
from gateway.wire.offline_rights import RightsState
from gateway.wire.texts import CLOCK_RIGHT_S, clock_off

Tone = Literal["calm", "warm", "alert", "soft"]
_NUMBERING: Final = frozenset({"numbering-refused", "numbering-restarted"})
GHOSTS_MANY: Final = 20
"""Ghost reads per day: a good reader has a few, one beside a noisy cable has hundreds."""


def tone(line: DeviceLine) -> Tone:
    """Return the tone in which a device is shown."""
    if not line.is_installed or line.last_seen is None:
        return "soft"
    if line.alarms or line.online is False:
        return "alert" if {*line.alarms} - {"battery-low"} or line.online is False else "warm"
    return "warm" if line.open_gaps or is_haunted(line) or is_off(line) else "calm"


def is_haunted(line: DeviceLine) -> bool:
    """Return whether it reads more ghosts than a good reader does, today or yesterday."""
    return max(line.ghosts, line.ghosts_before) >= GHOSTS_MANY


def is_misnumbered(line: DeviceLine) -> bool:
    """Return whether its numbers are in doubt, so that an operator may let them begin again."""
    return not _NUMBERING.isdisjoint(line.alarms) or line.open_gaps > 0


def is_off(line: DeviceLine) -> bool:
    """Return whether its clock is so far off that its badges open nothing (`rules.LATE`)."""
    return line.ahead_s is not None and abs(line.ahead_s) > LATE.total_seconds()


def clock(line: DeviceLine, lang: Lang) -> str:
    """Return how far its clock is off; empty: it is right, or reports no time."""
    if line.ahead_s is None or abs(line.ahead_s) < CLOCK_RIGHT_S:
        return ""
    return in_lang(joined([Phrase("clock"), clock_off(line.ahead_s)], " "), lang)


def state(line: DeviceLine, lang: Lang) -> tuple[str, str]:
    """Return the device's state, and what to do about it."""
    say = words(lang)
    if not line.is_installed:
        return say("not in the space file"), say("Unknown device: add it or unplug it.")
    if line.alarms:
        told = ", ".join(alarm_word(kind, lang) for kind in line.alarms)
        return told, in_lang(alarm_words(line.alarms[0]).do, lang)
    if line.last_seen is None:
        return say("never connected"), say("Check its broker address and password.")
    if line.online is False:
        return say("offline"), say("Is it powered and on the network?")
    return _of_late(line, say)


def _of_late(line: DeviceLine, say: Translator) -> tuple[str, str]:
    """Return the recent state of a device that is online and without an alarm."""
    if line.open_gaps:
        return say("lost events"), say("It may still send them. If not, check its network.")
    if is_off(line):
        do = say("Check its time server (NTP). Ignore if it has just reconnected.")
        return say("clock off"), do
    if is_haunted(line):
        do = say(
            "Is there metal or a cable near its antenna? Is its format right in the space file?"
        )
        return say("many misreads"), do
    return say("OK"), ""


def rights(line: DeviceLine, kept: RightsState | None, say: Translator) -> tuple[str, Tone]:
    """Return the state of a reader's rights list."""
    if line.role != "reader":
        return "", "soft"
    if kept is None:
        return say("no list"), "soft"
    keys = say("%(keys)s badges", keys=kept.keys)
    if kept.who == "everybody":
        keys = say("open to all")
    if kept.state == "waiting":
        return say("%(keys)s, not in sync yet", keys=keys), "warm"
    if kept.missing:
        return say("%(keys)s, %(missing)s don't fit", keys=keys, missing=kept.missing), "warm"
    return say("%(keys)s, in sync", keys=keys), "calm"


def others_run(lines: Sequence[DeviceLine]) -> dict[str, str]:
    """Return, for each device that runs another firmware than most of its like, what those run.

    Its like are devices of the same driver and model; where no model is reported, of the same role.
    """
    alike: defaultdict[tuple[str | None, str | None], list[DeviceLine]] = defaultdict(list)
    for line in lines:
        if line.firmware is not None and line.is_installed:
            alike[line.driver, line.model or line.role].append(line)
    return {
        line.device: usual
        for group in alike.values()
        for usual in [_usual([line.firmware or "" for line in group])]
        for line in group
        if line.firmware != usual
    }


def _usual(versions: Sequence[str]) -> str:
    """Return the version that most run; in a tie, the highest."""
    counted = Counter(versions)
    return max(counted, key=lambda version: (counted[version], _numbers(version), version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d{1,18}", version))
