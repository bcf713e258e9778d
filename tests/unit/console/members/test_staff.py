"""A member of staff is changed only by who outranks them: their address opens their account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core.model.directory import Membership, StaffRole
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, PlanId, RoleId, SiteId
from tests.unit.console.members.test_members import SITE, Place, at, member, post, upload
from tests.world.console import seat

BOTH = (SITE, SiteId("annexe"))
EVERYWHERE: tuple[SiteId, ...] = ()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Two sites; staff of one, of both, and of all that there are or will be."""
    place = Place(
        tmp_path,
        member(
            "M-here",
            roles=(StaffRole(OPERATOR, (SITE,)),),
            memberships=(Membership(PlanId("resident"), (SITE,)),),
        ),
        member("M-both", roles=(StaffRole(OPERATOR, BOTH),)),
        member("M-there", roles=(StaffRole(RoleId("steward"), (SiteId("annexe"),)),)),
        member("M-all", roles=(StaffRole(ADMINISTRATOR, EVERYWHERE),)),
        sites=2,
    )
    yield place
    place.console.close()


IDENTITY = ("/identity", {"name": "Mallory", "email": "mallory@example.org"})
ERASE = ("/erase", {"ref": "of the member"})
SUSPEND = ("/badges", {"place": "1", "status": "suspended"})
ROLES = ("/roles", {"role-viewer": "here"})


@pytest.mark.parametrize(
    ("sites", "ref"),
    [((SITE,), "M-both"), ((SITE,), "M-there"), ((SITE,), "M-all"), (BOTH, "M-all")],
    ids=["of two sites", "another role elsewhere", "of all", "of all, by who has each one"],
)
@pytest.mark.parametrize(
    ("part", "fields"), [IDENTITY, ERASE, SUSPEND, ROLES], ids=["edit", "erase", "suspend", "role"]
)
async def test_who_does_not_outrank_is_refused(
    place: Place, part: str, fields: dict[str, str], sites: tuple[SiteId, ...], ref: str
) -> None:
    """Whatever the form, and it is said why."""
    place.sits(seat("administrator", *sites))
    before = place.find(ref)
    given = {"ref": ref} if part == "/erase" else fields
    refused = await post(place, at(ref, part), **given)
    assert refused.status_code == 403
    assert "has a role at other sites too" in refused.text
    assert place.find(ref) == before


@pytest.mark.parametrize(("part", "fields"), [IDENTITY, ERASE, SUSPEND, ROLES])
async def test_who_outranks_may(place: Place, part: str, fields: dict[str, str]) -> None:
    """The site's administrator changes the site's own staff."""
    place.sits(seat("administrator", SITE))
    before = place.find("M-here")
    given = {"ref": "M-here"} if part == "/erase" else fields
    assert (await post(place, at("M-here", part), **given)).status_code == 303
    assert place.find("M-here") != before


async def test_a_program_hears_the_reason(place: Place) -> None:
    """As a problem with a code of its own."""
    place.sits(seat("administrator", SITE))
    async with place.browser() as browser:
        path = f"/api/v1{at('M-all')}/credentials/1"
        refused = await browser.put(path, json={"status": "lost"})
    assert refused.status_code == 403
    assert refused.json()["type"] == "about:seuil:staff-elsewhere"


@pytest.mark.parametrize(
    ("lines", "prune"), [("M-all,Mallory,resident\n", ""), ("M-here,Same,resident\n", "yes")]
)
async def test_an_import_is_no_way_around(place: Place, lines: str, prune: str) -> None:
    """A file that changes or removes who outranks the importer changes nobody."""
    place.sits(seat("administrator", *BOTH))
    before = place.find("M-all")
    preview = await upload(place, f"ref,name,plan\n{lines}", prune)
    refused = await post(place, f"{preview.url.path}/apply")
    assert refused.status_code == 403
    assert "has a role at other sites too" in refused.text
    assert place.find("M-all") == before
    place.sits(seat("administrator"))  # the same file, from who may
    preview = await upload(place, f"ref,name,plan\n{lines}ADA,Ada,resident\n", prune)
    assert (await post(place, f"{preview.url.path}/apply")).status_code == 303
