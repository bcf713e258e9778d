"""Events at a site, for other servers: the differences between two snapshots of the picture.

Messages are sent again after each reconnection, so a message is no event; a difference is. What was
true when the console started is no event either. Nothing here names a person: neither who opened,
nor who set the mode, nor with which reason.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import uuid4

from msgspec import Struct

from gateway.config import HookEvent
from gateway.console.feed.site_state import SitePicture
from gateway.core.model.names import DoorId, SiteId, ZoneId
from gateway.core.model.site import Site
from gateway.core.requests import Mode
from gateway.wire.states import AlarmMessage

DOOR_ALARMS: Final = frozenset({"forced", "held"})
"""Kinds that are also published as events of the door."""


Outcome = Literal["delivered", "failed", "refused", "dropped"]
"""Outcomes of an attempt to deliver an event to a webhook."""


class Happening(Struct, frozen=True):
    """One event, as a CloudEvent's attributes and data."""

    kind: HookEvent
    type: str
    site: SiteId
    subject: str
    """The topic's own words: `zone/hall`."""
    at: datetime
    data: dict[str, Any]
    id: str


class SiteSnapshot(Struct, frozen=True):
    """A site's state at the last snapshot."""

    mode: Mode | None
    alarms: dict[str, AlarmMessage]
    """By `<kind>/<object>`."""
    full: dict[ZoneId, bool]
    doors: dict[DoorId, str]


def seen(site: Site, now: SitePicture) -> SiteSnapshot:
    """Return the part of the picture that may be published."""
    return SiteSnapshot(
        mode=now.mode,
        alarms=dict(now.alarms),
        full={
            zone: now.zones[zone].count.people >= limit
            for zone, limit in ((each.id, each.capacity) for each in site.zones)
            if limit is not None and zone in now.zones
        },
        doors={door: message.state for door, message in now.doors.items()},
    )


def happenings(
    site: Site, before: SiteSnapshot, after: SiteSnapshot, now: datetime
) -> Iterator[Happening]:
    """Yield the events between two snapshots; `now` is their time."""

    def one(kind: HookEvent, word: str, subject: str, data: dict[str, Any]) -> Happening:
        return Happening(kind, f"seuil.{word}", site.id, subject, now, data, str(uuid4()))

    if before.mode is not None and after.mode is not None and before.mode != after.mode:
        yield one("mode", "mode.changed", "mode", {"mode": after.mode})
    for key, word, alarm in _alarm_changes(before.alarms, after.alarms):
        yield one("alarm", f"alarm.{word}", f"alarm/{key}", alarm)
    for zone, is_full in after.full.items():
        if before.full.get(zone, is_full) != is_full:
            word = "zone.full" if is_full else "zone.has-room"
            limit = {"zone": zone, "capacity": site.zone[zone].capacity}
            yield one("zone", word, f"zone/{zone}", limit)
    for door, state in after.doors.items():
        if state in DOOR_ALARMS and before.doors.get(door, state) != state:
            yield one("door", f"door.{state}", f"door/{door}", {"door": door})


def _alarm_changes(
    before: Mapping[str, AlarmMessage], after: Mapping[str, AlarmMessage]
) -> Iterator[tuple[str, str, dict[str, str | float]]]:
    """Yield the alarms that were raised (also again), whose cause is over, or that are off."""
    for key, alarm in sorted(after.items()):
        known = before.get(key)
        if known is None or (known.over_at and not alarm.over_at):
            yield key, "raised", _alarm(key, alarm.ahead_s)
        elif alarm.over_at and not known.over_at:
            yield key, "over", _alarm(key)
    for key in sorted(before.keys() - after.keys()):
        yield key, "cleared", _alarm(key)


def _alarm(key: str, ahead_s: float | None = None) -> dict[str, str | float]:
    kind, _, about = key.partition("/")
    clock = {} if ahead_s is None else {"ahead_s": ahead_s}
    return {"kind": kind, "object": about} | clock
