"""A member changed by a program: part by part, of the member that it knows, and on record."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gateway.core.model.directory import Membership, StaffRole
from gateway.core.model.names import ADMINISTRATOR, GroupId, PlanId, SiteId
from tests.unit.console.members.test_members import HOSTILE, SITE, Place, at, member
from tests.world.console import seat

STARTS = datetime(2026, 1, 1, 6, tzinfo=UTC)
NOMAD = Membership(PlanId("nomad"), (SITE,), STARTS)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Bea, with two plans, of two sites; and somebody who administers both."""
    bea = member(
        "M-1",
        "Béa Müller",
        groups=(GroupId("association"),),
        memberships=(NOMAD, Membership(PlanId("resident"))),
    )
    staff = member("M-9", roles=(StaffRole(ADMINISTRATOR),))
    place = Place(tmp_path, bea, staff, sites=2)
    yield place
    place.console.close()


async def send(
    place: Place, method: str, path: str, body: object = None, **headers: str
) -> httpx.Response:
    """Ask the API."""
    async with place.browser() as browser:
        return await browser.request(method, f"/api/v1{path}", json=body, headers=headers)


async def test_what_is_not_sent_stays(place: Place) -> None:
    """One field is changed, null is none, and the answer is the member as they are kept."""
    answer = await send(place, "PATCH", at("M-1"), {"email": "bea@example.org"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["name"], told["email"]) == ("Béa Müller", "bea@example.org")
    assert (told["groups"], len(told["plans"])) == (["association"], 2)
    await send(place, "PATCH", at("M-1"), {"email": None, "groups": [], "name": HOSTILE})
    bea = place.find("M-1")
    assert bea is not None
    assert (bea.name, bea.email, bea.holder.groups) == (HOSTILE, None, ())
    assert (await send(place, "PATCH", at("M-1"), {})).status_code == 200
    assert place.audited() == [("identity", bea.holder.id)] * 2


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"name": ""}, "name"),
        ({"email": "no address"}, "email"),
        ({"groups": ["nobody-knows"]}, "groups"),
        ({"nmae": "Bea"}, "body.nmae"),
        ({"kind": "robot"}, "body.kind"),
    ],
)
async def test_what_is_wrong_is_named(place: Place, wanted: dict[str, str], where: str) -> None:
    """A problem names the field, a misspelt one too; nothing is changed."""
    before = place.find("M-1")
    answer = await send(place, "PATCH", at("M-1"), wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["where"] for each in answer.json()["errors"]] == [where]
    assert place.find("M-1") == before
    assert place.audited() == []


async def test_a_change_is_of_the_member_that_was_read(place: Place) -> None:
    """With If-Match, whoever was slower changes nothing; each answer has the next tag."""
    read = (await send(place, "GET", at("M-1"))).headers["etag"]
    first = await send(place, "PATCH", at("M-1"), {"name": "First"}, **{"If-Match": read})
    assert first.status_code == 200
    paths: tuple[tuple[str, str, object], ...] = (
        ("PATCH", "", {"name": "Second"}),
        ("DELETE", "/plans/1", None),
        ("PUT", "/credentials/1", {"status": "lost"}),
    )
    for method, path, body in paths:
        late = await send(place, method, at("M-1", path), body, **{"If-Match": read})
        assert late.status_code == 412, path
        assert late.json()["type"] == "about:seuil:changed-meanwhile"
    kept = place.find("M-1")
    assert kept is not None
    assert (kept.name, len(kept.holder.memberships)) == ("First", 2)
    for tag in (first.headers["etag"], "*"):
        again = await send(place, "PATCH", at("M-1"), {"name": tag}, **{"If-Match": tag})
        assert again.status_code == 200, tag


async def test_plans_are_given_changed_and_taken(place: Place) -> None:
    """By their place; what is not sent of a plan stays, to the hour."""
    path = at("M-1", "/plans")
    changed = await send(place, "PATCH", f"{path}/1", {"until": "2027-06-30"})
    assert changed.status_code == 200, changed.text
    bea = place.find("M-1")
    assert bea is not None
    ends = datetime(2027, 6, 30, 22, tzinfo=UTC)
    assert bea.holder.memberships[0] == Membership(PlanId("nomad"), (SITE,), STARTS, ends)
    given = await send(place, "POST", path, {"plan": "nomad", "from": "2028-01-01"})
    assert given.status_code == 201, given.text
    assert [(each["place"], each["plan"]) for each in given.json()["plans"]] == [
        (1, "nomad"),
        (2, "resident"),
        (3, "nomad"),
    ]
    taken = await send(place, "DELETE", f"{path}/1")
    assert [each["plan"] for each in taken.json()["plans"]] == ["resident", "nomad"]
    assert place.audited() == [("plan", bea.holder.id)] * 3


@pytest.mark.parametrize("number", [0, 3, -1])
async def test_a_place_without_a_plan_is_said(place: Place, number: int) -> None:
    """Nothing is changed at a place where there is no plan."""
    for method, body in (("PATCH", {"status": "unpaid"}), ("DELETE", None)):
        answer = await send(place, method, at("M-1", f"/plans/{number}"), body)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"where": "place", "what": "is no plan of this member"},
        ]
    assert place.audited() == []


async def test_it_may_no_more_than_the_page(place: Place) -> None:
    """A plan at every site, and a member of staff, are for an administrator of every site."""
    place.sits(seat("administrator", SITE))
    wanted = {"status": "suspended"}
    assert (await send(place, "PATCH", at("M-1", "/plans/1"), wanted)).status_code == 200
    for method, path, body in (
        ("PATCH", at("M-1", "/plans/2"), wanted),
        ("DELETE", at("M-1", "/plans/2"), None),
        ("POST", at("M-1", "/plans"), {"plan": "nomad", "where": "all"}),
        ("PATCH", at("M-9"), {"email": "mallory@example.org"}),
    ):
        assert (await send(place, method, path, body)).status_code == 403, path
    elsewhere = at("M-1").replace(SITE, "annexe")
    assert (await send(place, "PATCH", elsewhere, {"name": "M"})).status_code == 404


async def test_programs_find_their_sites(place: Place) -> None:
    """Those at which the asker has a role, with the highest of them."""
    told = (await send(place, "GET", "/sites")).json()
    assert [(each["id"], each["role"]) for each in told] == [
        (SITE, "administrator"),
        ("annexe", "administrator"),
    ]
    place.sits(seat("operator", SiteId("annexe")))
    (one,) = (await send(place, "GET", "/sites")).json()
    assert (one["id"], one["role"], one["timezone"]) == ("annexe", "operator", "Europe/Paris")
