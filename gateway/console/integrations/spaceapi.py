"""SpaceAPI (https://spaceapi.io), versions 14 and 15: the public state of a site.

Open or closed is stored in a small file: while the gateway or the broker is away, and after a
restart of the console, the last known state is published, with the time at which it began. Head
counts are not stored: an old one would be wrong.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from gateway.clock import Clock
from gateway.config import SpaceApi
from gateway.console.feed.site_state import Picture, SitePicture
from gateway.console.integrations.occupancy_bands import band
from gateway.core.model.names import SiteId
from gateway.core.model.site import Site
from gateway.files import write_whole
from gateway.translation import both

FILE: Final = "spaceapi.json"
"""In the data folder."""
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

    def look(self, site: SiteId) -> bool:
        """Update from a site's picture, and return whether that must be stored (`store`)."""
        if site not in self.told or not self.is_running:
            return False
        is_open = _is_open(self.told[site], self._picture.sites[site])
        known = self._known.get(site)
        if is_open is None or (known is not None and known.open == is_open):
            return False
        self._known[site] = OpenState(is_open, self._clock.now().astimezone(UTC))
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
            document["sensors"] = {"people_now_present": self._people(site, told)}
        return document

    def _state(self, site: SiteId) -> dict[str, Any]:
        known = self._known.get(site)
        if known is None:
            return {}  # SpaceAPI: no `open` is "not known for now"
        return {"open": known.open, "lastchange": int(known.since.timestamp())}

    def _people(self, site: Site, told: SpaceApi) -> list[dict[str, Any]]:
        """Return bands, without the time of a change, which would reveal an arrival."""
        counts = self._picture.sites[site.id].zones
        shown = []
        for zone_id in told.people_in:
            if zone_id in counts:
                zone = site.zone[zone_id]
                found = band(counts[zone_id].count.people, zone.capacity)
                said = both(found.label)
                words = f"{said.fr} / {said.en}"
                shown.append({"value": found.low, "location": zone.name.fr, "description": words})
        return shown


def _is_open(told: SpaceApi, now: SitePicture) -> bool | None:
    """Return whether a site is open; None while its source was not received."""
    if now.mode in ("lockdown", "evacuation"):
        return False
    counts = [now.zones[zone].count.people for zone in told.open_zones if zone in now.zones]
    doors = [now.doors[door].state for door in told.open_doors if door in now.doors]
    if any(people > 0 for people in counts) or any(door in _OPEN_DOORS for door in doors):
        return True
    heard_of_all = len(counts) + len(doors) == len(told.open_zones) + len(told.open_doors)
    return False if heard_of_all and (counts or doors) else None


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
