"""Encodes a rights list for a native reader: a head and pages, each a retained message.

A page has at most 4 KiB, like all our messages, which a microcontroller can handle. Its keys are
grouped by the times at which they may enter, and nearly everybody is in one of a few groups. Pages
are sent first and the head last: a reader applies a list when it has the head and every page of the
head's version, and uses the old one until then.

Memory: a reader stores 8 bytes per key, so 5,000 members take 40 kB of flash, sent in 26 pages.
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
"""Maximum keys of a list, twice those of one site. A longer list would admit nobody."""
KEY_DIGITS: Final = 16
"""64 bits: two of 10,000 badges have the same key at one in some 10^11 sites (n^2 / 2^65)."""
SPANS_MAX: Final = 64
"""Maximum time spans of a group; a plan with more is cut to the first ones."""
_PAGE_BYTES: Final = 64
"""Bytes of a page beside its groups: version and number."""
_GROUP_BYTES: Final = 24
"""Bytes of a group beside its times and keys."""
_KEY_BYTES: Final = KEY_DIGITS + 3

_Minutes = tuple[tuple[int, int], ...]


class Posted(Struct, frozen=True):
    """A list as messages in sending order; `missing` counts those without a readers' hash yet."""

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
    """Return a list encoded for a native reader."""
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
    """Return the messages that clear pages retained from a longer list."""
    return [_retained(topics.rights_page(site, device, page), b"") for page in pages]


def forgotten(topics: Topics, site: SiteId, device: DeviceId, pages: int) -> list[Outgoing]:
    """Return the messages that clear the whole list of a removed reader."""
    head = _retained(topics.rights(site, device), b"")
    return [head, *cleared(topics, site, device, range(pages))]


def _groups(rights: RightsList) -> list[RightsGroup]:
    """Group keys by the times at which they may enter; equal lists give equal groups and order."""
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
    """Return spans in whole minutes of the frame, rounded inwards."""
    minutes = (
        (-((frame.begins - since) // MINUTE), (until - frame.begins) // MINUTE)
        for since, until in spans
    )
    return tuple(each for each in minutes if each[0] < each[1])[:SPANS_MAX]


def _paged(groups: list[RightsGroup]) -> Iterator[list[RightsGroup]]:
    """Yield the groups of each page, split where a page is full."""
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
