"""The kiosk: how full some zones are, in bands, for the public.

A band is of five people or more, so nobody is ever shown to be alone; it changes every few seconds
at most, so no single arrival or departure can be followed at its edge. Of the mode only an
evacuation is shown: a lockdown would be revealed to those outside. An old or uncertain count is
marked as such.
"""

from typing import Final

from msgspec import Struct

from gateway.console.feed.hub import View
from gateway.console.feed.page_snapshot import gateway_state
from gateway.console.feed.site_state import Picture, StateChange
from gateway.console.feed.status_words import say
from gateway.console.feed.view_models import as_json
from gateway.console.integrations.occupancy_bands import Band, apart, band
from gateway.core.model.names import SiteId
from gateway.core.model.places import Zone
from gateway.core.model.site import Site
from gateway.translation import in_lang, words

PACE_S: Final = 10.0
"""Seconds between two changes."""
WATCHERS_MAX: Final = 150
"""Public streams, beside those of the desks: they can never take an operator's place."""
TONES: Final = ((0.75, "alert"), (0.5, "warm"), (0.0, "calm"))
"""Tones by the least share of the limit, taken at the band's lower end."""


class KioskZone(Struct, frozen=True):
    """A zone's line. Of the `steps` of its bar, one per band, `step` are filled.

    `tone` is calm, warm or alert; `sure` is "no" where the count is old or uncertain.
    """

    id: str
    name: str
    band: str
    note: str
    step: int
    steps: int
    tone: str
    sure: str


class KioskView(Struct, frozen=True):
    """The parts of the page that change."""

    zones: tuple[KioskZone, ...]
    mode: str
    mode_word: str


class KioskViewer:
    """Draws the picture in bands."""

    def __init__(self, sites: dict[SiteId, Site], picture: Picture) -> None:
        self._sites = sites
        self._picture = picture
        self._told: dict[View, str] = {}

    def site(self, view: View) -> KioskView:
        """Return the public view of a site that has a kiosk."""
        site = self._sites[view.site]
        shown = apart(site, site.kiosk.zones) if site.kiosk is not None else ()
        evacuated = self._picture.sites[site.id].mode == "evacuation"
        return KioskView(
            zones=tuple(self._zone(site, site.zone[zone], view) for zone in shown),
            mode="evacuation" if evacuated else "normal",
            mode_word=say("kiosk.evacuation", view.lang) if evacuated else "",
        )

    def snapshot(self, view: View) -> str:
        """Return the same as JSON."""
        return as_json(self.site(view))

    def change(self, view: View, change: StateChange) -> str | None:
        """Return the same as JSON; None where the public would see no difference."""
        if change.part not in ("zone", "house"):
            return None
        now = self.snapshot(view)
        if self._told.get(view) == now:
            return None
        self._told[view] = now
        return now

    def _zone(self, site: Site, zone: Zone, view: View) -> KioskZone:
        _ = words(view.lang)
        now = self._picture.sites[site.id].zones.get(zone.id)
        name, steps = in_lang(zone.name, view.lang), _steps(zone.capacity)
        if now is None:
            return KioskZone(zone.id, name, "—", _("no current count"), 0, steps, "calm", "no")
        seen = band(now.count.people, zone.capacity)
        offline = gateway_state(self._picture) in ("offline", "unreachable")
        note = _("last known") if offline else _("uncertain count") if now.count.stale else ""
        share = seen.low / zone.capacity if zone.capacity else 0.0
        return KioskZone(
            id=zone.id,
            name=name,
            band=in_lang(seen.label, view.lang),
            note=note,
            step=_step(seen, zone.capacity),
            steps=steps,
            tone=next(tone for least, tone in TONES if share >= least),
            sure="no" if note else "yes",
        )


def _step(seen: Band, capacity: int | None) -> int:
    """Return the number of a band of a zone with a limit, from 1."""
    lowest = band(0, capacity)
    return 1 if lowest.high is None else seen.low // (lowest.high + 1) + 1


def _steps(capacity: int | None) -> int:
    """Return the number of bands of a zone with a limit; 0 without one."""
    return 0 if capacity is None else _step(band(capacity, capacity), capacity)
