"""Ghost reads: badge reads by a reader to which no badge was held.

Noise, a worn antenna or a card at the edge of the field give three kinds (arendst/Tasmota#9522 and
#4825, esp-rfid#411, uhppoted-mqtt#15):

- an invalid number: all zeros, a parity error, the wrong number of bits. Drivers refuse it as
  `badge-format`, and it goes to the dead letters;
- the same number again, faster than a hand can be: it is decided like every read, and counted here;
- a valid number. It cannot be distinguished from an unknown badge, so it is not counted.

They are counted in memory and reported with the minute's tick, as duplicates are. The hash of each
reader's last badge is kept in memory only.
"""

from datetime import datetime, timedelta
from typing import Final

from gateway.core.events import Reported
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import CredentialPresented, WireError

AGAIN: Final = timedelta(seconds=1)
"""Too short for a hand; readers themselves wait 2 s before they read a badge again."""
NO_BADGE: Final = "badge-format"
"""The drivers' error code for an invalid number."""

Reader = tuple[SiteId, DeviceId]


def misread_at(error: WireError) -> Reader | None:
    """Return the reader that read an invalid number; None: another error, or unknown reader."""
    if error.reason != NO_BADGE or error.origin is None:
        return None
    return error.origin.site, error.origin.device


class DoubleReads:
    """Detects double reads by the last badge at each reader of the space files."""

    def __init__(self) -> None:
        self._last: dict[Reader, tuple[str, datetime]] = {}

    def again(self, site: SiteId, event: Reported) -> bool:
        """Return whether this reader read the same badge within `AGAIN`, by its own clock."""
        if not isinstance(event.reading, CredentialPresented):
            return False
        read = (event.reading.credential, event.at)
        before = self._last.get((site, event.device))
        self._last[site, event.device] = read
        return before is not None and before[0] == read[0] and abs(read[1] - before[1]) < AGAIN
