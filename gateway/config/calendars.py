"""Calendars of the space file: the sources of bookings.

They are not part of a `Site`: a feed's address may be a secret, and sites are journaled. So an
address is read from its file only when feeds are requested, and is never shown.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from gateway.config.calendar_checks import target_of, wrong_address
from gateway.config.draft import Draft
from gateway.config.faults import ConfigError, ConfigFault
from gateway.config.space import read_space
from gateway.core.model.bookings import Target
from gateway.core.model.names import SiteId

_ADDRESS_BYTES_MAX = 4096
"""Far longer than any address: a wrong path may name a file of any size."""


class CalendarFeed(Struct, frozen=True):
    """One calendar: a `file`, or a `url` that may be a secret, read every `refresh_s` seconds."""

    site: SiteId
    target: Target
    file: Path | None
    url: str | None
    refresh_s: float

    def __repr__(self) -> str:
        """Return a representation without the address."""
        return f"CalendarFeed({self.site}, {self.target}, {self.source})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Return the same fields for tracebacks."""
        return [("site", self.site), ("target", self.target), ("source", self.source)]

    @property
    def source(self) -> str:
        """The source as it may be shown: the file, or the host alone."""
        if self.file is not None:
            return str(self.file)
        return f"a feed of {urlsplit(self.url or '').hostname}"


def load_calendars(path: Path) -> tuple[CalendarFeed, ...]:
    """Return the calendars of a space file, or of a folder's *.toml files.

    Raises:
        ConfigError: With every fault of every file, or every address that cannot be read.
    """
    faults: list[ConfigFault] = []
    feeds = tuple(feed for draft in read_space(path) for feed in _feeds(draft, faults))
    if faults:
        raise ConfigError(faults)
    return feeds


def _feeds(draft: Draft, faults: list[ConfigFault]) -> Iterator[CalendarFeed]:
    if draft.site is None:
        return
    folder = Path(draft.file).parent
    for index, calendar in draft.calendars.items():
        url = calendar.url
        if calendar.url_file is not None:
            try:
                url = _address(folder / calendar.url_file)
            except ValueError as wrong:
                faults.append(draft.fault(f"calendars[{index}].url_file", str(wrong)))
                continue
        yield CalendarFeed(
            site=SiteId(draft.site.id),
            target=target_of(calendar),
            file=folder / calendar.file if calendar.file is not None else None,
            url=url,
            refresh_s=calendar.refresh_s,
        )


def _address(file: Path) -> str:
    """Return the address that a file holds.

    Raises:
        ValueError: There is none; the message does not show what is there instead.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(_ADDRESS_BYTES_MAX).decode().strip()
    except OSError as unreadable:
        raise ValueError(f"{file} cannot be read: {unreadable.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not text; it holds one address, https://...") from None
    if wrong := wrong_address(text):
        raise ValueError(f"{file}: {wrong}")
    return text
