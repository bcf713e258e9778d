"""The files on disk, opened read-only: the journal and the members."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import key_mark
from gateway.adapters.journal.integrity import look_through_now
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.rows import from_us, to_us
from gateway.adapters.time_sync import is_synchronised
from gateway.backup.last import LATE, last_backup
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.state import State, decode
from gateway.doctor.finding import Finding, fault, ok, part, warning
from gateway.phrase import Phrase, joined
from gateway.privacy.retention import Kept, jump_of

LOOK_BACK: Final = timedelta(days=1)
SETTLED: Final = timedelta(seconds=10)
"""A running gateway has recorded the result of an answer by then."""
SILENT: Final = timedelta(hours=24)
"""The silence that is reported, where the space file sets no shorter time."""
BUSY_S: Final = 2.0
LOOK_S: Final = 60.0
"""For the whole journal: 1 GB takes 4 s from memory, and a minute from a memory card."""
_WAL: Final = b"\x02\x02"
"""Bytes 18 and 19 of a database in WAL mode (SQLite's file format, 1.3)."""
_SHOWN: Final = 8
"""Devices named in a sentence."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection that leaves no trace, not even beside the file.

    A reader of a WAL file creates -wal and -shm where they are missing; so without them (the file
    is not in use) SQLite opens the file as immutable.
    """
    alone = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    address = f"{file.absolute().as_uri()}?mode=ro{alone}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as connection:
        yield connection


def journal(folder: Path, sites: Sequence[Site], now: datetime) -> Iterator[Finding]:
    """Yield findings on the journal's rows, its dead letters, and the devices' silence."""
    file = folder / JOURNAL_FILE
    if not file.is_file():
        do = Phrase("the first `seuil run` makes it; else check SEUIL_DATA_DIR")
        yield warning(Phrase("journal"), Phrase("there is no %(file)s yet"), do, file=file)
        return
    try:
        with opened(file) as db:
            yield _rows(db, file, now)
            yield _dead_letters(db, now)
            yield _pending(db, now)
            for site in sites:
                yield _devices(site, _last_heard(db, site.id), now)
    except (sqlite3.Error, OSError) as wrong:
        do = Phrase("may this user read it? else: sqlite3 %(file)s 'pragma integrity_check'")
        yield fault(
            Phrase("journal"),
            Phrase("%(file)s cannot be read: %(wrong)s"),
            do,
            file=file,
            wrong=wrong,
        )


def pages(folder: Path) -> Iterator[Finding]:
    """Check every page of the journal: this takes some seconds, so only the command does it."""
    file = folder / JOURNAL_FILE
    if not file.is_file():
        return
    found = look_through_now(file, LOOK_S)
    if found is None:
        do = Phrase("the gateway looks through it each night, and raises an alarm")
        said = Phrase("%(file)s could not be looked through (in %(age)s at most)")
        yield warning(Phrase("journal pages"), said, do, file=file, age=timedelta(seconds=LOOK_S))
    elif found:
        do = Phrase(
            "stop the gateway, keep a copy of the folder, and restore the journal from a backup"
        )
        yield fault(
            Phrase("journal pages"),
            Phrase("%(file)s is damaged: %(wrong)s"),
            do,
            file=file,
            wrong=found,
        )
    else:
        yield ok(Phrase("journal pages"), Phrase("every page of %(file)s can be read"), file=file)


def backup(folder: Path, now: datetime) -> Finding:
    """Return the age of the last backup."""
    check, do = Phrase("backup"), Phrase("seuil backup, each night (docs/backup.md)")
    last = last_backup(folder)
    if last is None:
        return warning(check, Phrase("none was made yet"), do)
    age = max(now - last.at, timedelta())
    found, about = Phrase("the last one is %(age)s old: %(file)s"), {"age": age, "file": last.file}
    if age > LATE:
        return warning(check, found, do, **about)
    return ok(check, found, **about)


def retention(folder: Path, sites: Sequence[Site], kept: Kept, now: datetime) -> Iterator[Finding]:
    """Report a purge that waits for a trustworthy clock."""
    file = folder / JOURNAL_FILE
    if not file.is_file():
        return
    try:
        with opened(file) as db:
            jump = jump_of(db, [site.id for site in sites], kept, now)
    except (sqlite3.Error, OSError):
        return  # already reported
    if jump is None or is_synchronised():
        return
    found = Phrase("%(days)s days of passages would be deleted at once, if the clock is right")
    do = Phrase(
        "is it? the purge waits until it is synchronised, or for: seuil privacy confirm-clock"
    )
    yield warning(Phrase("passages"), found, do, days=jump.days)


def members(folder: Path, key: bytes | None) -> Finding:
    """Return the number of members, and whether their badges were hashed with our key."""
    file = folder / MEMBERS_FILE
    if not file.is_file():
        do = Phrase(
            "seuil members import members.csv --space space.toml; without, no badge is known"
        )
        return warning(Phrase("members"), Phrase("there is no %(file)s yet"), do, file=file)
    try:
        with opened(file) as db:
            ((holders,),) = db.execute("SELECT count(*) FROM holder")
            ((badges,),) = db.execute("SELECT count(*) FROM credential")
            mark = db.execute("SELECT value FROM about WHERE word = 'key_mark'").fetchone()
    except sqlite3.Error as wrong:
        do = Phrase(
            "may this user read it? else restore it from a backup, or import the members again"
        )
        return fault(
            Phrase("members"),
            Phrase("%(file)s cannot be read: %(wrong)s"),
            do,
            file=file,
            wrong=wrong,
        )
    counts = {"holders": holders, "badges": badges}
    if badges and (key is None or (mark is not None and mark[0] != key_mark(key))):
        do = Phrase(
            "restore the key that they were imported with, or remove the file and import again"
        )
        found = Phrase(
            "%(holders)s members, %(badges)s badges, "
            "hashed with another credential key: all unknown"
        )
        return fault(Phrase("members"), found, do, **counts)
    if not badges:
        do = Phrase("seuil members import members.csv --space space.toml")
        return warning(
            Phrase("members"), Phrase("%(holders)s members, %(badges)s badges"), do, **counts
        )
    found = Phrase("%(holders)s members, %(badges)s badges; the credential key fits")
    return ok(Phrase("members"), found, **counts)


def _rows(db: sqlite3.Connection, file: Path, now: datetime) -> Finding:
    (last,) = db.execute("SELECT max(n) FROM journal").fetchone()
    with file.open("rb") as opened_file:
        wal = opened_file.read(20)[18:] == _WAL
    if not wal:
        do = Phrase("a copy? the gateway itself switches it on; see that nothing else writes there")
        return warning(Phrase("journal"), Phrase("%(file)s is not in WAL mode"), do, file=file)
    if last is None:
        return ok(Phrase("journal"), Phrase("%(file)s is empty, WAL"), file=file)
    (received,) = db.execute("SELECT received FROM journal WHERE n = ?", (last,)).fetchone()
    age = now - from_us(received)
    if age < timedelta(seconds=-1):
        do = Phrase("set the clock: the gateway's time stands still until then, so no timer ends")
        return fault(
            Phrase("journal"), Phrase("its last row is %(age)s ahead of the clock"), do, age=-age
        )
    found = Phrase("%(last)s rows, the last one %(age)s old; WAL; %(file)s")
    return ok(Phrase("journal"), found, last=last, age=age, file=file)


def _dead_letters(db: sqlite3.Connection, now: datetime) -> Finding:
    since = to_us(now - LOOK_BACK)
    reasons = db.execute(
        "SELECT source, reason, count(*), max(id) FROM dead_letter WHERE received >= ? "
        "GROUP BY source, reason ORDER BY 3 DESC",
        (since,),
    ).fetchall()
    if not reasons:
        return ok(Phrase("dead letters"), Phrase("none in the last day"))
    said = ", ".join(f"{count} {reason} ({source})" for source, reason, count, _ in reasons)
    newest = max(last for *_, last in reasons)
    topic, detail = db.execute(
        "SELECT topic, detail FROM dead_letter WHERE id = ?", (newest,)
    ).fetchone()
    do = Phrase("the newest is from %(topic)s: %(detail)s")
    return warning(
        Phrase("dead letters"),
        Phrase("in the last day: %(said)s"),
        do,
        said=said,
        topic=topic,
        detail=detail,
    )


def _pending(db: sqlite3.Connection, now: datetime) -> Finding:
    """Return the finding on answers that the broker should have accepted long ago."""
    (waiting,) = db.execute(
        "SELECT count(*) FROM decision WHERE handover = 'pending' AND expires < ?",
        (to_us(now - SETTLED),),
    ).fetchone()
    if not waiting:
        return ok(Phrase("answers"), Phrase("none waits to be handed over"))
    do = Phrase("the gateway ended while it answered: its next start records them as undelivered")
    found = Phrase("%(waiting)s expired before the broker took them over")
    return warning(Phrase("answers"), found, do, waiting=waiting)


def _last_heard(db: sqlite3.Connection, site: SiteId) -> dict[DeviceId, datetime]:
    """Return the time of each device's last message, from the snapshot and the later rows."""
    heard: dict[DeviceId, datetime] = {}
    found = db.execute(
        "SELECT n, state FROM snapshot WHERE site = ? ORDER BY n DESC LIMIT 1", (site,)
    ).fetchone()
    n, blob = found or (0, None)
    if blob is not None:
        heard = {device: each.last_seen for device, each in decode(blob, State).devices.items()}
    tail = db.execute(  # a retained message is no sign of life
        "SELECT device, max(received) FROM journal WHERE n > ? AND site = ? "
        "AND device IS NOT NULL AND coalesce(event ->> 'retained', 0) = 0 GROUP BY device",
        (n, site),
    )
    return heard | {DeviceId(device): from_us(received) for device, received in tail}


def _devices(site: Site, heard: dict[DeviceId, datetime], now: datetime) -> Finding:
    check, count = Phrase("devices of %(site)s"), len(site.devices)
    never = tuple(device.id for device in site.devices if device.id not in heard)
    silent = tuple(
        part(Phrase("%(device)s (%(age)s)"), device=device.id, age=now - heard[device.id])
        for device in site.devices
        if device.id in heard and now - heard[device.id] >= _patience(device.silent_after_s)
    )
    said = [part(Phrase("%(n)s never heard: %(names)s"), n=len(never), names=_some(never))]
    said += [part(Phrase("%(n)s silent: %(names)s"), n=len(silent), names=_some(silent))]
    said = [each for each in said if each.values["n"]]
    if not said:
        found = Phrase("all %(count)s were heard within their time")
        return ok(check, found, site=site.id, count=count)
    do = Phrase(
        "is it powered, on the network, with this broker's address, its own password and topic?"
    )
    return warning(
        check,
        Phrase("of %(count)s, %(said)s"),
        do,
        site=site.id,
        count=count,
        said=joined(said, "; "),
    )


def _patience(silent_after_s: float | None) -> timedelta:
    return SILENT if silent_after_s is None else timedelta(seconds=silent_after_s)


def _some(names: Sequence[str]) -> Phrase:
    if len(names) <= _SHOWN:
        return joined(names)
    return Phrase("%(names)s and %(n)s more", names=joined(names[:_SHOWN]), n=len(names) - _SHOWN)
