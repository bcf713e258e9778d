"""Whom a reader may let in alone while it is cut off from us, worked out ahead.

A list is a function of the place, the members and a *frame* of time, and of nothing else: asked
again within the frame it is the same, so a list is sent when something changed and when its frame
is over. Frames overlap by half: whenever a reader is cut off, its list is good for at least half of
the door's `rights_valid_s` and never for longer than that.

An entry says when a credential may enter, as spans of UTC: the plan's opening hours, cut by the
membership, by the trainings that the zone asks for, and by the credential itself. The reader knows
no opening hours, no time zone and no holiday; it compares its clock with a few numbers.

Where entering depends on what a reader that is cut off can't know, nobody is on its list: on who is
inside (company, anti-passback), on another door (an interlock), on a PIN, on bookings, which change
by the hour. Left out of a list are, likewise, holders for whom it depends on such a thing: whose
plan counts what is used, who needs an escort, who may enter only after somebody opened the zone.
The reasons are those of `gateway.core.rules` for what could not be known.

Three things are let go, and the space file's author has to know. A zone's capacity isn't looked at,
or no list would be left where it is needed most, at the front door. A PIN that is typed where a
badge alone would do isn't judged: who types none gets in too. And a badge that is blocked for
some minutes after wrong PINs is not blocked there.

The way out is free: a reader at an exit lets everybody leave, for ever.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from gateway.core.directory import Credential, CredentialHash, Holder, Training
from gateway.core.equipment import Device
from gateway.core.hours import opening
from gateway.core.names import PlanId, RoleId, SiteId, TrainingId
from gateway.core.places import AccessPoint, Door, Zone
from gateway.core.site import Site
from gateway.core.state import State

MINUTE = timedelta(minutes=1)
"""The grain of opening hours, and of a frame."""
_NOBODY_S = 86_400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]
"""From (inclusive) until (exclusive), aware UTC."""
Spans = tuple[Span, ...]
"""Ascending, with something between one and the next."""


class Frame(Struct, frozen=True):
    """The time that a list speaks of; it is void from `expires` on. Whole minutes of UTC."""

    begins: datetime
    expires: datetime


class Standing(Struct, frozen=True):
    """Whom a reader may let pass alone at all; `why` is the reason for nobody."""

    who: Literal["everybody", "listed", "nobody"]
    why: str | None = None


class Entry(Struct, frozen=True, gc=False):
    """A credential, and when it may enter."""

    credential: Credential
    spans: Spans


class RightsList(Struct, frozen=True):
    """What a reader may decide alone. `left_out` counts credentials by the reason why."""

    standing: Standing
    frame: Frame
    entries: tuple[Entry, ...] = ()
    left_out: dict[str, int] = {}


def rights_of(site: Site, state: State, device: Device, now: datetime) -> RightsList:
    """The list of a reader, in one go; `sift` is the same in small steps."""
    standing, frame = standing_of(site, state, device), frame_of(site, device, now)
    spans = {hours: open_spans(site, hours, frame) for hours in hours_of(site, device)}
    return collected(standing, frame, sift(site, state, device, frame, spans))


def standing_of(site: Site, state: State, device: Device) -> Standing:
    """Whether a reader may decide alone, and for whom."""
    point = site.point_of(device)
    if point is not None and point.direction == "exit":
        return Standing("everybody")
    why = _why_nobody(site, state, device, point)
    return Standing("listed") if why is None else Standing("nobody", why)


def frame_of(site: Site, device: Device, now: datetime) -> Frame:
    """The frame in which a reader's list is worked out now: of its door's `rights_valid_s`.

    Where nobody is ever on the list, it is a day's: there is nothing to send again.
    """
    door = site.door_of(site.point_of(device))
    valid_s = door.rights_valid_s if door is not None and door.rights_valid_s > 0 else _NOBODY_S
    half = max(MINUTE, MINUTE * (valid_s // (2 * 60)))
    begins = _EPOCH + (now - _EPOCH) // half * half
    return Frame(begins, begins + 2 * half)


def hours_of(site: Site, device: Device) -> frozenset[str]:
    """The opening hours that a reader's list depends on."""
    point = site.point_of(device)
    if point is None or point.direction != "entry":
        return frozenset()
    return frozenset(
        hours for plan in site.plans if not plan.quotas for hours in _hours(site, point, plan.id)
    )


def open_spans(site: Site, hours: str, frame: Frame) -> Spans:
    """When `hours` are open in a frame, asked minute by minute of what the rules ask.

    So a list and the rules can't disagree about a holiday or the night on which clocks change.
    It takes some 20 ms a day; answers of neighbouring frames are joined with `joined`.
    """
    found: list[Span] = []
    since: datetime | None = None
    at = frame.begins
    while at < frame.expires:
        opens = opening(site, hours, at) == "open"
        if opens and since is None:
            since = at
        elif not opens and since is not None:
            found.append((since, at))
            since = None
        at += MINUTE
    if since is not None:
        found.append((since, frame.expires))
    return tuple(found)


def sift(
    site: Site, state: State, device: Device, frame: Frame, spans: Mapping[str, Spans]
) -> Iterator[Entry | str]:
    """Each credential's entry, or the reason why it has none. `spans` has all of `hours_of`."""
    if standing_of(site, state, device).who != "listed":
        return
    assert device.access_point is not None  # noqa: S101 - or nobody would be listed
    post = _post(site, site.access_point[device.access_point], frame, spans)
    holders = state.directory.holders
    for credential in state.directory.credentials.values():
        found = _allowed(post, credential, holders.get(credential.holder))
        yield found if isinstance(found, str) else Entry(credential, found)


def collected(standing: Standing, frame: Frame, sifted: Iterable[Entry | str]) -> RightsList:
    """What was sifted, as a list; equal members give an equal list, whatever their order."""
    entries: list[Entry] = []
    left_out: dict[str, int] = {}
    for found in sifted:
        if isinstance(found, str):
            left_out[found] = left_out.get(found, 0) + 1
        else:
            entries.append(found)
    entries.sort(key=lambda entry: entry.credential.hash)
    return RightsList(standing, frame, tuple(entries), dict(sorted(left_out.items())))


def joined(spans: Iterable[Span]) -> Spans:
    """Spans in any order as one sequence, those that touch as one."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return tuple(found)


def presented_hash(readers: bytes, canonical: str) -> CredentialHash:
    """A badge number as rights lists tell it: what a reader works out of a badge held to it."""
    return CredentialHash(hmac.digest(readers, canonical.encode(), "sha256").hex())


class _Post(Struct, frozen=True):
    """All that an access point asks of a credential, worked out once.

    `plans` are those that lead here and count nothing, `rationed` those that count what is used.
    `escort`: visitors don't enter alone. `openers`: roles that open a zone on the way in.
    """

    site: SiteId
    frame: Frame
    plans: dict[PlanId, Spans]
    rationed: frozenset[PlanId]
    trainings: tuple[TrainingId, ...]
    openers: tuple[RoleId, ...]
    escort: bool


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
    reasons = (_unfit(site, device, point, door), *map(_depends, _entered(site, point)))
    return next(filter(None, reasons), None)


def _unfit(site: Site, device: Device, point: AccessPoint, door: Door) -> str | None:
    """Why a door is none that a reader may open alone, whoever comes."""
    reasons = {
        "switched-off": door.rights_valid_s <= 0,
        "lock-elsewhere": door.lock not in (None, device.id),
        "credential-weak": point.min_credential == "number-and-pin",
        "interlock": any(door.id in interlock.doors for interlock in site.interlocks),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _depends(zone: Zone) -> str | None:
    """On what that can't be known entering a zone depends, for whoever enters."""
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


def _post(site: Site, point: AccessPoint, frame: Frame, spans: Mapping[str, Spans]) -> _Post:
    zones = _entered(site, point)
    leads = {plan.id: _hours(site, point, plan.id) for plan in site.plans}
    return _Post(
        site.id,
        frame,
        plans={
            plan.id: joined(span for hours in leads[plan.id] for span in spans[hours])
            for plan in site.plans
            if leads[plan.id] and not plan.quotas
        },
        rationed=frozenset(plan.id for plan in site.plans if leads[plan.id] and plan.quotas),
        trainings=tuple(each for zone in zones for each in zone.demands.trainings),
        openers=tuple(zone.opened_by for zone in zones if zone.opened_by is not None),
        escort=any(zone.escort for zone in zones),
    )


def _allowed(post: _Post, credential: Credential, holder: Holder | None) -> Spans | str:
    """When a credential may enter; a text is the reason why not."""
    if credential.status != "active":
        return f"credential-{credential.status}"
    if credential.kind == "pin":
        return "credential-weak"
    if holder is None:
        return "credential-unknown"
    bought = _bought(post, holder)
    if isinstance(bought, str):
        return bought
    trained = _trained(post, holder, bought)
    if not trained:
        return "training-missing"
    return _unaccompanied(post, holder) or (
        _cut(post, trained, credential.starts, credential.ends) or "credential-expired"
    )


def _unaccompanied(post: _Post, holder: Holder) -> str | None:
    """Why a holder may not come first, or not by themselves."""
    if not all(holder.has_role(role, post.site) for role in post.openers):
        return "not-opened"
    return "escort-missing" if post.escort and holder.kind == "visitor" else None


def _bought(post: _Post, holder: Holder) -> Spans | str:
    """When a holder's memberships let in."""
    found: list[Spans] = []
    why = "membership-none"
    for membership in holder.memberships:
        if membership.sites and post.site not in membership.sites:
            continue
        spans = post.plans.get(membership.plan)
        if membership.status != "active":
            why = f"membership-{membership.status}"
        elif spans is None:
            why = "quota-used-up" if membership.plan in post.rationed else "no-right"
        elif cut := _cut(post, spans, membership.starts, membership.ends):
            found.append(cut)
        else:
            why = "outside-hours" if not spans else "membership-expired"
    if not found:
        return why
    return found[0] if len(found) == 1 else joined(span for each in found for span in each)


def _trained(post: _Post, holder: Holder, spans: Spans) -> Spans:
    """What remains of spans where every training is asked for that the zones ask for."""
    for training in post.trainings:
        given = [one for one in holder.trainings if one.training == training]
        spans = joined(span for one in given for span in _while_trained(post, spans, one))
    return spans


def _while_trained(post: _Post, spans: Spans, training: Training) -> Spans:
    return _cut(post, spans, training.given, training.ends)


def _cut(post: _Post, spans: Spans, starts: datetime | None, ends: datetime | None) -> Spans:
    """Spans within a validity. Nearly always nothing is cut, and they stay the very same object."""
    begins, expires = post.frame.begins, post.frame.expires
    if (starts is None or starts <= begins) and (ends is None or ends >= expires):
        return spans
    first, last = max(starts or begins, begins), min(ends or expires, expires)
    cut = ((max(since, first), min(until, last)) for since, until in spans)
    return tuple(span for span in cut if span[0] < span[1])


def _hours(site: Site, point: AccessPoint, plan: PlanId) -> tuple[str, ...]:
    """The hours of a plan's rights that lead through an access point."""
    lineage = site.zone[point.zone].lineage
    rights = site.plan[plan].rights
    return tuple(right.hours for right in rights if any(zone in right.zones for zone in lineage))


def _entered(site: Site, point: AccessPoint) -> tuple[Zone, ...]:
    """The zones that one enters at an access point. Who is inside a parent may need fewer."""
    return tuple(site.zone[zone] for zone in site.zone[point.zone].lineage)
