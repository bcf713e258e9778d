"""Enrolling a badge by holding it to a reader: the console's part.

The gateway is asked to have the reader wait. The badge that is read stands in its journal, as
hashes only, from where the console takes it and writes it to the member. Neither the number nor a
hash goes over the broker, and a page receives only the outcome.

Waiting enrolments are known to this process alone. After a restart the journal still knows who
asked for what: the user who began one resumes it by opening its page.
"""

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct, structs

from gateway.adapters.directory import Member
from gateway.adapters.journal.queries.enrolments import enrolment_begun, enrolment_ended, last_row
from gateway.adapters.mqtt.request_client import DeskError
from gateway.console.context import AppContext
from gateway.console.identity import Principal
from gateway.console.members.authorised_change import change, check_staff
from gateway.console.web.errors import Problem
from gateway.core.access.enrolment import ENROL_FOR, may_enrol
from gateway.core.facts import EnrolmentEnded
from gateway.core.model.directory import HolderId
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId, SiteId, Text
from gateway.core.model.site import Site
from gateway.core.requests import EnrolBadge
from gateway.members.edit import with_badge
from gateway.phrase import Phrase

LOOK_S: Final = 0.2
"""Seconds between two reads of the journal: short enough to seem immediate."""
OVERTIME: Final = timedelta(seconds=5)
"""The gateway may report the end this late."""
TAKEN_UP_FOR: Final = timedelta(minutes=1)
"""Time after its end in which an enrolment is still resumed, after a restart of the console."""
KEPT: Final = 200
"""Finished enrolments that are remembered: a day's at a large site."""
_log = logging.getLogger(__name__)

Outcome = Literal["waiting", "enrolled", "known", "cancelled", "expired", "failed"]


class EnrolmentStatus(Struct, frozen=True):
    """An enrolment: a reader that waits for a member's badge, and its outcome.

    `whose`: the present holder of the badge. `why`: what went wrong.
    """

    id: str
    site: SiteId
    device: DeviceId
    holder: HolderId
    by: HolderId
    until: datetime
    outcome: Outcome = "waiting"
    whose: HolderId | None = None
    why: Text | None = None


class Enrolments:
    """The waiting enrolments, and the last that ended."""

    def __init__(self, console: AppContext) -> None:
        self._console = console
        self._known: OrderedDict[str, EnrolmentStatus] = OrderedDict()
        self._ended: dict[str, asyncio.Event] = {}
        self._following: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self, seat: Principal, site: Site, member: Member, device: str
    ) -> EnrolmentStatus:
        """Have a reader wait for a badge.

        Raises:
            Problem: It does not, and why.
        """
        check_staff(self._console, seat, member)
        if device not in {each.id for each in readers(site)}:
            raise _refused(Phrase("This reader can't be used"))
        after = await self._console.stores.past(last_row)
        order = EnrolBadge(DeviceId(device), member.holder.id)
        try:
            answer = await self._console.ask(site.id, order, seat.holder.id)
        except DeskError as wrong:
            raise _unanswered(str(wrong)) from wrong
        if answer.status != "ok":
            raise _refused(answer.message)
        until = self._console.clock.now() + ENROL_FOR
        one = EnrolmentStatus(
            answer.transaction, site.id, order.device, member.holder.id, seat.holder.id, until
        )
        self._begun(one, seat, site, after)
        return one

    async def take_up(self, seat: Principal, site: Site, id_: str) -> None:
        """Resume what this seat's holder began before the console was started, if it is recent."""
        if id_ in self._known or not (seat.scopes is None or "operate" in seat.scopes):
            return
        begun = await self._console.stores.past(lambda db: enrolment_begun(db, site.id, id_))
        if begun is None or begun.by != seat.holder.id or id_ in self._known:
            return
        if self._console.clock.now() < begun.until + TAKEN_UP_FOR:
            one = EnrolmentStatus(id_, site.id, begun.device, begun.holder, begun.by, begun.until)
            self._begun(one, seat, site, begun.n)

    def _begun(self, one: EnrolmentStatus, seat: Principal, site: Site, after: int) -> None:
        self._keep(one)
        task = asyncio.create_task(self._follow(one, seat, site, after), name=f"enrol-{one.id}")
        self._following[one.id] = task
        task.add_done_callback(lambda _: self._following.pop(one.id, None))

    async def cancel(self, seat: Principal, one: EnrolmentStatus) -> None:
        """Stop the reader from waiting."""
        try:
            await self._console.ask(one.site, EnrolBadge(one.device), seat.holder.id)
        except DeskError as wrong:
            raise _unanswered(str(wrong)) from wrong

    def get(self, site: SiteId, id_: str) -> EnrolmentStatus:
        """Return an enrolment of this site.

        Raises:
            Problem: There is none (any more).
        """
        one = self._known.get(id_)
        if one is None or one.site != site:
            title = Phrase("This enrolment has ended")
            raise Problem(404, "no-such-enrolment", title)
        return one

    async def ended(self, site: SiteId, id_: str, wait_s: float) -> EnrolmentStatus:
        """Return the same, as soon as it has ended, or after this number of seconds."""
        one = self.get(site, id_)
        if one.outcome == "waiting" and wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    await self._ended[id_].wait()
            except TimeoutError:
                pass
        return self.get(site, id_)

    async def _follow(self, one: EnrolmentStatus, seat: Principal, site: Site, after: int) -> None:
        """Wait until the gateway has reported the outcome, and write the badge to the member."""
        found, after = await self._looked(one, after)
        while found is None and self._console.clock.now() < one.until + OVERTIME:
            await asyncio.sleep(LOOK_S)
            found, after = await self._looked(one, after)
        try:
            end = await self._taken(one, seat, site, found)
        except Problem as wrong:
            _log.warning("enrolment %s failed: %s", one.id, wrong.code)
            end = structs.replace(one, outcome="failed", why=wrong.title)
        self._keep(end)
        self._ended[one.id].set()

    async def _looked(self, one: EnrolmentStatus, after: int) -> tuple[EnrolmentEnded | None, int]:
        """Return the outcome, and the last row that was read; a busy journal is read again."""

        def look(connection: sqlite3.Connection) -> tuple[EnrolmentEnded | None, int]:
            return enrolment_ended(connection, one.site, one.id, after)

        try:
            return await self._console.stores.past(look)
        except Problem:
            return None, after

    async def _taken(
        self, one: EnrolmentStatus, seat: Principal, site: Site, found: EnrolmentEnded | None
    ) -> EnrolmentStatus:
        if found is None or found.outcome == "expired":
            return structs.replace(one, outcome="expired")
        if found.outcome != "read":
            return structs.replace(one, outcome=found.outcome, whose=found.holder)
        hash_, for_readers = found.credential, found.reader_hash
        assert hash_ is not None  # noqa: S101 - of what was read

        def revise(member: Member) -> Member:
            if any(each.hash == hash_ for each in member.credentials):
                return member  # written before a restart; its status may have changed since
            return with_badge(member, hash_, for_readers)

        await change(self._console, seat, site, one.holder, revise, action="enrol")
        return structs.replace(one, outcome="enrolled")

    def _keep(self, one: EnrolmentStatus) -> None:
        self._known[one.id] = one
        self._ended.setdefault(one.id, asyncio.Event())
        while len(self._known) > KEPT:
            gone, _ = self._known.popitem(last=False)
            self._ended.pop(gone, None)


def readers(site: Site) -> tuple[Device, ...]:
    """Return the readers at which a badge may be enrolled."""
    return tuple(device for device in site.devices if may_enrol(site, device))


def _refused(why: Text | str) -> Problem:
    return Problem(409, "reader-does-not-wait", why)


def _unanswered(why: str) -> Problem:
    title = Phrase("The gateway isn't responding")
    return Problem(503, "no-gateway", title, why, headers={"Retry-After": "5"})
