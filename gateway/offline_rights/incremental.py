"""A list is worked out in small steps, so that no badge waits for it."""

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
"""Credentials that are sifted before the loop may do something else: below 1 ms."""
MINUTES_AT_ONCE: Final = 15
"""Minutes of opening hours that are looked up before the loop may do something else."""


class Sifting:
    """Works lists out; what was found of opening hours is kept for as long as their frame."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spans: dict[tuple[SiteId, str, Window], Spans] = {}

    async def list_of(self, site: Site, state: State, device: Device, frame: Window) -> RightsList:
        """A reader's list in this frame."""
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
        """A site's opening hours may be others now."""
        self._spans = {key: spans for key, spans in self._spans.items() if key[0] != site}

    async def _open_spans(self, site: Site, hours: str, frame: Window) -> Spans:
        """Return the intervals in which hours are open, by quarters of an hour, once per window."""
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
