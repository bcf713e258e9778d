"""A rights list as a native reader gets it: a head and pages, each a retained message.

A page has at most 4 KiB, as every message of ours: what a microcontroller can take. Its keys stand
in groups that may enter at the same times, and nearly everybody is in one of a few. Pages leave
first and the head last: a reader takes a list in force when it has the head and every page of the
head's version, and lives with the old one until then.

Memory: a reader keeps 8 bytes a key, so 5,000 members are 40 kB of flash, in 26 pages of the wire.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from gateway.core.access.offline_rights import RightsList, Standing
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.open_intervals import MINUTE, Spans, Window
from gateway.wire.message import PAYLOAD_LIMIT, Outgoing, encode
from gateway.wire.offline_rights import RightsGroup, RightsMessage, RightsPage
from gateway.wire.topics import Topics

KEYS_MAX: Final = 10_000
"""Keys of a list; twice what one site has. A list that would be longer lets nobody in."""
KEY_DIGITS: Final = 16
"""64 bits: that two of 10,000 badges agree in them happens once in 10^11 sites."""
SPANS_MAX: Final = 64
"""Times of a group; a plan that opens more often has the first of them."""
_PAGE_BYTES: Final = 64
"""What a page takes beside its groups: version and number."""
_GROUP_BYTES: Final = 24
"""What a group takes beside its times and keys."""
_KEY_BYTES: Final = KEY_DIGITS + 3

_Minutes = tuple[tuple[int, int], ...]


class Posted(Struct, frozen=True):
    """A list as messages, in the order in which they leave; `missing` have no readers' hash yet."""

    head: RightsMessage
    standing: Standing
    pages: tuple[Outgoing, ...]
    last: Outgoing
    """The head."""
    missing: int


def posted(
    topics: Topics,
    site: SiteId,
    device: DeviceId,
    rights: RightsList,
    unlock_s: float | None,
) -> Posted:
    """A list, written down for a native reader."""
    hashes = [entry.credential.reader_hash for entry in rights.entries]
    standing, groups = rights.standing, _groups(rights)
    if sum(len(group.keys) for group in groups) > KEYS_MAX:
        standing, groups = Standing("nobody", "too-many"), []
    who, frame = standing.who, rights.frame
    said = (who, frame, unlock_s, groups)
    version = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:KEY_DIGITS]
    pages = [RightsPage(version, n, tuple(page)) for n, page in enumerate(_paged(groups))]
    head = RightsMessage(
        version=version,
        who=who,
        begins=frame.begins,
        expires=frame.expires,
        pages=len(pages),
        keys=sum(len(group.keys) for group in groups),
        unlock_s=unlock_s,
    )
    return Posted(
        head,
        standing,
        pages=tuple(
            _retained(topics.rights_page(site, device, page.page), encode(page)) for page in pages
        ),
        last=_retained(topics.rights(site, device), encode(head)),
        missing=hashes.count(None),
    )


def cleared(topics: Topics, site: SiteId, device: DeviceId, pages: range) -> list[Outgoing]:
    """Return messages that clear the pages that the broker retains of a longer list."""
    return [_retained(topics.rights_page(site, device, page), b"") for page in pages]


def forgotten(topics: Topics, site: SiteId, device: DeviceId, pages: int) -> list[Outgoing]:
    """Return messages that clear the whole list of a reader that was removed."""
    head = _retained(topics.rights(site, device), b"")
    return [head, *cleared(topics, site, device, range(pages))]


def _groups(rights: RightsList) -> list[RightsGroup]:
    """Keys by the times at which they may enter; equal lists have equal groups in equal order."""
    by_spans: dict[Spans, list[str]] = {}
    for entry in rights.entries:
        if entry.credential.reader_hash is not None:
            by_spans.setdefault(entry.spans, []).append(entry.credential.reader_hash[:KEY_DIGITS])
    by_minutes: dict[_Minutes, list[str]] = {}
    for spans, keys in by_spans.items():
        by_minutes.setdefault(_minutes(spans, rights.frame), []).extend(keys)
    return [
        RightsGroup(minutes, tuple(sorted(keys)))
        for minutes, keys in sorted(by_minutes.items())
        if minutes
    ]


def _minutes(spans: Spans, frame: Window) -> _Minutes:
    """Spans as whole minutes of the frame, never wider than they are."""
    minutes = (
        (-((frame.begins - since) // MINUTE), (until - frame.begins) // MINUTE)
        for since, until in spans
    )
    return tuple(each for each in minutes if each[0] < each[1])[:SPANS_MAX]


def _paged(groups: list[RightsGroup]) -> Iterator[list[RightsGroup]]:
    """The groups, cut where a page is full."""
    page: list[RightsGroup] = []
    left = PAYLOAD_LIMIT - _PAGE_BYTES
    for group in groups:
        keys, around = group.keys, _GROUP_BYTES + len(msgspec.json.encode(group.open))
        while keys:
            fit = (left - around) // _KEY_BYTES
            if fit < 1:
                yield page
                page, left = [], PAYLOAD_LIMIT - _PAGE_BYTES
                continue
            page.append(RightsGroup(group.open, keys[:fit]))
            left -= around + _KEY_BYTES * len(keys[:fit])
            keys = keys[fit:]
    if page:
        yield page


def _retained(topic: str, payload: bytes) -> Outgoing:
    return Outgoing(topic, payload, qos=1, retain=True)
