"""What readers say that they decided alone: whether it is believed.

A reader is as trustworthy as its password. Whoever has it may say "granted" for any badge number
that they know, and would so move people: into presence, a muster, the company that the laser asks
for. So it counts only if both is shown by what we know ourselves:

- **It might.** The rights list that the reader had confirmed before let this badge in at that
  moment. A list is not kept: it is a function of the members, and of what the door asked for
  (`post.Post`). So of each list the latter is remembered, and which revision of the members it was
  worked out from; and of the members what they were before they changed (`state.Past`), for as
  long as some reader may have a list of then. At a way out everybody may.
- **It had to.** It was cut off: its status said so; we were away; or the badge had been sent to us
  before, and by our own record got no answer in time. A status is the broker's word (the last
  will), but may be the reader's own, too: that raises an alarm, and nothing of the reader may have
  been heard between that moment and its return.

Whatever else it says is journaled as `claimed`, raises an alarm, and moves nobody.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeVar

from immutables import Map
from msgspec import structs

from gateway.core.access.eligibility import allowed
from gateway.core.access.rules import LATE
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
"""So long a reader waits for an answer before it decides alone."""
UNNOTICED: Final = timedelta(seconds=90)
"""So long a dead connection may go unnoticed: one and a half times a keepalive of 60 s."""
NEAR: Final = timedelta(seconds=2)
"""By so much a clock that is well may be off, beside what its events tell of it."""
JUST_NOW: Final = timedelta(minutes=1)
"""A list that was replaced is remembered for so long in any case."""
AWAY_MAX: Final = 16
"""Times remembered in which one reader, or we, were away."""
LISTS_MAX: Final = 16
"""Lists remembered a reader: those that were in force while it was cut off, and the last."""
ASKED_MAX: Final = 8
"""Badges remembered a reader that it may yet tell it decided alone: it has one at a time."""
_NOTHING: Final = CutOff()


# -- what is kept


def list_confirmed(context: StepContext, event: ListConfirmed) -> None:
    """A reader has another list in force."""
    if event.device not in context.site.device or event.revision < context.past.since:
        return  # what the members were then is not known any more; another list is on its way
    known = context.cut_off.get(event.device, _NOTHING)
    confirmed = ListInForce(event.version, context.now, event.who, event.revision, event.post)
    lists = (*_still_of_use(context, known), confirmed)[-LISTS_MAX:]
    context.cut_off = context.cut_off.set(event.device, structs.replace(known, lists=lists))
    _forget(context)


def came_or_went(
    context: StepContext, event: Reported, availability: Availability, heard: datetime
) -> None:
    """A reader's status: it is gone, or back; `heard` is when it was last heard before.

    That it is there proves no absence: it says so with each list that it confirms, too.
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
    """We are away, or were."""
    begins, ends = min(event.since, context.now), event.until or NEVER
    if _goes_on(context.away):
        begins = min(begins, context.away[-1].begins)
        context.away = (*context.away[:-1], Away(begins, ends))
    else:
        context.away = _of_late(context, (*context.away, Away(begins, ends)))


def asked(context: StepContext, event: Reported, *, granted: bool, holder: HolderId | None) -> None:
    """We decide about a badge of which its reader may yet tell that it decided alone."""
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
    """Return what we decided about this event, unless that was told again already.

    The same number is not enough: a board that was erased begins with it again.
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
    """How its reader decided it is told now: if that comes again, it is a duplicate."""
    known = context.cut_off[device]
    others = tuple(one for one in known.asked if one != question)
    context.cut_off = context.cut_off.set(device, structs.replace(known, asked=others))


def members_change(context: StepContext, change: DirectoryChange) -> None:
    """Remember what the members are that a change makes others, before it does."""
    revision = context.past.revision + 1
    if any(known.lists for known in context.cut_off.values()):
        past = _remembered(context.past, revision, context.directory, change, context.now)
        context.past = _without(past, change.removed_holders)
    else:
        context.past = Past(revision, revision)


def space_changed(context: StepContext) -> None:
    """Readers that are gone have no list."""
    context.cut_off = Map(
        {
            device: known
            for device, known in context.cut_off.items()
            if device in context.site.device
        }
    )
    _forget(context)


def run_timers(context: StepContext) -> None:
    """Forget, once an hour, what is too old to be merged."""
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
    """Whether what a reader decided alone is proven.

    `unanswered` is what our record says of a badge that it had asked us about; None: it had not.
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
    """Whether a reader and we did not hear each other when it decided; both are by our clock."""
    known = context.cut_off.get(device, _NOTHING)
    return any(
        one.begins <= decided_at + NEAR and at - NEAR <= one.ends
        for one in (*known.away, *context.away)
    )


def _might(
    context: StepContext, event: Reported, reading: CredentialPresented, at: datetime
) -> bool:
    """Whether a list that was in force then, give or take the clocks, let the badge in."""
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
    """What the reader found on its list, by its own clock."""
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
    """Each list, and when it was replaced."""
    ends = [one.since for one in known.lists[1:]] + [NEVER]
    return zip(known.lists, ends, strict=True) if known.lists else iter(())


def _still_of_use(context: StepContext, known: CutOff) -> Iterator[ListInForce]:
    """Lists, when another one comes, that may have been used alone."""
    absent = (*known.away, *context.away)
    for one, ended in _with_their_ends(known):
        was_used = any(time.begins - LATE <= ended and one.since < time.ends for time in absent)
        if was_used or min(ended, context.now) > context.now - JUST_NOW:
            yield one


def _then(former: tuple[Former[T], ...], revision: int, now: T | None) -> T | None:
    """Something as it was at a revision."""
    return next((one.was for one in former if one.revision > revision), now)


def _remembered(
    past: Past, revision: int, directory: Directory, change: DirectoryChange, at: datetime
) -> Past:
    """What becomes other by a change is kept as it is."""
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
    """Nothing is remembered of who was erased."""
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
    """Forget what members were before any list of now, and what changed before a time."""
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
