"""Decodes a broker's message to engine events, hashes badge numbers, and explains failures.

After this step no part sees a badge number: the engine and the journal get its keyed hash.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, structs
from paho.mqtt.client import MQTTMessage

from gateway.adapters.journal.rows import DeadLetter, masked
from gateway.core import device_limits
from gateway.core.access.late_events import LATE
from gateway.core.events import Misunderstood, Reported, Requested
from gateway.core.model.directory import CredentialHash, pin_text
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import CredentialPresented, MessageOrigin, Reading, Report, WireError
from gateway.wire.message import PAYLOAD_LIMIT
from gateway.wire.requests import RequestOrigin, read_request
from sensors.badges import is_badge
from sensors.registry import Registry

TOPIC_KEPT = 256
"""Characters of a topic that a dead letter keeps; MQTT allows 65,535 bytes."""
_FINGERPRINT_DIGITS: Final = 12
"""Hex digits of a hash: 48 bits, so that every reader of JSON keeps them exactly."""


def _no(_site: SiteId, _device: DeviceId) -> bool:
    """Return False: no reader enrols."""
    return False


def _origin(report: Report) -> tuple[SiteId, DeviceId]:
    return report.site, report.device


class SiteEvent(Struct, frozen=True):
    """An event, and the site to whose engine it belongs."""

    site: SiteId
    event: Reported | Misunderstood | Requested


class Intake:
    """Turns messages into events with the drivers of one registry."""

    def __init__(
        self,
        registry: Registry,
        hashed: Callable[[str], CredentialHash],
        for_readers: Callable[[str], CredentialHash] | None = None,
    ) -> None:
        self._registry = registry
        self._hashed = hashed
        self._for_readers = for_readers

    def source(self, topic: str) -> tuple[SiteId, DeviceId] | None:
        """Return the declared device that publishes on a topic, one of them if several do."""
        return self._registry.sources.get(topic)

    def events(
        self,
        message: MQTTMessage,
        now: datetime,
        enrols: Callable[[SiteId, DeviceId], bool] = _no,
        *,
        live: bool = False,
        kept: bool = False,
    ) -> list[SiteEvent]:
        """Return the message's events, in order; empty if it contains nothing that we use.

        `now` is the time of receipt; `live` and `kept` are explained at `Reported`, for late
        badges. At a reader that `enrols`, the badge is also hashed under the readers' key.

        Raises:
            WireError: it cannot be decoded.
        """
        try:
            topic = message.topic
        except UnicodeDecodeError:
            raise WireError("not-utf8", "the topic is no UTF-8 text") from None
        asked = self._registry.request(topic)
        if asked is not None:
            return [_requested(RequestOrigin(*asked), message)]
        reports = self._registry.decode(topic, bytes(message.payload))
        found = [
            SiteEvent(report.site, self._event(report, message, position, now, enrols))
            for position, report in enumerate(reports)
        ]
        return [_late(each, now, live=live, kept=kept) for each in found] if live or kept else found

    def _event(
        self,
        report: Report,
        message: MQTTMessage,
        position: int,
        now: datetime,
        enrols: Callable[[SiteId, DeviceId], bool],
    ) -> Reported:
        reading = report.reading
        reader_hash = None
        if isinstance(reading, CredentialPresented):
            if self._for_readers and is_badge(reading.credential) and enrols(*_origin(report)):
                reader_hash = self._for_readers(reading.credential)
            reading = self._without_numbers(reading)
        unnumbered = report.seq is None and message.qos > 0
        return Reported(
            device=report.device,
            at=_time(report, reading, now),
            reading=reading,
            boot=report.boot,
            seq=report.seq,
            retained=bool(message.retain),
            redelivered=bool(message.dup),
            fingerprint=self._fingerprint(message, position) if unnumbered else 0,
            reader_hash=reader_hash,
            doubted=isinstance(reading, CredentialPresented) and reading.decided is not None,
        )

    def _fingerprint(self, message: MQTTMessage, position: int) -> int:
        """Return a number that identifies redelivered messages of devices without numbers; not 0.

        It is a keyed hash, as the message may be little more than a badge number: otherwise a
        reader of the journal could find the number by trying all of them.
        """
        content = b"%d\0%s\0%s" % (position, message.topic.encode(), message.payload)
        keyed = self._hashed(f"message:{content.decode('latin-1')}")
        return int(keyed[:_FINGERPRINT_DIGITS], 16) or 1

    def _without_numbers(self, reading: CredentialPresented) -> CredentialPresented:
        pin = reading.pin
        return structs.replace(
            reading,
            credential=self._hashed(reading.credential),
            pin=self._hashed(pin_text(reading.credential, pin)) if pin is not None else None,
        )


def _late(told: SiteEvent, now: datetime, *, live: bool, kept: bool) -> SiteEvent:
    """Return the event with `live` and `kept` set if it is late."""
    event = told.event
    if not isinstance(event, Reported) or now - event.at <= LATE:
        return told
    return structs.replace(told, event=structs.replace(event, live=live, kept=kept))


def _time(report: Report, reading: Reading, now: datetime) -> datetime:
    """Return the device's time within its bounds, or ours if it reports none.

    A badge that requests access is decided whatever its reader's clock says, as late or ahead, so
    that a person who wants to leave may leave.

    Raises:
        WireError: the time is impossible.
    """
    at = report.at
    if at is None:
        return now
    is_badge = isinstance(reading, CredentialPresented)
    if device_limits.is_possible(at, now, is_badge=is_badge):
        return at
    if isinstance(reading, CredentialPresented) and reading.decided is None:
        return device_limits.bounded(at, now)
    days, hours = device_limits.BEHIND_MAX.days, device_limits.AHEAD_MAX // timedelta(hours=1)
    right = f"at most {hours} hours ahead, and of a badge at most {days} days ago; set the clock"
    origin = MessageOrigin(report.site, report.device, report.boot, report.seq)
    raise WireError("out-of-range", f"at: cannot be true; {right}", origin)


def misunderstood(message: MQTTMessage, error: WireError) -> SiteEvent | None:
    """Return the engine's event for an undecodable message; None: it has no sequence number."""
    origin = error.origin
    if origin is None or origin.boot is None or origin.seq is None:
        return None
    event = Misunderstood(origin.device, origin.boot, origin.seq, retained=bool(message.retain))
    return SiteEvent(origin.site, event)


def dead_letter(message: MQTTMessage, error: WireError, now: datetime) -> DeadLetter:
    """Return the dead letter of a message that could not be decoded."""
    try:
        topic = message.topic
    except UnicodeDecodeError:
        topic = "(not UTF-8)"
    return DeadLetter(
        received=now,
        source="mqtt",
        topic=topic[:TOPIC_KEPT],
        reason=error.reason,
        detail=error.detail,
        size=len(message.payload),
        payload=masked(bytes(message.payload)),
    )


def _requested(asked: RequestOrigin, message: MQTTMessage) -> SiteEvent:
    payload = bytes(message.payload)
    if len(payload) > PAYLOAD_LIMIT:
        raise WireError("too-large", f"a payload has at most {PAYLOAD_LIMIT} bytes")
    request = read_request(asked, payload, retained=bool(message.retain))
    return SiteEvent(asked.site, Requested(request))
