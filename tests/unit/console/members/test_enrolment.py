"""Enrolling a badge, the console's part: who may, and how each end is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from gateway.adapters.directory import Member
from gateway.adapters.journal import purge
from gateway.adapters.journal.journal import JOURNAL_FILE, Journal
from gateway.adapters.journal.rows import event_row
from gateway.adapters.journal.writer import Batch
from gateway.adapters.mqtt.request_client import DeskError
from gateway.console.identity import Principal
from gateway.console.members.dependencies import MembersDependencies
from gateway.core.events import Requested, Tick
from gateway.core.facts import EnrolmentEnded, RequestAnswered
from gateway.core.model.directory import CredentialHash, Holder, HolderId, StaffRole
from gateway.core.model.names import OPERATOR, DeviceId, SiteId, Text
from gateway.core.requests import EnrolBadge, Order, Request
from gateway.members.edit import marked
from gateway.wire.states import ResponseMessage
from tests.unit.console.members.test_members import ADA, SITE, Place, at, get, member, post
from tests.world.console import NOW, seat

READER = DeviceId("fablab-in")
OPERATES = (StaffRole(OPERATOR),)
DONE = Text("C'est fait.", "Done.")


class Desk(Place):
    """A place whose gateway is asked in vain, or says what it is told to say."""

    asked: tuple[Order, ...] = ()
    answer: ResponseMessage | None = ResponseMessage("t-1", "ok", DONE)

    async def ask(self, site: SiteId, order: Order, by: HolderId) -> ResponseMessage:
        """As the console asks."""
        del site, by
        self.asked += (order,)
        if self.answer is None:
            raise DeskError("nobody has answered")
        return self.answer

    async def says(self, **ended: object) -> None:
        """The gateway journals how it ended."""
        self.n += 1
        fact = EnrolmentEnded(**({"transaction": "t-1", "device": READER} | ended))  # type: ignore[arg-type] # its own fields
        row = event_row(self.n, SITE, Tick(), (fact,), NOW)
        await self.journal.commit(Batch(events=[row]))

    async def open(self) -> None:
        """Its journal."""
        self.n = 0
        self.journal = Journal(self.folder / JOURNAL_FILE)
        await self.journal.open()
        self.console.ask = self.ask  # type: ignore[method-assign,assignment] # instead of a broker


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Bea without a badge of her own, and an operator."""
    bea = structs.replace(member("M-1", "Bea"), credentials=())
    desk = Desk(tmp_path, bea, member("M-2", "Gil"))
    await desk.open()
    desk.sits(seat("operator"))
    yield desk
    await desk.journal.close()
    desk.console.close()


async def begun(desk: Desk) -> str:
    """An enrolment of Bea at the front door; its address."""
    begun = await post(desk, at("M-1", "/enrol"), reader=READER)
    assert begun.status_code == 303, begun.text
    return str(begun.headers["location"])


async def outcome(desk: Desk, address: str) -> tuple[str, str]:
    """How it ended, as a program and as a person reads it."""
    told = (await get(desk, f"/api/v1{address}", wait="5")).json()
    page = await get(desk, address)
    assert told["message"] in page.text.replace("&#39;", "'")
    return told["outcome"], told["message"]


async def test_a_badge_that_was_read_is_the_member_s(desk: Desk) -> None:
    """With the hash that readers are told; on record."""
    address = await begun(desk)
    assert desk.asked == (EnrolBadge(READER, _bea(desk).holder.id),)
    await desk.says(outcome="read", credential=CredentialHash("new"), reader_hash="for-readers")
    assert (await outcome(desk, address))[0] == "enrolled"
    (badge,) = _bea(desk).credentials
    assert (badge.hash, badge.reader_hash, badge.status) == ("new", "for-readers", "active")
    assert desk.audited() == [("enrol", _bea(desk).holder.id)]


async def test_a_known_badge_says_whose_it_is(desk: Desk) -> None:
    """And nothing is written."""
    address = await begun(desk)
    gil = desk.find("M-2")
    assert gil is not None
    await desk.says(outcome="known", holder=gil.holder.id)
    assert await outcome(desk, address) == ("known", "This badge already belongs to Gil.")
    assert _bea(desk).credentials == ()


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
async def test_without_a_badge_nothing_is_written(desk: Desk, ending: str) -> None:
    """The page says why."""
    address = await begun(desk)
    await desk.says(outcome=ending)
    assert (await outcome(desk, address))[0] == ending
    assert _bea(desk).credentials == ()


async def test_a_program_ends_it(desk: Desk) -> None:
    """The reader is asked to wait no more, once; the answer is how it ended."""
    address = f"/api/v1{await begun(desk)}"
    async with desk.browser() as browser:
        ending = asyncio.create_task(browser.delete(address))
        while len(desk.asked) < 2:
            await asyncio.sleep(0)
        await desk.says(outcome="cancelled")
        assert (await ending).json()["outcome"] == "cancelled"
        assert (await browser.delete(address)).json()["outcome"] == "cancelled"
    assert desk.asked[1:] == (EnrolBadge(READER),)


async def test_a_gateway_that_is_gone_ends_it_too(desk: Desk) -> None:
    """A few seconds after the minute."""
    address = await begun(desk)
    desk.clock.advance(66)
    assert (await outcome(desk, address))[0] == "expired"


async def test_another_s_enrolment_is_not_this_one(desk: Desk) -> None:
    """A badge read for somebody else changes nothing here."""
    address = await begun(desk)
    await desk.says(transaction="t-2", outcome="read", credential=CredentialHash("new"))
    told = (await get(desk, f"/api/v1{address}", wait="0.5")).json()
    assert told["outcome"] == "waiting"


async def test_what_the_gateway_refuses_is_said(desk: Desk) -> None:
    """In its own words; and that it is away."""
    busy = Text("Ce lecteur attend.", "This reader waits.")
    desk.answer = ResponseMessage("t-1", "error", busy, "busy")
    refused = await post(desk, at("M-1", "/enrol"), reader=READER)
    assert (refused.status_code, "This reader waits." in refused.text) == (409, True)
    desk.answer = None
    assert (await post(desk, at("M-1", "/enrol"), reader=READER)).status_code == 503


@pytest.mark.parametrize("reader", ["front-out", "laser-badge", "nowhere", "front-counter"])
async def test_not_every_device_does(desk: Desk, reader: str) -> None:
    """Neither a way out nor a machine."""
    assert (await post(desk, at("M-1", "/enrol"), reader=reader)).status_code == 409
    assert desk.asked == ()


async def test_an_operator_gives_no_badge_to_staff(desk: Desk) -> None:
    """Or they could walk in as an administrator."""
    refused = await post(desk, f"/sites/{SITE}/members/{ADA}/enrol", reader=READER)
    assert refused.status_code == 403
    assert desk.asked == ()


async def test_an_unknown_enrolment_is_not_found(desk: Desk) -> None:
    """Nor one of long ago."""
    assert (await get(desk, f"/sites/{SITE}/enrolments/t-9")).status_code == 404


# -- the console is started again while a reader waits


async def restarted(desk: Desk, error: str | None = None) -> str:
    """The journal knows of an enrolment, and this console's memory is empty; its address."""
    desk.n += 1
    order = EnrolBadge(READER, _bea(desk).holder.id)
    event = Requested(Request("t-1", ADA, desk.clock.now(), order))
    answered = RequestAnswered("t-1", "enrol", ADA, error)
    row = event_row(desk.n, SITE, event, (answered,), desk.clock.now())
    await desk.journal.commit(Batch(events=[row]))
    desk.app.state.office = MembersDependencies(desk.console)
    return f"/sites/{SITE}/enrolments/t-1"


@pytest.mark.parametrize("while_away", [True, False])
async def test_it_outlives_a_restart(desk: Desk, while_away: bool) -> None:  # noqa: FBT001
    """Whoever began it finds it again, and a badge that was read, even meanwhile, is written."""
    address = await restarted(desk)
    desk.clock.advance(30)
    read = {"outcome": "read", "credential": CredentialHash("new"), "reader_hash": "for-readers"}
    if while_away:
        await desk.says(**read)
    else:
        assert (await get(desk, f"/api/v1{address}")).json()["outcome"] == "waiting"
        await desk.says(**read)
    assert (await outcome(desk, address))[0] == "enrolled"
    assert [each.hash for each in _bea(desk).credentials] == ["new"]
    assert desk.audited() == [("enrol", _bea(desk).holder.id)]


async def test_what_was_written_is_not_written_again(desk: Desk) -> None:
    """A badge that was reported stolen since stays so."""
    address = await restarted(desk)
    await desk.says(outcome="read", credential=CredentialHash("new"))
    assert (await outcome(desk, address))[0] == "enrolled"
    with desk.store() as store:
        store.apply((marked(_bea(desk), "stolen"),))
    desk.app.state.office = MembersDependencies(desk.console)
    assert (await outcome(desk, address))[0] == "enrolled"
    assert [each.status for each in _bea(desk).credentials] == ["stolen"]


@pytest.mark.parametrize(
    ("who", "later_s", "error"),
    [
        pytest.param(seat("operator"), 121, None, id="long over"),
        pytest.param(seat("operator"), 1, "busy", id="refused"),
        pytest.param(seat("operator", scopes=("people",)), 1, None, id="a token that only reads"),
        pytest.param(
            structs.replace(seat("operator"), holder=Holder(HolderId("h-2"), roles=OPERATES)),
            1,
            None,
            id="somebody else",
        ),
    ],
)
async def test_only_what_is_one_s_own_is_taken_up(
    desk: Desk, who: Principal, later_s: float, error: str | None
) -> None:
    """To anybody else, and after a while, there is no such enrolment, as before."""
    address = await restarted(desk, error)
    await desk.says(outcome="read", credential=CredentialHash("new"))
    desk.clock.advance(later_s)
    desk.sits(who)
    for path in (address, f"/api/v1{address}"):
        assert (await get(desk, path)).status_code == 404
    assert _bea(desk).credentials == ()


@pytest.mark.parametrize(("holder", "after"), [(HolderId("h-1"), "nobody"), (None, None)])
def test_an_old_request_says_no_more_for_whom_it_was(
    holder: HolderId | None, after: str | None
) -> None:
    """When passages are no longer kept."""
    told = Requested(Request("t", HolderId("h-2"), NOW, EnrolBadge(READER, holder)))
    order = purge._about_nobody(told).request.order
    assert order == EnrolBadge(READER, HolderId(after) if after else None)


def _bea(desk: Desk) -> Member:
    bea = desk.find("M-1")
    assert bea is not None
    return bea
