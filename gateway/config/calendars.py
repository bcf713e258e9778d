"""Calendars of the space file: where bookings come from, and the claims about them.

They are no part of a `Site`: a feed's address may be a secret, and sites are journaled. So an
address is read from its file only when feeds are asked for, and never shown.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.config.claims import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigError, Fault
from gateway.config.schema import CalendarTable
from gateway.core.bookings import Target, machine_target, zone_target
from gateway.core.site import MachineId, SiteId, ZoneId

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts to which nothing travels in the clear."""
_ADDRESS_BYTES_MAX = 4096
"""Far more than any address; a wrong path may lead to a file of any size."""


class CalendarFeed(Struct, frozen=True):
    """One calendar: a `file`, or a `url` that may be a secret, read every `refresh_s` seconds."""

    site: SiteId
    target: Target
    file: Path | None
    url: str | None
    refresh_s: float

    def __repr__(self) -> str:
        """Without its address."""
        return f"CalendarFeed({self.site}, {self.target}, {self.source})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Likewise, for tracebacks."""
        return [("site", self.site), ("target", self.target), ("source", self.source)]

    @property
    def source(self) -> str:
        """Where it comes from, to be shown: the file, or the host alone."""
        if self.file is not None:
            return str(self.file)
        return f"a feed of {urlsplit(self.url or '').hostname}"


def feeds_of(draft: Draft) -> Iterator[CalendarFeed]:
    """The calendars of a draft without faults.

    Raises:
        ConfigError: An address cannot be read from its file.
    """
    if draft.site is None:
        return
    folder = Path(draft.file).parent
    for index, calendar in draft.calendars.items():
        url = calendar.url
        if calendar.url_file is not None:
            try:
                url = _address(folder / calendar.url_file)
            except ValueError as wrong:
                path = f"calendars[{index}].url_file"
                raise ConfigError([draft.fault(path, str(wrong))]) from None
        yield CalendarFeed(
            site=SiteId(draft.site.id),
            target=_target(calendar),
            file=folder / calendar.file if calendar.file is not None else None,
            url=url,
            refresh_s=calendar.refresh_s,
        )


def calendars_book_one_thing(draft: Draft) -> Iterator[Fault]:
    """A calendar books a zone or a machine, from one source, and nothing else books the same."""
    first: dict[Target, str] = {}
    for index, calendar in draft.calendars.items():
        path = f"calendars[{index}]"
        if (calendar.zone is None) == (calendar.machine is None):
            yield draft.fault(path, "give either zone or machine: what it books")
            continue
        target = _target(calendar)
        if target in first:
            message = f"books the same as {first[target]}; one calendar may hold all of its events"
            yield draft.fault(path, message)
        first.setdefault(target, path)


def calendars_have_one_source(draft: Draft) -> Iterator[Fault]:
    """A calendar comes from one place, and on a way where nobody else can write into it."""
    for index, calendar in draft.calendars.items():
        path = f"calendars[{index}]"
        sources = (calendar.file, calendar.url, calendar.url_file)
        if sum(source is not None for source in sources) != 1:
            yield draft.fault(path, "give one of file, url or url_file: where it comes from")
        elif calendar.url is not None:
            wrong = _wrong_address(calendar.url)
            if wrong is None and urlsplit(calendar.url).username is not None:
                wrong = "holds a password: write the address into a file, and give url_file"
            if wrong is not None:
                yield draft.fault(f"{path}.url", wrong)


CLAIMS: tuple[Claim, ...] = (calendars_book_one_thing, calendars_have_one_source)


def _target(calendar: CalendarTable) -> Target:
    if calendar.zone is not None:
        return zone_target(ZoneId(calendar.zone))
    return machine_target(MachineId(calendar.machine or ""))


def _address(file: Path) -> str:
    """The address that a file holds.

    Raises:
        ValueError: There is none; the message does not show what is there instead.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_ADDRESS_BYTES_MAX).decode().strip()
    except OSError as wrong:
        raise ValueError(f"{file} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not text; it holds one address, https://...") from None
    if wrong_address := _wrong_address(text):
        raise ValueError(f"{file}: {wrong_address}")
    return text


def _wrong_address(url: str) -> str | None:
    """What is wrong with an address, without showing it."""
    try:
        parts = urlsplit(url)
        is_one = bool(parts.hostname) and not any(letter.isspace() for letter in url)
    except ValueError:
        return "must be one address, https://..."
    if parts.scheme == "webcal":
        return "write https:// in place of webcal://"
    if not is_one or parts.scheme not in {"http", "https"}:
        return "must be one address, https://..."
    if parts.scheme == "http" and parts.hostname not in _HERE:
        return "must begin with https://: on the way, others could write bookings into it"
    return None
