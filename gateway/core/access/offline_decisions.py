"""The decisions that readers report to have made alone, and the check of each such claim.

A reader is as trustworthy as its password. An attacker who has it can report "granted" for any
badge number they know, and so move members: into presence, a muster, the company that the laser
requires. A decision therefore counts only if our own records show both of the following:

- **It was allowed to.** The rights list that the reader had confirmed before let this badge in at
  that moment. Lists are not stored: a list is a function of the members, and of what the door asked
  for (`eligibility.Eligibility`). So we store the latter for each list, with the revision of the
  members that it was computed from; and the members as they were before they changed
  (`state.Past`), for as long as some reader may still have a list of that time. At an exit every
  user is allowed to pass.
- **It had to.** The reader was cut off: its status said so; we were away; or it had sent us the
  badge before, and by our own record got no answer in time. The broker publishes the status (the
  last will), but the reader can, too: that raises an alarm, and we may have received nothing from
  the reader between that moment and its return.

Any other claim is journaled as `claimed`, raises an alarm, and moves no member.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeVar

from immutables import Map
from msgspec import structs

from gateway.core.access.eligibility import allowed
from gateway.core.access.late_events import LATE
from gateway.core.events import GatewayAway, ListConfirmed, Reported
from gateway.core.model.directory import CredentialHash, Directory, DirectoryChange, HolderId
from gateway.core.model.names import DeviceId
from gateway.core.occupancy.presence import MERGED_MAX
from gateway.core.readings import Availability, CredentialPresented
from gateway.core.state import (
    NEVER,
    AnsweredCredential,
    Away,
    CutOff,
    Former,
    ListInForce,
    Past,
    State,
)
from gateway.core.step_context import StepContext

K = TypeVar("K")
T = TypeVar("T")

WAITS: Final = timedelta(seconds=2)
"""The time a reader waits for an answer before it decides alone."""
UNNOTICED: Final = timedelta(seconds=90)
"""The time a dead connection may go unnoticed: one and a half keepalives of 60 s."""
NEAR: Final = timedelta(seconds=2)
"""The error of a correct clock, beside the offset that its events show."""
JUST_NOW: Final = timedelta(minutes=1)
"""The time for which a list that was replaced is remembered in any case."""
AWAY_MAX: Final = 16
"""Absences that are remembered per reader, and for us."""
LISTS_MAX: Final = 16
"""Lists remembered per reader: those in force while it was cut off, and the last."""
ASKED_MAX: Final = 8
"""Badges remembered per reader that it may still report as decided alone: it has one at a time."""
_NOTHING: Final = CutOff()


# -- what is kept


def list_confirmed(context: StepContext, event: ListConfirmed) -> None:
    """Record that a reader has another list in force."""
    if event.device not in context.site.device or event.revision < context.past.since:
        return  # the members of that time are not known any more; another list is on its way
    known = context.cut_off.get(event.device, _NOTHING)
    confirmed = ListInForce(event.version, context.now, event.who, event.revision, event.post)
    lists = (*_still_of_use(context, known), confirmed)[-LISTS_MAX:]
    context.cut_off = context.cut_off.set(event.device, structs.replace(known, lists=lists))
    _forget(context)


def came_or_went(
    context: StepContext, event: Reported, availability: Availability, heard: datetime
) -> None:
    """Record a reader's status, gone or back; `heard` is when we last received from it before.

    A status "online" proves no absence: a reader publishes it with each list it confirms, too.
    """
    known = context.cut_off.get(event.device, _NOTHING)
    is_gone, is_back = _goes_on(known.away), availability.state == "online"
    if is_gone is not is_back:
        return  # that is known
    if is_back:
        away = (*known.away[:-1], Away(known.away[-1].begins, context.now))
    else:
        begins = min(context.now, max(heard, context.now - UNNOTICED))
        away = (*known.away, Away(begins))
    known = structs.replace(known, away=_of_late(context, away))
    context.cut_off = context.cut_off.set(event.device, known)


def gateway_away(context: StepContext, event: GatewayAway) -> None:
    """Record that we are, or were, away."""
    begins, ends = min(event.since, context.now), event.until or NEVER
    if _goes_on(context.away):
        begins = min(begins, context.away[-1].begins)
        context.away = (*context.away[:-1], Away(begins, ends))
    else:
        context.away = _of_late(context, (*context.away, Away(begins, ends)))


def asked(context: StepContext, event: Reported, *, granted: bool, holder: HolderId | None) -> None:
    """Remember a badge that we decide, and that its reader may still report as decided alone."""
    known = context.cut_off.get(event.device)
    if known is None or not known.lists or event.boot is None or event.seq is None:
        return
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - what `decide` is for
    where = context.presence.get(holder) if holder is not None else None
    one = AnsweredCredential(
        context.devices[event.device].generation,
        (event.boot, event.seq),
        event.at,
        CredentialHash(reading.credential),
        context.now,
        granted,
        where.zone if where else None,
    )
    known = structs.replace(known, asked=(*known.asked, one)[-ASKED_MAX:])
    context.cut_off = context.cut_off.set(event.device, known)


def open_question(
    state: State,
    device: DeviceId,
    number: tuple[int, int],
    at: datetime,
    reading: CredentialPresented,
) -> AnsweredCredential | None:
    """Return our decision on this event, unless the reader's own was reported already.

    The same number is not enough: a board that was erased starts its numbers again.
    """
    known, numbering = state.cut_off.get(device), state.devices.get(device)
    if known is None or numbering is None:
        return None
    key = (numbering.generation, number, reading.credential)
    for one in known.asked:
        if (one.generation, one.number, one.credential) == key and abs(at - one.at) <= LATE:
            return one
    return None


def close_question(context: StepContext, device: DeviceId, question: AnsweredCredential) -> None:
    """Forget a question whose reader has reported its own decision: a repeat is a duplicate."""
    known = context.cut_off[device]
    others = tuple(one for one in known.asked if one != question)
    context.cut_off = context.cut_off.set(device, structs.replace(known, asked=others))


def members_change(context: StepContext, change: DirectoryChange) -> None:
    """Remember the members that a change affects, before it is applied."""
    revision = context.past.revision + 1
    if any(known.lists for known in context.cut_off.values()):
        past = _remembered(context.past, revision, context.directory, change, context.now)
        context.past = _without(past, change.removed_holders)
    else:
        context.past = Past(revision, revision)


def space_changed(context: StepContext) -> None:
    """Forget the lists of readers that were removed."""
    context.cut_off = Map(
        {
            device: known
            for device, known in context.cut_off.items()
            if device in context.site.device
        }
    )
    _forget(context)


def run_timers(context: StepContext) -> None:
    """Forget, once an hour, events that are too old to be merged."""
    if not context.now.minute:
        _forget(context, before=context.now - MERGED_MAX)


# -- what it shows


def is_believed(
    context: StepContext,
    event: Reported,
    reading: CredentialPresented,
    *,
    unanswered: bool | None = None,
) -> bool:
    """Return whether a decision that a reader made alone is proven.

    `unanswered`: for a badge that it had sent us, whether our record has no answer; None: it had
    not sent it.
    """
    state = context.devices.get(event.device)
    ahead_s = state.ahead_s if state is not None else None
    try:
        at = event.at - timedelta(seconds=ahead_s or 0.0)
    except OverflowError:
        return False
    decided_at = at if unanswered is None else at + WAITS
    if event.retained or not (unanswered or _was_cut_off(context, event.device, at, decided_at)):
        return False
    return reading.decided == "denied" or _might(context, event, reading, at)


def _was_cut_off(
    context: StepContext, device: DeviceId, at: datetime, decided_at: datetime
) -> bool:
    """Return whether reader and gateway were disconnected then; both times are by our clock."""
    known = context.cut_off.get(device, _NOTHING)
    return any(
        one.begins <= decided_at + NEAR and at - NEAR <= one.ends
        for one in (*known.away, *context.away)
    )


def _might(
    context: StepContext, event: Reported, reading: CredentialPresented, at: datetime
) -> bool:
    """Return whether a list in force then, within the clocks' errors, let the badge in."""
    point = context.site.point_of(context.site.device[event.device])
    if point is not None and point.direction == "exit":
        return True
    known = context.cut_off.get(event.device, _NOTHING)
    return any(
        one.since - LATE <= at
        and at - LATE <= ended
        and _lets_in(context.past, one, context.directory, reading, event.at)
        for one, ended in _with_their_ends(known)
    )


def _lets_in(
    past: Past, one: ListInForce, directory: Directory, reading: CredentialPresented, at: datetime
) -> bool:
    """Return whether this list let the badge in, by the reader's own clock."""
    if one.who != "listed" or one.post is None or one.revision < past.since:
        return one.who == "everybody"
    hashed = CredentialHash(reading.credential)
    credential = _then(
        past.credentials.get(hashed, ()), one.revision, directory.credentials.get(hashed)
    )
    if credential is None or credential.reader_hash is None:
        return False
    holder = _then(
        past.holders.get(credential.holder, ()),
        one.revision,
        directory.holders.get(credential.holder),
    )
    frame, spans = one.post.frame, allowed(one.post, credential, holder)
    if isinstance(spans, str) or not frame.begins <= at < frame.expires:
        return False
    return any(since <= at < until for since, until in spans)


# -- helpers


def _goes_on(away: tuple[Away, ...]) -> bool:
    return bool(away) and away[-1].ends == NEVER


def _of_late(context: StepContext, away: tuple[Away, ...]) -> tuple[Away, ...]:
    oldest = context.now - MERGED_MAX
    return tuple(one for one in away if one.ends >= oldest)[-AWAY_MAX:]


def _with_their_ends(known: CutOff) -> Iterator[tuple[ListInForce, datetime]]:
    """Yield each list, and when it was replaced."""
    ends = [one.since for one in known.lists[1:]] + [NEVER]
    return zip(known.lists, ends, strict=True) if known.lists else iter(())


def _still_of_use(context: StepContext, known: CutOff) -> Iterator[ListInForce]:
    """Yield the lists, when another one comes, that the reader may have used alone."""
    absent = (*known.away, *context.away)
    for one, ended in _with_their_ends(known):
        was_used = any(time.begins - LATE <= ended and one.since < time.ends for time in absent)
        if was_used or min(ended, context.now) > context.now - JUST_NOW:
            yield one


def _then(former: tuple[Former[T], ...], revision: int, now: T | None) -> T | None:
    """Return an entry as it was at a revision."""
    return next((one.was for one in former if one.revision > revision), now)


def _remembered(
    past: Past, revision: int, directory: Directory, change: DirectoryChange, at: datetime
) -> Past:
    """Return the past with the entries that a change is about to alter."""
    badges = {each.hash: each for each in change.credentials}
    people = {each.id: each for each in change.holders}
    return structs.replace(
        past,
        revision=revision,
        credentials=_kept(
            past.credentials,
            directory.credentials,
            {**badges, **dict.fromkeys(change.removed_credentials)},
            revision,
            at,
        ),
        holders=_kept(
            past.holders,
            directory.holders,
            {**people, **dict.fromkeys(change.removed_holders)},
            revision,
            at,
        ),
    )


def _kept(
    former: Map[K, tuple[Former[T], ...]],
    before: Map[K, T],
    after: Mapping[K, T | None],
    revision: int,
    at: datetime,
) -> Map[K, tuple[Former[T], ...]]:
    kept = former.mutate()
    for key, value in after.items():
        was = before.get(key)
        if was != value:
            kept[key] = (*kept.get(key, ()), Former(revision, at, was))
    return kept.finish()


def _without(past: Past, holders: Iterable[HolderId]) -> Past:
    """Return the past without holders who were erased."""
    gone = set(holders)
    if not gone:
        return past
    badges = {
        key: former
        for key, former in past.credentials.items()
        if not any(one.was is not None and one.was.holder in gone for one in former)
    }
    people = {key: former for key, former in past.holders.items() if key not in gone}
    return structs.replace(past, credentials=Map(badges), holders=Map(people))


def _forget(context: StepContext, before: datetime | None = None) -> None:
    """Forget entries older than any list in force, and those changed before a time."""
    past = context.past
    lists = (one.revision for known in context.cut_off.values() for one in known.lists)
    since = max(past.since, min(lists, default=past.revision))
    if before is not None:
        changes = chain(*past.credentials.values(), *past.holders.values())
        since = max(since, *(one.revision for one in changes if one.at < before), 0)
    if since > past.since:
        badges, people = _younger(past.credentials, since), _younger(past.holders, since)
        context.past = Past(past.revision, since, badges, people)


def _younger(former: Map[K, tuple[Former[T], ...]], since: int) -> Map[K, tuple[Former[T], ...]]:
    left = ((key, tuple(x for x in one if x.revision > since)) for key, one in former.items())
    return Map({key: one for key, one in left if one})
