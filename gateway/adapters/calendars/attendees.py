"""The guests of an iCalendar event: addresses, groups, or everybody."""

import re
from collections import Counter
from typing import Any, Final
from urllib.parse import unquote

from icalendar import Event

from gateway.adapters.calendars.occurrences import GUESTS_MAX, Guests
from gateway.core.model.names import GroupId

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ADDRESS_LONGEST: Final = 254
"""Characters of an address (RFC 5321)."""


class GuestList:
    """The distinct guest lists of a feed: events with the same guests share one."""

    def __init__(self, left_out: Counter[str]) -> None:
        self.known: dict[Guests, int] = {}
        self._left_out = left_out

    def place(self, event: Event) -> int:
        """Return the index of an event's guests in `known`."""
        guests = _guests(event)
        if guests not in self.known:
            few = Guests(guests.addresses[:GUESTS_MAX], guests.groups[:GUESTS_MAX], guests.public)
            if few != guests:
                self._left_out[f"events' guests beyond {GUESTS_MAX}"] += 1
            guests = few
        return self.known.setdefault(guests, len(self.known))


def _guests(event: Event) -> Guests:
    """Return the organiser, the invited who did not decline, and the groups of an event."""
    invited = listed(event.get("ATTENDEE"))
    declined = {_address(one) for one in invited if _parameter(one, "PARTSTAT") == "DECLINED"} | {
        ""
    }
    people = [*listed(event.get("ORGANIZER")), *(one for one in invited if not _is_group(one))]
    categories = _categories(event)
    groups = [
        *(
            _address(one).partition("@")[0]
            for one in invited
            if _is_group(one) and _address(one) not in declined
        ),
        *(each.removeprefix("group:") for each in categories if each.startswith("group:")),
    ]
    return Guests(
        addresses=tuple(dict.fromkeys(a for one in people if (a := _address(one)) not in declined)),
        groups=tuple(GroupId(group) for group in dict.fromkeys(groups) if _ID.fullmatch(group)),
        public=str(event.get("CLASS", "")).upper() == "PUBLIC" and "open" in categories,
    )


def _is_group(invited: Any) -> bool:  # noqa: ANN401
    return _parameter(invited, "CUTYPE") == "GROUP"


def listed(value: Any) -> list[Any]:  # noqa: ANN401
    """Return a property as a list: icalendar gives one value, a list, or None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _parameter(value: Any, name: str) -> str:  # noqa: ANN401
    return str(getattr(value, "params", {}).get(name, "")).upper()


def _address(value: Any) -> str:  # noqa: ANN401
    """Return an attendee's e-mail address in lowercase (EMAIL of RFC 7986 first); "": none."""
    scheme, _, rest = str(value).strip().partition(":")
    if scheme.lower() != "mailto":
        rest = str(getattr(value, "params", {}).get("EMAIL", ""))
    address = unquote(rest.partition("?")[0]).strip().lower()
    return address if "@" in address and len(address) <= _ADDRESS_LONGEST else ""


def _categories(event: Event) -> list[str]:
    return [
        str(word).strip().lower()
        for each in listed(event.get("CATEGORIES"))
        for word in getattr(each, "cats", ())
    ]
