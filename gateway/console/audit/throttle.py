"""The latest looks recorded for each session, so that one look is one line of the audit."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from gateway.core.model.names import SiteId

ONE_LOOK: Final = timedelta(minutes=10)
"""The time within which everything that a session sees is one look."""
SESSIONS_MAX: Final = 1000
"""Looks remembered; one that is forgotten is recorded again."""


class ViewThrottle:
    """The time at which each session was last recorded at each screen."""

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, SiteId, str], datetime] = OrderedDict()

    def is_new(self, seat: str, site: SiteId, what: str, now: datetime) -> bool:
        """Return whether this session was not recorded here recently."""
        at = self._noted.get((seat, site, what))
        return at is None or now - at >= ONE_LOOK

    def note(self, seat: str, site: SiteId, what: str, now: datetime) -> None:
        """Remember that the look was recorded."""
        self._noted[seat, site, what] = now
        self._noted.move_to_end((seat, site, what))
        while len(self._noted) > SESSIONS_MAX:
            self._noted.popitem(last=False)
