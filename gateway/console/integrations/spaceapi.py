"""SpaceAPI (https://spaceapi.io), versions 14 and 15: the public state of a site.

Nobody can follow a person by it. A zone is open from the end of its first band on, which is of
several people, a door once it has stood open for `STEADY`. Both, and the bands, are looked at once
in each quarter of an hour, of which `lastchange` is the beginning. A zone that holds one which the
public is told of, or that is in one, is left out: their difference would tell of single persons.

Open or closed is stored in a small file: while the gateway or the broker is away, and after a
restart of the console, the last known state is published, with the time at which it began. Head
counts are not stored: an old one would be wrong.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.clock import Clock
from gateway.config import SpaceApi
from gateway.console.feed.site_state import Picture, SitePicture
from gateway.console.integrations.occupancy_bands import apart, band
from gateway.core.model.names import SiteId, ZoneId
from gateway.core.model.site import Site
from gateway.files import write_whole
from gateway.translation import both

FILE: Final = "spaceapi.json"
"""In the data folder."""
STEADY: Final = timedelta(minutes=15)
"""A door that stood open for less let somebody in; the quarters of an hour are as long."""
_OPEN_DOORS: Final = frozenset({"unlocked", "open", "held"})

log = logging.getLogger(__name__)


class OpenState(Struct, frozen=True):
    """The open state of a site, and its beginning (aware UTC)."""

    open: bool
    since: datetime


class Public:
    """The SpaceAPI documents of the sites that have one."""

    def __init__(
        self,
        sites: Mapping[SiteId, Site],
        told: Mapping[SiteId, SpaceApi],
        picture: Picture,
        clock: Clock,
        folder: Path,
    ) -> None:
        self.told = told
        self._sites = sites
        self._picture = picture
        self._clock = clock
        self._file = folder / FILE
        self._known = _read(self._file)
        self._looked: dict[SiteId, datetime] = {}
        """The quarter of an hour in which a site was last looked at."""
        self._people: dict[SiteId, list[dict[str, Any]]] = {}

    def look(self, site: SiteId) -> bool:
        """Update from a site's picture once a quarter of an hour; a lockdown closes at once.

        Returns whether the open state must be stored (`store`).
        """
        if site not in self.told or not self.is_running:
            return False
        now, picture, known = self._clock.now(), self._picture.sites[site], self._known.get(site)
        quarter, is_open = _quarter(now), self._is_open(site, picture, now)
        is_shut = picture.mode in ("lockdown", "evacuation")
        if self._looked.get(site) != quarter:
            self._people[site] = self._bands(site, picture)
            if is_open is not None:  # all was heard
                self._looked[site] = quarter
        elif not is_shut:
            return False
        if is_shut:
            is_open = False
        if is_open is None or (known is not None and known.open == is_open):
            return False
        self._known[site] = OpenState(is_open, quarter)
        return True

    def store(self) -> None:
        """Store what is known (blocking); after a failure, a restart forgets the state."""
        try:
            write_whole(self._file, msgspec.json.encode(self._known), 0o600)
        except OSError as wrong:
            log.warning("%s cannot be written: %s", self._file, wrong.strerror)

    @property
    def is_running(self) -> bool:
        """Return whether a gateway is online and connected, so that the picture is current."""
        states = [gateway.state for gateway in self._picture.gateways.values()]
        return self._picture.connected and "online" in states

    def document(self, site_id: SiteId) -> dict[str, Any]:
        """Return the document of a site that has one, ready for JSON."""
        site, told = self._sites[site_id], self.told[site_id]
        document: dict[str, Any] = {
            "api_compatibility": ["15"] if told.lat is None else ["14", "15"],
            "space": site.name.fr,
            "logo": told.logo,
            "url": told.url,
            "location": _location(site, told),
            "contact": told.contact,
        }
        if told.open_zones or told.open_doors:
            document["state"] = self._state(site_id)
        if told.people_in and self.is_running:
            document["sensors"] = {"people_now_present": self._people.get(site_id, [])}
        return document

    def _state(self, site: SiteId) -> dict[str, Any]:
        known = self._known.get(site)
        if known is None:
            return {}  # SpaceAPI: no `open` is "not known for now"
        return {"open": known.open, "lastchange": int(known.since.timestamp())}

    def _bands(self, site_id: SiteId, picture: SitePicture) -> list[dict[str, Any]]:
        """Return bands, without the time of a change, which would reveal an arrival."""
        site, shown = self._sites[site_id], []
        for zone_id in self._public(site, self.told[site_id].people_in):
            if zone_id in picture.zones:
                zone = site.zone[zone_id]
                found = band(picture.zones[zone_id].count.people, zone.capacity)
                said = both(found.label)
                words = f"{said.fr} / {said.en}"
                shown.append({"value": found.low, "location": zone.name.fr, "description": words})
        return shown

    def _public(self, site: Site, zones: tuple[ZoneId, ...]) -> tuple[ZoneId, ...]:
        """Return the zones that nothing else published can be held against."""
        kiosk = site.kiosk.zones if site.kiosk is not None else ()
        told = self.told[site.id]
        every = {*kiosk, *told.people_in, *told.open_zones}
        inner = set(apart(site, every))
        seen = apart(site, kiosk)
        return tuple(
            zone
            for zone in zones
            if zone in inner and not (zone not in seen and set(site.zone[zone].ancestors) & {*seen})
        )

    def _is_open(self, site_id: SiteId, now: SitePicture, at: datetime) -> bool | None:
        """Return whether a site is open; None while its source was not received."""
        site, told = self._sites[site_id], self.told[site_id]
        zones = self._public(site, told.open_zones)
        counts = [
            band(now.zones[zone].count.people, site.zone[zone].capacity).low
            for zone in zones
            if zone in now.zones
        ]
        doors = [now.doors[door] for door in told.open_doors if door in now.doors]
        steady = (door.state in _OPEN_DOORS and at - door.at >= STEADY for door in doors)
        if any(low > 0 for low in counts) or any(steady):
            return True
        heard_of_all = len(counts) + len(doors) == len(zones) + len(told.open_doors)
        return False if heard_of_all and (counts or doors) else None


def _quarter(at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def _location(site: Site, told: SpaceApi) -> dict[str, Any]:
    found = {
        "address": told.address,
        "lat": told.lat,
        "lon": told.lon,
        "timezone": site.timezone,
        "country_code": site.country,
    }
    return {key: value for key, value in found.items() if value is not None}


def _read(file: Path) -> dict[SiteId, OpenState]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[SiteId, OpenState])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as wrong:
        log.warning("%s cannot be read, what it knew is lost: %s", file, wrong)
        return {}
