"""Erases a holder from the journal: their pseudonym, and the hashes of their badges and PINs.

Each word is overwritten with a random word of the same length, which is deleted at the end: even
with the key and the member's reference, or their badge, nothing can be found. A word is replaced by
the same word everywhere, so that a replay still gives the stored results and counts stay right. The
replacements are on disk (table `erasure`) before the first word is overwritten, so a killed gateway
continues where it stopped.
"""

import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.events import DirectoryChanged, Event
from gateway.core.model.directory import Credential, Directory, HolderId
from gateway.core.state import decode

LOOKED_AT: Final = 5000
"""Rows searched at a time; only those that contain a word are written."""
WRITTEN: Final = 50
"""Rows written in one transaction."""
_EVENT = msgspec.json.Decoder(Event)
_DIGITS = "ghijkmnpqrstuvwxyz23456789"
"""Letters that no hash or pseudonym contains, so that a replacement is recognised as one."""


class Erasure(Struct, frozen=True):
    """An erasure: the words and their replacements, and the row up to which it is done."""

    holder: HolderId
    words: Mapping[str, str]
    reached: int


def known(db: sqlite3.Connection, holder: HolderId) -> Erasure | None:
    """Return the erasure of this holder if it has begun."""
    rows = db.execute(_KNOWN, (holder,)).fetchall()
    words = {word: nobody for word, nobody, _ in rows}
    return Erasure(holder, words, min(n for *_, n in rows)) if rows else None


def words_of(db: sqlite3.Connection, holder: HolderId) -> set[str]:
    """Return the holder's pseudonym and every hash of theirs that the journal contains."""
    found = {str(holder)}
    for credential in _credentials(db, holder):
        if credential.holder == holder:
            hashes = (
                credential.hash,
                credential.pin,
                credential.duress_pin,
                credential.reader_hash,
            )
            found |= {word for word in hashes if word}
    return found


def begin(db: sqlite3.Connection, holder: HolderId, words: set[str]) -> None:
    """Draw and store each word's replacement; words that have one keep it."""
    rows = [(holder, word, _nobody(word)) for word in sorted(words)]
    db.executemany(_BEGIN, rows)


def rows_with(db: sqlite3.Connection, erasure: Erasure, until: int) -> list[int]:
    """Return the rows after `reached` up to `until` that contain a word and must be written."""
    pattern = _pattern(erasure)
    return [
        n
        for n, event, facts in db.execute(_ROWS, (erasure.reached, until))
        if pattern.search(event) or pattern.search(facts)
    ]


def write_rows(db: sqlite3.Connection, erasure: Erasure, rows: list[int]) -> None:
    """Overwrite the words in these rows and in their decisions."""
    numbers = msgspec.json.encode(rows).decode()
    found = db.execute(_THESE, (numbers,)).fetchall()
    changed = [(_written(event, erasure), _written(facts, erasure), n) for n, event, facts in found]
    db.executemany("UPDATE journal SET event = ?, facts = ? WHERE n = ?", changed)
    nobody = erasure.words[erasure.holder]
    db.execute(_DECISIONS, (nobody, erasure.holder, numbers))


def reach(db: sqlite3.Connection, holder: HolderId, n: int) -> None:
    """Record that the rows up to `n` are done."""
    db.execute("UPDATE erasure SET reached = ? WHERE holder = ?", (n, holder))


def snapshots(db: sqlite3.Connection) -> list[tuple[str, int, str]]:
    """Return every snapshot: its table, row and site."""
    return [
        (table, n, site)
        for table in _BLOBS
        for n, site in db.execute(f"SELECT n, site FROM {table}")  # noqa: S608 - our own words
    ]


def write_snapshot(db: sqlite3.Connection, erasure: Erasure, table: str, n: int, site: str) -> None:
    """Overwrite the words in one snapshot; equal lengths keep its msgpack valid."""
    read, write = _BLOBS[table]
    found = db.execute(read, (n, site)).fetchone()
    before: bytes = found[0] if found else b""
    after = before
    for word, nobody in erasure.words.items():
        after = after.replace(word.encode(), nobody.encode())
    if after != before:
        db.execute(write, (after, n, site))


def end(db: sqlite3.Connection, holder: HolderId) -> None:
    """Delete the replacements, so that they can no longer be linked to the holder."""
    db.execute("DELETE FROM erasure WHERE holder = ?", (holder,))


def _credentials(db: sqlite3.Connection, holder: HolderId) -> Iterator[Credential]:
    for (event,) in db.execute(_DIRECTORIES, (holder,)):
        told = _EVENT.decode(event)
        if isinstance(told, DirectoryChanged):
            yield from told.change.credentials
    for (blob,) in db.execute("SELECT directory FROM directory_snapshot"):
        if holder.encode() in blob:
            yield from decode(blob, Directory).credentials.values()


def _nobody(word: str) -> str:
    """Return a random word of the same length; a pseudonym keeps its prefix."""
    start = "h-" if word.startswith("h-") else ""
    drawn = (secrets.choice(_DIGITS) for _ in range(len(word) - len(start)))
    return start + "".join(drawn)


def _pattern(erasure: Erasure) -> re.Pattern[str]:
    return re.compile('"(' + "|".join(map(re.escape, erasure.words)) + ')"')


def _written(text: str, erasure: Erasure) -> str:
    return _pattern(erasure).sub(lambda found: f'"{erasure.words[found[1]]}"', text)


_BLOBS: Final = {
    "snapshot": (
        "SELECT state FROM snapshot WHERE n = ? AND site = ?",
        "UPDATE snapshot SET state = ? WHERE n = ? AND site = ?",
    ),
    "directory_snapshot": (
        "SELECT directory FROM directory_snapshot WHERE n = ? AND site = ?",
        "UPDATE directory_snapshot SET directory = ? WHERE n = ? AND site = ?",
    ),
}
_KNOWN = "SELECT word, nobody, reached FROM erasure WHERE holder = ?"
_BEGIN = "INSERT OR IGNORE INTO erasure (holder, word, nobody, reached) VALUES (?, ?, ?, 0)"
_ROWS = "SELECT n, event, facts FROM journal WHERE n > ? AND n <= ?"
_THESE = """
SELECT n, event, facts FROM journal WHERE n IN (SELECT value FROM json_each(?))"""
_DECISIONS = """
UPDATE decision SET holder = ? WHERE holder = ? AND n IN (SELECT value FROM json_each(?))"""
_DIRECTORIES = (
    "SELECT event FROM journal WHERE kind = 'directory' AND instr(event, '\"' || ?1 || '\"')"
)
