"""Computes esp-rfid readers' lists: holders, each with their current or next time span."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from gateway.core.access.offline_rights import RightsList, Standing
from gateway.core.model.directory import Credential, Directory
from gateway.core.model.open_intervals import Spans
from gateway.core.state import NEVER
from gateway.offline_rights.esp_rfid import USERS_MAX, EspRfidBus
from gateway.offline_rights.known_numbers import Numbers
from gateway.offline_rights.paging import KEY_DIGITS
from gateway.offline_rights.reader_list import ListedHolder, Wishes
from gateway.offline_rights.reader_state import Reader
from sensors.esp_rfid import EspRfidDriver


def lines_of(readers: Iterable[Reader], numbers: Numbers) -> list[EspRfidBus]:
    """Return one conversation per TOPIC, which readers may share, and set it for each reader."""
    by_topic: dict[str, list[Reader]] = {}
    for reader in readers:
        if reader.device.driver == EspRfidDriver.name:
            by_topic.setdefault(reader.device.topic, []).append(reader)
    lines = []
    for topic, sharing in by_topic.items():
        line = EspRfidBus(topic, [(reader.site, reader.device) for reader in sharing], numbers)
        lines.append(line)
        for reader in sharing:
            reader.line = line
    return lines


def wish(reader: Reader, directory: Directory, now: datetime) -> None:
    """Set the wanted entries of a reader's list."""
    if reader.line is None or reader.rights is None or now < reader.wished_until:
        return
    wishes = _wishes(reader.rights, directory, now)
    reader.standing = reader.rights.standing
    if len(wishes) > USERS_MAX:
        wishes, reader.standing = {}, Standing("nobody", "too-many")
    reader.wished_until = min((each.until for each in wishes.values()), default=NEVER)
    reader.version = _version(wishes)
    reader.line.wish(reader.id, wishes)


def _wishes(rights: RightsList, directory: Directory, now: datetime) -> Wishes:
    """Return holders with their current or next span; at an exit everybody who is known."""
    entries: Iterable[tuple[Credential, Spans]] = (
        (entry.credential, entry.spans) for entry in rights.entries
    )
    if rights.standing.who == "everybody":
        always = ((rights.frame.begins, rights.frame.expires),)
        entries = ((credential, always) for credential in directory.credentials.values())
    found = {}
    for credential, spans in entries:
        span = next((span for span in spans if span[1] > now), None)
        if span is not None:
            found[credential.hash] = ListedHolder(credential.holder, *span)
    return dict(sorted(found.items()))


def _version(wishes: Wishes) -> str:
    """Return a version that identifies a list's content."""
    said = [(hashed, each.since, each.until) for hashed, each in wishes.items()]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:KEY_DIGITS]
