"""Publishes native readers' lists as retained messages, and clears obsolete ones at the broker."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from gateway.adapters.mqtt.session import MqttSession
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.site import Site
from gateway.core.readings import WireError
from gateway.offline_rights.paging import cleared, forgotten, posted
from gateway.offline_rights.reader_list import ReaderId
from gateway.offline_rights.reader_state import Reader, unlock_s
from gateway.wire.message import Outgoing
from gateway.wire.offline_rights import RightsMessage
from gateway.wire.topics import Topics
from sensors.native import rights_in_force

PAGES_AT_ONCE: Final = 8
"""Messages published before control returns to the event loop."""

Publish = Callable[[Outgoing], bool]
"""Publishes a message; returns False while not connected."""
_read_head = msgspec.json.Decoder(RightsMessage).decode


async def post(
    reader: Reader, site: Site, topics: Topics, session: MqttSession, publish: Publish
) -> None:
    """Publish a list that the broker does not have from us yet; pages first, the head last."""
    rights = reader.rights
    assert rights is not None  # noqa: S101 - worked out just now
    if reader.list is None:
        await asyncio.sleep(0)
        reader.list = posted(topics, *reader.id, rights, unlock_s(site, reader.device))
        await asyncio.sleep(0)
    ready = reader.list
    if ready.head.version == reader.sent:
        return
    connection = session.connection
    gone = range(ready.head.pages, reader.pages)
    messages = (*ready.pages, *cleared(topics, *reader.id, gone), ready.last)
    for place, message in enumerate(messages, 1):
        if not publish(message):
            return  # not connected; all of it again when we are
        if place % PAGES_AT_ONCE == 0:
            await asyncio.sleep(0)
    reader.pages = ready.head.pages
    if connection == session.connection:  # else all of it goes again
        reader.sent = ready.head.version


def confirmed(reader: Reader, payload: bytes) -> None:
    """Record the list version in force that a reader's status confirms."""
    try:
        reader.in_force = rights_in_force(payload) if payload else None
    except WireError:
        return  # the way of the events has it in the dead letters


def kept(
    topic: str,
    payload: bytes,
    topics: Topics,
    readers: Mapping[ReaderId, Reader],
    publish: Publish,
) -> None:
    """Handle a head retained by the broker, which may have more pages than ours, or no reader."""
    try:
        head = _read_head(payload)
    except msgspec.DecodeError:
        return
    id_: ReaderId = _named(topic)
    reader = readers.get(id_)
    if reader is None or reader.line is not None:
        for message in forgotten(topics, *id_, head.pages):
            publish(message)
    elif reader.sent is None:
        reader.pages = max(reader.pages, head.pages)
    elif head.pages > reader.pages:
        for message in cleared(topics, *id_, range(reader.pages, head.pages)):
            publish(message)


def _named(topic: str) -> ReaderId:
    site, device = topic.split("/")[-3:-1]
    return SiteId(site), DeviceId(device)
