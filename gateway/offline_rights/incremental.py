"""Computes a rights list in small steps, so that no badge waits for it."""

import asyncio
from datetime import datetime
from typing import Final

from gateway.clock import Clock
from gateway.core.access.offline_rights import (
    RightsEntry,
    RightsList,
    collected,
    hours_of,
    post_of,
    sift,
    standing_of,
)
from gateway.core.model.equipment import Device
from gateway.core.model.names import SiteId
from gateway.core.model.open_intervals import MINUTE, Spans, Window, joined, open_spans
from gateway.core.model.site import Site
from gateway.core.state import State

CREDENTIALS_AT_ONCE: Final = 200
"""Credentials checked before control returns to the event loop: below 1 ms."""
MINUTES_AT_ONCE: Final = 15
"""Minutes of opening hours evaluated before control returns to the event loop."""


class Sifting:
    """Computes lists; caches the spans of opening hours within their frame."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spans: dict[tuple[SiteId, str, Window], Spans] = {}

    async def list_of(self, site: Site, state: State, device: Device, frame: Window) -> RightsList:
        """Return a reader's list in this frame."""
        spans = {
            hours: await self._open_spans(site, hours, frame) for hours in hours_of(site, device)
        }
        post = post_of(site, state, device, frame, spans)
        sifted: list[RightsEntry | str] = []
        for found in sift(state, post):
            sifted.append(found)
            if len(sifted) % CREDENTIALS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return collected(standing_of(site, state, device), frame, sifted, post)

    def forget(self, site: SiteId) -> None:
        """Drop the cached opening hours of a site, which may have changed."""
        self._spans = {key: spans for key, spans in self._spans.items() if key[0] != site}

    async def _open_spans(self, site: Site, hours: str, frame: Window) -> Spans:
        """Return the open spans of hours, computed in steps of 15 minutes, once per frame."""
        known = self._spans.get((site.id, hours, frame))
        if known is not None:
            return known
        found: list[tuple[datetime, datetime]] = []
        begins = frame.begins
        while begins < frame.expires:
            ends = min(begins + MINUTES_AT_ONCE * MINUTE, frame.expires)
            found += open_spans(site, hours, Window(begins, ends))
            begins = ends
            await asyncio.sleep(0)
        now = self._clock.now()
        self._spans = {key: spans for key, spans in self._spans.items() if key[2].expires > now}
        self._spans[site.id, hours, frame] = spans = joined(found)
        return spans
