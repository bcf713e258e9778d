"""The files on disk, opened for reading only: the journal and the members."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import key_mark
from gateway.adapters.journal import JOURNAL_FILE
from gateway.adapters.journal_rows import from_us, to_us
from gateway.core.names import DeviceId, SiteId
from gateway.core.site import Site
from gateway.core.state import State, decode
from gateway.doctor.finding import Finding, fault, ok, spoken, warning

LOOK_BACK: Final = timedelta(days=1)
SETTLED: Final = timedelta(seconds=10)
"""A running gateway has recorded by then what became of an answer."""
SILENT: Final = timedelta(hours=24)
"""Quiet for so long is worth a look, where the space file sets no shorter time."""
BUSY_S: Final = 2.0
_WAL: Final = b"\x02\x02"
"""Bytes 18 and 19 of a database in WAL mode (SQLite's file format, 1.3)."""
_SHOWN: Final = 8
"""Devices named in a sentence."""


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that leaves no trace, not even beside the file.

    A reader of a WAL file makes -wal and -shm where there are none, so without them (nobody has the
    file open) SQLite is told that it does not change.
    """
    alone = "" if file.with_name(f"{file.name}-wal").exists() else "&immutable=1"
    address = f"{file.absolute().as_uri()}?mode=ro{alone}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as connection:
        yield connection


def journal(folder: Path, sites: Sequence[Site], now: datetime) -> Iterator[Finding]:
    """What the gateway wrote, what it could not read, which devices it heard."""
    file = folder / JOURNAL_FILE
    if not file.is_file():
        found = f"there is no {file} yet"
        yield warning("journal", found, "the first `seuil run` makes it; else check SEUIL_DATA_DIR")
        return
    try:
        with opened(file) as db:
            yield _rows(db, file, now)
            yield _dead_letters(db, now)
            yield _pending(db, now)
            for site in sites:
                yield _devices(site, _last_heard(db, site.id), now)
    except (sqlite3.Error, OSError) as wrong:
        do = f"may this user read it? else: sqlite3 {file} 'pragma integrity_check'"
        yield fault("journal", f"{file} cannot be read: {wrong}", do)


def members(folder: Path, key: bytes | None) -> Finding:
    """How many are enrolled, and whether their badges were hashed with our key."""
    file = folder / MEMBERS_FILE
    if not file.is_file():
        do = "seuil members import members.csv --space space.toml; without, no badge is known"
        return warning("members", f"there is no {file} yet", do)
    try:
        with opened(file) as db:
            ((holders,),) = db.execute("SELECT count(*) FROM holder")
            ((badges,),) = db.execute("SELECT count(*) FROM credential")
            mark = db.execute("SELECT value FROM about WHERE word = 'key_mark'").fetchone()
    except sqlite3.Error as wrong:
        do = "may this user read it? else restore it from a backup, or import the members again"
        return fault("members", f"{file} cannot be read: {wrong}", do)
    said = f"{holders} members, {badges} badges"
    if badges and (key is None or (mark is not None and mark[0] != key_mark(key))):
        do = "restore the key that they were imported with, or remove the file and import again"
        return fault("members", f"{said}, hashed with another credential key: all unknown", do)
    if not badges:
        return warning("members", said, "seuil members import members.csv --space space.toml")
    return ok("members", f"{said}; the credential key fits")


def _rows(db: sqlite3.Connection, file: Path, now: datetime) -> Finding:
    (last,) = db.execute("SELECT max(n) FROM journal").fetchone()
    with file.open("rb") as opened_file:
        wal = opened_file.read(20)[18:] == _WAL
    if not wal:
        do = "a copy? the gateway itself switches it on; see that nothing else writes there"
        return warning("journal", f"{file} is not in WAL mode", do)
    if last is None:
        return ok("journal", f"{file} is empty, WAL")
    (received,) = db.execute("SELECT received FROM journal WHERE n = ?", (last,)).fetchone()
    age = now - from_us(received)
    if age < timedelta(seconds=-1):
        do = "set the clock: the gateway's time stands still until then, so no timer ends"
        return fault("journal", f"its last row is {spoken(-age)} ahead of the clock", do)
    return ok("journal", f"{last} rows, the last one {spoken(age)} old; WAL; {file}")


def _dead_letters(db: sqlite3.Connection, now: datetime) -> Finding:
    since = to_us(now - LOOK_BACK)
    reasons = db.execute(
        "SELECT source, reason, count(*), max(id) FROM dead_letter WHERE received >= ? "
        "GROUP BY source, reason ORDER BY 3 DESC",
        (since,),
    ).fetchall()
    if not reasons:
        return ok("dead letters", "none in the last day")
    said = ", ".join(f"{count} {reason} ({source})" for source, reason, count, _ in reasons)
    newest = max(last for *_, last in reasons)
    topic, detail = db.execute(
        "SELECT topic, detail FROM dead_letter WHERE id = ?", (newest,)
    ).fetchone()
    do = f"the newest is from {topic}: {detail}"
    return warning("dead letters", f"in the last day: {said}", do)


def _pending(db: sqlite3.Connection, now: datetime) -> Finding:
    """Answers that the broker should have taken over long ago."""
    (waiting,) = db.execute(
        "SELECT count(*) FROM decision WHERE handover = 'pending' AND expires < ?",
        (to_us(now - SETTLED),),
    ).fetchone()
    if not waiting:
        return ok("answers", "none waits to be handed over")
    do = "the gateway ended while it answered: its next start records them as undelivered"
    return warning("answers", f"{waiting} expired before the broker took them over", do)


def _last_heard(db: sqlite3.Connection, site: SiteId) -> dict[DeviceId, datetime]:
    """When each device was last heard: the newest snapshot's word, and the rows after it."""
    heard: dict[DeviceId, datetime] = {}
    found = db.execute(
        "SELECT n, state FROM snapshot WHERE site = ? ORDER BY n DESC LIMIT 1", (site,)
    ).fetchone()
    n, blob = found or (0, None)
    if blob is not None:
        heard = {device: each.last_seen for device, each in decode(blob, State).devices.items()}
    tail = db.execute(  # what the broker kept (retained) is no sign of life
        "SELECT device, max(received) FROM journal WHERE n > ? AND site = ? "
        "AND device IS NOT NULL AND coalesce(event ->> 'retained', 0) = 0 GROUP BY device",
        (n, site),
    )
    return heard | {DeviceId(device): from_us(received) for device, received in tail}


def _devices(site: Site, heard: dict[DeviceId, datetime], now: datetime) -> Finding:
    check = f"devices of {site.id}"
    never = [device.id for device in site.devices if device.id not in heard]
    silent = [
        f"{device.id} ({spoken(now - heard[device.id])})"
        for device in site.devices
        if device.id in heard and now - heard[device.id] >= _patience(device.silent_after_s)
    ]
    said = [f"{len(never)} never heard: {_some(never)}"] if never else []
    said += [f"{len(silent)} silent: {_some(silent)}"] if silent else []
    if not said:
        return ok(check, f"all {len(site.devices)} were heard within their time")
    do = "is it powered, on the network, with this broker's address, its own password and topic?"
    return warning(check, f"of {len(site.devices)}, {'; '.join(said)}", do)


def _patience(silent_after_s: float | None) -> timedelta:
    return SILENT if silent_after_s is None else timedelta(seconds=silent_after_s)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
