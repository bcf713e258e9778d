"""The feed of bookings as iCalendar: the booked times, never by whom or for what."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import icalendar

from gateway.console.integrations.bookings import Booked
from gateway.core.model.bookings import Booking, Target
from gateway.core.model.site import Site
from gateway.phrase import Phrase
from gateway.translation import both

_TAKEN: Final = Phrase("Booked")


def calendar(site: Site, booked: Booked, now: datetime) -> bytes:
    """Return a site's bookings as RFC 5545."""
    feed = icalendar.Calendar()
    feed.add("prodid", "-//Seuil//bookings//FR")
    feed.add("version", "2.0")
    feed.add("name", site.name.fr)
    feed.add("x-wr-calname", site.name.fr)
    feed.add("refresh-interval", timedelta(minutes=5), parameters={"VALUE": "DURATION"})
    for target, bookings in sorted(booked.items()):
        for event in _events(site, target, bookings, now):
            feed.add_component(event)
    content: bytes = feed.to_ical()
    return content


def _events(
    site: Site, target: Target, bookings: Iterable[Booking], now: datetime
) -> Iterable[icalendar.Event]:
    kind, _, about = target.partition(":")
    things = site.machines if kind == "machine" else site.zones
    name = next((thing.name.fr for thing in things if thing.id == about), about)
    taken = both(_TAKEN)
    for booking in bookings:
        event = icalendar.Event()
        event.add("uid", f"{booking.id}.{about}.{site.id}@seuil")
        event.add("dtstamp", now)
        event.add("dtstart", booking.starts)
        event.add("dtend", booking.ends)
        event.add("summary", f"{taken.fr} / {taken.en} : {name}")
        event.add("location", name)
        event.add("class", "PUBLIC" if booking.public else "PRIVATE")
        yield event
