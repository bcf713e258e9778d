"""Ghost reads: what a reader read and nobody held to it.

Noise, a worn antenna or a card at the edge of the field give three kinds (arendst/Tasmota#9522 and
#4825, esp-rfid#411, uhppoted-mqtt#15):

- a number that is none: all zeros, a parity error, the wrong count of bits. Drivers refuse it as
  `badge-format`, and it goes to the dead letters;
- the same number again faster than any hand: it is decided as every read, and counted here;
- a number that looks right. Nobody can tell it from a stranger's badge, so it is not counted.

Counted in memory and told with the minute's tick, as duplicates are. The hash of each reader's last
badge is kept in memory alone.
"""

from datetime import datetime, timedelta
from typing import Final

from gateway.core.events import Reported
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.readings import CredentialPresented, WireError

AGAIN: Final = timedelta(seconds=1)
"""No hand is so quick; readers themselves wait 2 s before they read a badge again."""
NO_BADGE: Final = "badge-format"
"""What drivers say of a number that is none."""

Reader = tuple[SiteId, DeviceId]


def misread_at(error: WireError) -> Reader | None:
    """The reader whose number is none; None: something else is wrong, or it is not known whose."""
    if error.reason != NO_BADGE or error.origin is None:
        return None
    return error.origin.site, error.origin.device


class DoubleReads:
    """The last badge at each reader; as many as the space files have readers."""

    def __init__(self) -> None:
        self._last: dict[Reader, tuple[str, datetime]] = {}

    def again(self, site: SiteId, event: Reported) -> bool:
        """Whether the same badge was read there a moment ago, by the reader's own clock."""
        if not isinstance(event.reading, CredentialPresented):
            return False
        read = (event.reading.credential, event.at)
        before = self._last.get((site, event.device))
        self._last[site, event.device] = read
        return before is not None and before[0] == read[0] and abs(read[1] - before[1]) < AGAIN
