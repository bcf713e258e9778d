"""An operator at a desk: sends requests to the gateway, and keeps the answer to each.

Pure, like the devices: messages are values and time is an argument.
"""

from datetime import datetime

import msgspec

from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.core.requests import VERBS, Order, Request
from gateway.wire.message import Outgoing
from gateway.wire.requests import request_message
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics

_read_response = msgspec.json.Decoder(ResponseMessage).decode


class Operator:
    """A sender of requests, with or without permission."""

    def __init__(self, site: SiteId, by: HolderId, topics: Topics | None = None) -> None:
        self.responses: dict[str, list[ResponseMessage]] = {}
        """Answers by transaction, in order: a request that is sent twice is answered twice."""
        self._site, self._by = site, by
        self._topics = topics or Topics()
        self._asked = 0

    @property
    def hears(self) -> tuple[str, ...]:
        """The topics of the answers."""
        return tuple(self._topics.response(self._site, verb) for verb in VERBS)

    def ask(self, order: Order, now: datetime) -> tuple[str, Outgoing]:
        """Return a request's transaction and its message; sent again, it is the same request."""
        self._asked += 1
        transaction = f"{self._by}-{self._asked}"
        request = Request(transaction, self._by, now, order)
        return transaction, request_message(self._topics, self._site, request)

    def on_response(self, payload: bytes) -> None:
        """Store an answer; raise `msgspec.DecodeError` if it is invalid."""
        response = _read_response(payload)
        self.responses.setdefault(response.transaction, []).append(response)
