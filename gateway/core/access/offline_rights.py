"""The rights lists: the credentials that a reader may let in alone while it is cut off.

A list is a function of the place, the members and a *frame* of time, and of nothing else: computed
again within the frame it is the same, so a list is sent when something changed and when its frame
is over. Frames overlap by half: whenever a reader is cut off, its list is valid for at least half
of the door's `rights_valid_s` and never for longer than that.

An entry states when a credential may enter, as spans of UTC: the plan's opening hours, cut by the
membership, by the trainings that the zone requires, and by the credential itself. The reader knows
no opening hours, no time zone and no holiday; it compares its clock with a few numbers.

A list is empty where entry depends on something that a reader cannot know while it is cut off: on
who is inside (company, anti-passback), on another door (an interlock), on a PIN, on bookings, which
change by the hour. Likewise, a list leaves out holders whose own entry depends on such a thing:
those whose plan has a quota, who need an escort, or who may enter only after a zone was opened.
The reasons are those of `gateway.core.access.rules` for what could not be known.

Three checks are not made, and the space file's author has to know them. A zone's capacity is
ignored, or no list would be left where it is needed most, at the front door. A PIN that is typed
where a badge alone suffices is ignored: without a PIN the holder gets in too. And a badge that is
blocked for some minutes after wrong PINs is not blocked there.

Exits are free: a reader at an exit lets every user leave, without a time limit.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.core.access.eligibility import Eligibility, allowed, entered_zones, plan_hours, post_at
from gateway.core.model.directory import Credential, CredentialHash
from gateway.core.model.equipment import Device
from gateway.core.model.open_intervals import Spans, Window, frame_of, open_spans
from gateway.core.model.places import AccessPoint, Door, Zone
from gateway.core.model.site import Site
from gateway.core.state import State


class Standing(Struct, frozen=True):
    """The users whom a reader may let pass alone; `why` is the reason if there are none."""

    who: Literal["everybody", "listed", "nobody"]
    why: str | None = None


class RightsEntry(Struct, frozen=True, gc=False):
    """A credential, and when it may enter."""

    credential: Credential
    spans: Spans


class RightsList(Struct, frozen=True):
    """The list that a reader decides by alone. `left_out` counts credentials by the reason why."""

    standing: Standing
    frame: Window
    entries: tuple[RightsEntry, ...] = ()
    left_out: dict[str, int] = {}
    post: Eligibility | None = None
    """The requirements that the listed credentials meet."""


def rights_of(site: Site, state: State, device: Device, now: datetime) -> RightsList:
    """Return a reader's list at once; `sift` computes the same in small steps."""
    standing, frame = standing_of(site, state, device), frame_of(site, device, now)
    spans = {hours: open_spans(site, hours, frame) for hours in hours_of(site, device)}
    post = post_of(site, state, device, frame, spans)
    return collected(standing, frame, sift(state, post), post)


def standing_of(site: Site, state: State, device: Device) -> Standing:
    """Return whether a reader may decide alone, and for whom."""
    point = site.point_of(device)
    if point is not None and point.direction == "exit":
        return Standing("everybody")
    why = _why_nobody(site, state, device, point)
    return Standing("listed") if why is None else Standing("nobody", why)


def hours_of(site: Site, device: Device) -> frozenset[str]:
    """Return the opening hours that a reader's list depends on."""
    point = site.point_of(device)
    if point is None or point.direction != "entry":
        return frozenset()
    return frozenset(
        hours
        for plan in site.plans
        if not plan.quotas
        for hours in plan_hours(site, point, plan.id)
    )


def post_of(
    site: Site, state: State, device: Device, frame: Window, spans: Mapping[str, Spans]
) -> Eligibility | None:
    """Return the requirements of a reader's door in a frame; None: the list names no credential.

    `spans` contains all of `hours_of`.
    """
    point = site.point_of(device)
    if point is None or standing_of(site, state, device).who != "listed":
        return None
    return post_at(site, point, frame, spans)


def sift(state: State, post: Eligibility | None) -> Iterator[RightsEntry | str]:
    """Yield each credential's entry, or the reason why it has none."""
    if post is None:
        return
    holders = state.directory.holders
    for credential in state.directory.credentials.values():
        found = allowed(post, credential, holders.get(credential.holder))
        yield found if isinstance(found, str) else RightsEntry(credential, found)


def collected(
    standing: Standing,
    frame: Window,
    sifted: Iterable[RightsEntry | str],
    post: Eligibility | None = None,
) -> RightsList:
    """Return the sifted entries as a list; it does not depend on the order of the members."""
    entries: list[RightsEntry] = []
    left_out: dict[str, int] = {}
    for found in sifted:
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            entries.append(found)
    entries.sort(key=lambda entry: entry.credential.hash)
    return RightsList(standing, frame, tuple(entries), dict(sorted(left_out.items())), post)


def presented_hash(readers: bytes, canonical: str) -> CredentialHash:
    """Return a badge number's hash in rights lists, as a reader computes it from a badge."""
    return CredentialHash(hmac.digest(readers, canonical.encode(), "sha256").hex())


def _why_nobody(site: Site, state: State, device: Device, point: AccessPoint | None) -> str | None:
    door = site.door_of(point)
    if point is None:
        return "point-unknown"
    if door is None or point.direction != "entry":
        return "no-door"
    if state.mode.mode != "normal":
        return state.mode.mode
    if point.id in state.out_of_service:
        return "out-of-service"
    reasons = (_unfit(site, device, point, door), *map(_depends, entered_zones(site, point)))
    return next(filter(None, reasons), None)


def _unfit(site: Site, device: Device, point: AccessPoint, door: Door) -> str | None:
    """Return why no reader may open this door alone for any user; None: it may."""
    reasons = {
        "switched-off": door.rights_valid_s <= 0,
        "lock-elsewhere": door.lock not in (None, device.id),
        "credential-weak": point.min_credential == "number-and-pin",
        "interlock": any(door.id in interlock.doors for interlock in site.interlocks),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _depends(zone: Zone) -> str | None:
    """Return the reason if entering a zone depends on what a reader cannot know, else None."""
    demands = zone.demands
    if demands.min_present > 1:
        return "alone"
    if demands.role_present is not None:
        return "role-absent"
    if demands.booking != "ignored":
        return "booking-required" if demands.booking == "required" else "booked"
    if zone.passback in ("hard", "timed"):
        return "passback" if zone.passback == "hard" else "passback-timed"
    return None
