"""Claims about calendars: each books one thing, from one source that others cannot write into."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault
from gateway.config.schema.outside import CalendarTable
from gateway.core.model.bookings import Target, machine_target, zone_target
from gateway.core.model.names import MachineId, ZoneId

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which no clear text leaves this machine."""
_ONE = "must be one address, https://..."


def calendars_book_one_thing(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a calendar books one zone or one machine, and that no other books the same."""
    first: dict[Target, str] = {}
    for index, calendar in draft.calendars.items():
        path = f"calendars[{index}]"
        if (calendar.zone is None) == (calendar.machine is None):
            yield draft.fault(path, "give either zone or machine: what it books")
            continue
        target = target_of(calendar)
        if target in first:
            message = f"books the same as {first[target]}; one calendar may hold all of its events"
            yield draft.fault(path, message)
        first.setdefault(target, path)


def calendars_have_one_source(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a calendar has one source, over a connection that others cannot tamper with."""
    for index, calendar in draft.calendars.items():
        path = f"calendars[{index}]"
        sources = (calendar.file, calendar.url, calendar.url_file)
        if sum(source is not None for source in sources) != 1:
            yield draft.fault(path, "give one of file, url or url_file: where it comes from")
        elif calendar.url is not None:
            wrong = wrong_address(calendar.url)
            if wrong is None and urlsplit(calendar.url).username is not None:
                wrong = "holds a password: write the address into a file, and give url_file"
            if wrong is not None:
                yield draft.fault(f"{path}.url", wrong)


CLAIMS: tuple[Claim, ...] = (calendars_book_one_thing, calendars_have_one_source)


def target_of(calendar: CalendarTable) -> Target:
    """Return the zone or machine that a calendar books."""
    if calendar.zone is not None:
        return zone_target(ZoneId(calendar.zone))
    return machine_target(MachineId(calendar.machine or ""))


def wrong_address(url: str) -> str | None:
    """Return what is wrong with an address, without showing it."""
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and not any(letter.isspace() for letter in url)
    except ValueError:
        return _ONE
    if parts.scheme == "webcal":
        return "write https:// in place of webcal://"
    if not is_one or parts.scheme not in {"http", "https"}:
        return _ONE
    if parts.scheme == "http" and parts.hostname not in _HERE:
        return "must begin with https://: on the way, others could write bookings into it"
    return None
