"""Event numbering by (`boot`, `seq`): duplicates, gaps, and what may be acknowledged.

A device numbers its events 1, 2, 3 … from each start (`boot`) and keeps them until the gateway's
ack. The network may lose, repeat and reorder them. We store the highest number seen and the gaps
below it: an event is a duplicate exactly if it is neither above that number nor in a gap. So a late
event is accepted whenever it comes, and none is accepted twice.

A board that is erased or replaced starts at an old number again. By its numbers alone it cannot be
distinguished from a copy, so its first event must be fresh and newer than all others of the device:
then a new *generation* of boots begins. An event is identified by device, generation, boot and
number.

The ack is cumulative ("all up to seq are on disk"), so a gap holds it back. Not forever: a device
that lost events would then keep everything. After `GAP_WAIT` the gap is given up for the ack, but
an event in it is still accepted if it comes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import structs

from gateway.core.state import Boot, DeviceState, Gap

GAP_WAIT = timedelta(seconds=30)
"""The time for which a gap holds back the ack: several of a reader's re-send intervals (5 s)."""
GAPS_MAX = 64
"""Gaps stored per boot. A device that makes more within `GAP_WAIT` is broken or under attack."""
BOOTS_MAX = 4
"""Boots stored per device: an offline reader may restart a few times before it can re-send."""
MISSING_MAX = 2**53
"""Missing events counted per device: InfluxDB and snapshots end at 2**63; broken ones may not."""
FRESH = timedelta(seconds=5)
"""The largest error of a board's first event's time at which its numbering may restart."""
FINGERPRINTS_MAX = 16
"""Unnumbered messages stored per device: a broker redelivers only those in flight."""


class NotAdmitted(Exception):  # noqa: N818 - what happened, as all names here
    """The event cannot be distinguished from a duplicate; it is not acknowledged to the device."""


class OldBoot(NotAdmitted):
    """The event's boot is older than all that are stored."""


class Admitted(NamedTuple):
    """A device with an event taken in, the gap that it revealed, and its generation.

    `restarted`: the event is the first one of that generation.
    """

    device: DeviceState
    gap: Gap | None
    generation: int
    restarted: bool = False


def admit(
    device: DeviceState, boot: int, seq: int, now: datetime, at: datetime | None = None
) -> Admitted | None:
    """Take in (`boot`, `seq`), an event of time `at`; return None for a duplicate.

    The numbers below the very first event of a device are a gap like any other: its first events
    may have been sent before we subscribed, and come again.

    A number that was seen, or a boot older than all that are stored, is from a board whose
    numbering restarted if the event is fresh and newer than all of the device's, which no copy is.
    Copies of the former numbering are recognised by their time.

    Raises:
        NotAdmitted: the boot is older than all that are stored, or there are too many gaps.
    """
    if at is not None and device.renumbered is not None and at < device.renumbered:
        try:
            return _of_the_former(device, boot, seq, now)
        except OldBoot:
            pass  # from a board whose clock is behind: unknown to the former numbering
    newest = _newest(device, at)
    try:
        admitted = _admit(device, boot, seq, now, newest)
    except OldBoot:
        if not _begins_anew(device, at, now):
            raise
        admitted = None
    if admitted is not None:
        state, gap = admitted
        return Admitted(state, gap, device.generation)
    if not _begins_anew(device, at, now):
        return None
    anew = structs.replace(
        device,
        boots=(),
        former=device.boots,
        renumbered=at,
        generation=device.generation + 1,
    )
    state, gap = _above(anew, Boot(boot=boot, high=0), seq, now, newest)
    return Admitted(state, gap, anew.generation, restarted=True)


def reset(device: DeviceState, now: datetime) -> DeviceState:
    """Begin a new generation with the next event: the board was erased or replaced.

    A time ahead of ours, forged or from a wrong clock, blocks no event from now on.
    """
    newest = None if device.newest is None else min(device.newest, now)
    return structs.replace(
        device,
        boots=(),
        former=device.boots,
        newest=newest,
        renumbered=None if newest is None else newest + timedelta(microseconds=1),
        generation=device.generation + 1,
        fingerprints=(),
    )


def _begins_anew(device: DeviceState, at: datetime | None, now: datetime) -> bool:
    return (
        at is not None
        and device.newest is not None
        and at > device.newest
        and abs(at - now) <= FRESH
    )


def _newest(device: DeviceState, at: datetime | None) -> datetime | None:
    """Return the newest of the device's own times, however far ahead: no copy may look newer."""
    if at is None or (device.newest is not None and at <= device.newest):
        return device.newest
    return at


def _of_the_former(device: DeviceState, boot: int, seq: int, now: datetime) -> Admitted | None:
    """Admit an event of the generation before: it was stored somewhere, or is a repeat."""
    before = structs.replace(device, boots=device.former)
    admitted = _admit(before, boot, seq, now, device.newest)
    if admitted is None:
        return None
    state, _gap = admitted  # its missing events will not come any more
    former = structs.replace(state, boots=device.boots, former=state.boots)
    return Admitted(former, None, device.generation - 1)


def _admit(
    device: DeviceState, boot: int, seq: int, now: datetime, newest: datetime | None
) -> tuple[DeviceState, Gap | None] | None:
    known = next((entry for entry in device.boots if entry.boot == boot), None)
    if known is None:
        if len(device.boots) == BOOTS_MAX and boot < device.boots[0].boot:
            raise OldBoot(f"boot {boot} is older than the last {BOOTS_MAX}")
        known = Boot(boot=boot, high=0)
    if seq > known.high:
        return _above(device, known, seq, now, newest)
    hole = next((gap for gap in known.gaps if gap.first <= seq <= gap.last), None)
    if hole is None:
        return None
    rest = tuple(
        part for gap in known.gaps for part in (_without(gap, seq) if gap is hole else (gap,))
    )
    if len(rest) > GAPS_MAX:
        raise NotAdmitted(f"more than {GAPS_MAX} gaps in boot {boot}")
    filled = _with(device, structs.replace(known, gaps=rest), newest)
    return structs.replace(filled, missing=device.missing - 1), None


def admit_unnumbered(
    device: DeviceState, fingerprint: int, *, redelivered: bool
) -> DeviceState | None:
    """Return the device with an unnumbered message; None if it is the broker's redelivery."""
    if redelivered and fingerprint in device.fingerprints:
        return None
    if not fingerprint:
        return device
    recent = (*device.fingerprints, fingerprint)[-FINGERPRINTS_MAX:]
    return structs.replace(device, fingerprints=recent)


def acknowledged(
    device: DeviceState, boot: int, now: datetime, *, is_patient: bool = False
) -> int | None:
    """Return the highest seq to which the device may forget this boot's events; None: unknown.

    `is_patient`: further messages of the device wait to be read, and may fill its gaps: none is
    given up.
    """
    boots = (*device.boots, *device.former)
    known = next((entry for entry in boots if entry.boot == boot), None)
    if known is None:
        return None
    waited_for = (gap.first - 1 for gap in known.gaps if is_patient or now - gap.noticed < GAP_WAIT)
    return next(waited_for, known.high)


def _above(
    device: DeviceState, known: Boot, seq: int, now: datetime, newest: datetime | None
) -> tuple[DeviceState, Gap | None]:
    """Admit a `seq` that is the highest; the numbers between are missing."""
    skipped = seq - known.high - 1
    if not skipped:
        return _with(device, structs.replace(known, high=seq), newest), None
    gap = Gap(first=known.high + 1, last=seq - 1, noticed=now)
    gaps = (*_with_room(known, now), gap)
    widened = _with(device, Boot(boot=known.boot, high=seq, gaps=gaps), newest)
    missing = min(device.missing + skipped, MISSING_MAX)
    return structs.replace(widened, missing=missing), gap


def _with_room(known: Boot, now: datetime) -> tuple[Gap, ...]:
    """Return the boot's gaps with room for one more: at the limit the oldest one given up goes."""
    if len(known.gaps) < GAPS_MAX:
        return known.gaps
    if now - known.gaps[0].noticed < GAP_WAIT:
        raise NotAdmitted(f"more than {GAPS_MAX} gaps in boot {known.boot}")
    return known.gaps[1:]


def _without(gap: Gap, seq: int) -> Iterator[Gap]:
    """Yield the rest of a gap when `seq` of it has come."""
    if gap.first < seq:
        yield structs.replace(gap, last=seq - 1)
    if seq < gap.last:
        yield structs.replace(gap, first=seq + 1)


def _with(device: DeviceState, entry: Boot, newest: datetime | None) -> DeviceState:
    """Return the device with this boot's numbering, the oldest boots forgotten."""
    if device.boots and device.boots[-1].boot == entry.boot:  # the usual case
        return structs.replace(device, boots=(*device.boots[:-1], entry), newest=newest)
    others = [known for known in device.boots if known.boot != entry.boot]
    boots = sorted((*others, entry), key=lambda known: known.boot)[-BOOTS_MAX:]
    return structs.replace(device, boots=tuple(boots), newest=newest)
