"""Members on the console: found, added, changed, imported and erased, by who may and on record."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from msgspec import structs
from openpyxl import load_workbook  # type: ignore[import-untyped]

from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditLog
from gateway.adapters.directory import FILE, DirectoryStore, Member, holder_of
from gateway.config import Settings
from gateway.console.identity import Principal
from gateway.console.members.long_exports import ListExport, MemberExport, long_export
from gateway.console.web.errors import Problem
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, PlanId, SiteId, Text, TrainingId
from tests.world.console import ConsolePlace, seat

KEY = "k" * 32
SITE = SiteId("le-seuil")
HOSTILE = "<img src=x onerror=document.title='owned'>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
ADA = HolderId("h-00000000ada0")
"""Whoever sits there in these tests."""
EVERYWHERE = (StaffRole(ADMINISTRATOR),)


def member(ref: str, name: str = "", **holder: object) -> Member:
    """A resident with one badge."""
    id_ = holder_of(KEY.encode(), ref)
    plans = {"memberships": (Membership(PlanId("resident")),)}
    return Member(
        ref,
        name or f"Name of {ref}",
        Holder(id_, **(plans | holder)),  # type: ignore[arg-type] # its own fields
        credentials=(Credential(CredentialHash(f"hash-of-{ref}"), id_),),
    )


class Place(ConsolePlace):
    """The example's site with some members, at which an administrator sits."""

    def __init__(self, folder: Path, *members: Member, sites: int = 1) -> None:
        super().__init__(folder)
        if sites > 1:
            other = structs.replace(
                self.sites[0], id=SiteId("annexe"), name=Text("Annexe", "Annex")
            )
            super().__init__(folder, (*self.sites, other))
        settings = Settings(data_dir=folder, credential_key=KEY)
        self.console.settings = settings
        self.console.stores._settings = settings
        self.folder = folder
        ada = Member("ADA", "Ada", Holder(ADA, roles=EVERYWHERE))
        with self.store() as store:
            store.apply((ada, *members))
        self.sits(seat("administrator"))

    def store(self) -> "closing[DirectoryStore]":
        """The members' file."""
        store = DirectoryStore(self.folder / FILE)
        store.bind(KEY.encode())
        return closing(store)

    def find(self, ref: str) -> Member | None:
        """A member as they are kept."""
        with self.store() as store:
            return store.find(ref)

    def audited(self) -> list[tuple[str, str | None]]:
        """What is on record, and about whom, the oldest first."""
        with closing(AuditLog(self.folder / AUDIT_FILE)) as log:
            lines = log.search().lines
        return [(line.entry.action, line.entry.subject) for line in reversed(lines)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Bea, somebody hostile, and Ada."""
    laser = Training(TrainingId("laser"), holder_of(KEY.encode(), "M-4"))
    place = Place(
        tmp_path,
        member("M-1", "Béa Müller", trainings=(laser,)),
        member("M-2", HOSTILE),
        member("M-3", FORMULA),
        member("M-4", "Gil"),
    )
    yield place
    place.console.close()


def at(ref: str, rest: str = "") -> str:
    """A member's page."""
    return f"/sites/{SITE}/members/{holder_of(KEY.encode(), ref)}{rest}"


async def post(place: Place, path: str, /, **fields: str) -> httpx.Response:
    """Send a form."""
    async with place.browser() as browser:
        return await browser.post(path, data=fields)


async def get(place: Place, path: str, language: str = "en", /, **query: str) -> httpx.Response:
    """Look at a page."""
    async with place.browser(language) as browser:
        return await browser.get(path, params=query)


# -- looking


@pytest.mark.parametrize("words", ["bea", "MULLER bé", "m-1"])
async def test_somebody_is_found_without_case_and_accents(place: Place, words: str) -> None:
    """By parts of the name, or by the reference; nobody else is shown."""
    place.sits(seat("operator"))
    page = await get(place, f"/sites/{SITE}/members", q=words)
    assert "Béa Müller" in page.text
    assert "M-2" not in page.text


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_hostile_name_is_text(place: Place, language: str) -> None:
    """On the list and on the member's page, whatever the language."""
    for path in (f"/sites/{SITE}/members", at("M-2")):
        page = await get(place, path, language)
        assert page.status_code == 200
        assert "<img src=x" not in page.text
        assert "&lt;img src=x" in page.text


async def test_a_page_tells_everything_but_numbers(place: Place) -> None:
    """Who gave a training, but no hash of a badge."""
    page = await get(place, at("M-1"))
    assert "given by Gil" in page.text
    assert "hash-of" not in page.text
    told = await get(place, f"/api/v1{at('M-1')}")
    (badge,) = told.json()["credentials"]
    assert badge.pop("enrolled")
    assert badge == {
        "place": 1,
        "kind": "badge",
        "label": "",
        "status": "active",
        "starts": None,
        "ends": None,
        "pin": False,
        "last_used": None,
    }


async def test_a_long_list_comes_in_pages(tmp_path: Path) -> None:
    """They are kept until somebody changes one."""
    place = Place(tmp_path, *(member(f"M-{n:04d}") for n in range(500)))
    first = (await get(place, f"/api/v1/sites/{SITE}/members", limit="2")).json()
    assert [first["total"], len(first["members"])] == [501, 2]
    rest = (await get(place, f"/api/v1/sites/{SITE}/members", q="m-0499")).json()
    assert [one["ref"] for one in rest["members"]] == ["M-0499"]
    with place.store() as store:
        store.apply((member("M-9999", "Zoe"),))
    assert (await get(place, f"/api/v1/sites/{SITE}/members", q="zoe")).json()["total"] == 1
    place.console.close()


async def test_an_operator_sees_and_changes_nothing(place: Place) -> None:
    """No form is shown, none is obeyed."""
    place.sits(seat("operator"))
    assert "Erase" not in (await get(place, at("M-1"))).text
    assert (await post(place, at("M-1", "/identity"), name="X")).status_code == 403


# -- changing


async def test_a_visitor_has_an_end(place: Place) -> None:
    """Without one nobody is added; with one, to the minute, on the site's clocks."""
    visit = {"kind": "visitor", "name": "Vic", "plan": "resident"}
    refused = await post(place, f"/sites/{SITE}/members", **visit)
    assert refused.status_code == 422
    assert "a visit has an end" in refused.text
    added = await post(place, f"/sites/{SITE}/members", **visit, until="2026-11-22 18:30")
    assert added.status_code == 303
    async with place.browser() as browser:
        (vic,) = (await browser.get(f"/api/v1/sites/{SITE}/members", params={"q": "vic"})).json()[
            "members"
        ]
    assert (vic["kind"], vic["plans"][0]["ends"]) == ("visitor", "2026-11-22T17:30:00Z")
    assert ("add", vic["holder"]) in place.audited()


async def test_what_somebody_has_is_changed_part_by_part(place: Place) -> None:
    """Each change is on record with who and whom; a wrong field is said, and changes nothing."""
    changes = {
        "/identity": {"name": "Bea", "email": "bea@example.org", "kind": "member", "groups": ""},
        "/plans": {"place": "0", "plan": "resident", "until": "2027-01-31", "status": "unpaid"},
        "/trainings": {"withdraw": "laser"},
        "/badges": {"place": "1", "status": "stolen"},
        "/roles": {"role-operator": "here"},
    }
    for part, fields in changes.items():
        assert (await post(place, at("M-1", part), **fields)).status_code == 303, part
    bea = place.find("M-1")
    assert bea is not None
    assert (bea.name, bea.email, bea.holder.trainings) == ("Bea", "bea@example.org", ())
    assert bea.holder.memberships[0].status == "unpaid"
    assert bea.credentials[0].status == "stolen"
    assert bea.holder.roles == (StaffRole(OPERATOR, (SITE,)),)
    who = holder_of(KEY.encode(), "M-1")
    assert place.audited() == [
        (action, who) for action in ("identity", "plan", "training", "badge", "roles")
    ]
    wrong = await post(place, at("M-1", "/plans"), plan="resident", until="01/31/2027")
    assert wrong.status_code == 422
    assert "is not a date" in wrong.text
    assert place.find("M-1") == bea


async def test_a_form_from_before_another_change_is_refused(place: Place) -> None:
    """Nobody overwrites what somebody else has just written."""
    stale = await post(place, at("M-1", "/badges"), place="1", status="lost", was="another")
    assert stale.status_code == 409
    bea = place.find("M-1")
    assert bea is not None
    assert bea.credentials[0].status == "active"


async def test_the_last_administrator_stays(place: Place) -> None:
    """Neither their role nor they themselves can be taken away, until there is another."""
    ada = f"/sites/{SITE}/members/{ADA}"
    for path, fields in (
        (f"{ada}/roles", {"role-administrator": "no"}),
        (f"{ada}/erase", {"ref": "ADA"}),
    ):
        refused = await post(place, path, **fields)
        assert refused.status_code == 409
        assert "last administrator" in refused.text
    await post(place, at("M-1", "/roles"), **{"role-administrator": "here"})
    assert (await post(place, f"{ada}/roles", **{"role-administrator": "no"})).status_code == 303


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("/identity", {"name": "Eve", "kind": "member"}),
        ("/roles", {"role-operator": "all"}),
        ("/plans", {"place": "0", "remove": "yes"}),
    ],
)
async def test_other_sites_are_their_administrators(
    tmp_path: Path, part: str, fields: dict[str, str]
) -> None:
    """One site's administrator changes nobody who has a role elsewhere, and gives none there."""
    there = (StaffRole(OPERATOR, (SiteId("annexe"),)),)
    place = Place(tmp_path, member("M-1", roles=there if part == "/identity" else ()), sites=2)
    place.sits(seat("administrator", SITE))
    before = place.find("M-1")
    refused = await post(place, at("M-1", part), **fields)
    assert refused.status_code == 403
    assert "other sites" in refused.text
    assert place.find("M-1") == before
    place.console.close()


async def test_who_is_of_another_site_is_not_there(tmp_path: Path) -> None:
    """Neither on the list nor by their address."""
    away = Membership(PlanId("resident"), (SiteId("annexe"),))
    place = Place(tmp_path, member("M-1", "Remote", memberships=(away,)), sites=2)
    assert "Remote" not in (await get(place, f"/sites/{SITE}/members")).text
    assert (await get(place, at("M-1"))).status_code == 404
    place.console.close()


# -- import and export

HEADER = "ref,name,plan,until\n"


async def upload(place: Place, text: str, prune: str = "") -> httpx.Response:
    """Send a file; its preview."""
    async with place.browser() as browser:
        sent = await browser.post(
            f"/sites/{SITE}/members/import",
            files={"file": ("members.csv", text.encode())},
            data={"prune": prune},
        )
        return await browser.get(sent.headers["location"]) if sent.status_code == 303 else sent


async def apply(place: Place, preview: httpx.Response) -> httpx.Response:
    """Apply what a preview showed."""
    return await post(place, f"{preview.url.path}/apply")


async def test_what_was_shown_is_what_is_written(place: Place) -> None:
    """Additions, changes and removals; once, and on record with its counts."""
    rows = "M-1,Bea,resident,2027-01-31\nM-2,Two,resident,\nN-1,Neo,nomad,\n"
    rows += "M-4,Gil,nomad,\nADA,Ada,nomad,\n"
    shown = await upload(place, HEADER + rows, prune="yes")
    for told in ("Neo", "Béa Müller → Bea", FORMULA.replace('"', "&#34;")):
        assert told in shown.text
    assert place.find("N-1") is None
    assert (await apply(place, shown)).status_code == 303
    names = {
        ref: found.name if (found := place.find(ref)) else None for ref in ("M-1", "N-1", "M-3")
    }
    assert names == {"M-1": "Bea", "N-1": "Neo", "M-3": None}
    assert place.audited() == [("import", None)]
    assert (await apply(place, shown)).status_code == 404


async def test_faults_name_line_and_column(place: Place) -> None:
    """And what would be right; nothing can be applied."""
    shown = await upload(place, HEADER + "M-1,Bea,residant,\nM-2,Two,resident,13/22/2026\n")
    assert "residant" in shown.text
    assert "did you mean" in shown.text
    assert "is not a date" in shown.text
    assert (await apply(place, shown)).status_code == 409
    assert place.audited() == []


async def test_what_a_list_leaves_open_is_asked_on_its_page(place: Place) -> None:
    """Once: the answers are kept with the import, and unknown columns are named."""
    text = "ref,name,Formule,Shoes\nN-1,Neo,Bureau fixe,42\n"
    shown = await upload(place, text, prune="yes")
    for told in ("Bureau fixe", 'name="answer"', "Shoes"):
        assert told in shown.text
    assert (await apply(place, shown)).status_code == 409
    assert place.find("M-2") is not None
    path = f"{shown.url.path}/answers"
    async with place.browser() as browser:
        assert (await browser.post(path, data={"answer": "king"})).status_code == 422
        sent = await browser.post(path, data={"answer": "nomad"})
        answered = await browser.get(sent.headers["location"])
    assert "Neo" in answered.text
    again = await upload(place, text)
    assert 'name="answer"' in again.text
    answered_again = await upload(place, text.replace("Bureau fixe", "nomad"))
    assert (await apply(place, answered_again)).status_code == 303


async def test_answers_are_kept_by_an_import_that_is_applied(place: Place) -> None:
    """The next list with the same words asks nothing."""
    text = "ref,name,Formule\nN-1,Neo,Bureau fixe\n"
    shown = await upload(place, text)
    async with place.browser() as browser:
        sent = await browser.post(f"{shown.url.path}/answers", data={"answer": "nomad"})
        answered = await browser.get(sent.headers["location"])
    assert (await apply(place, answered)).status_code == 303
    assert 'name="answer"' not in (await upload(place, text.replace("N-1", "N-2"))).text


async def test_a_preview_is_of_the_members_that_it_was_made_from(place: Place) -> None:
    """If somebody else was faster nothing is written. It is one's own, for a quarter of an hour."""
    shown = await upload(place, HEADER + "M-1,Bea,resident,\n")
    place.sits(
        structs.replace(seat("administrator"), holder=Holder(HolderId("h-2"), roles=EVERYWHERE))
    )
    assert (await apply(place, shown)).status_code == 404
    place.sits(seat("administrator"))
    with place.store() as store:
        store.apply((member("M-7"),))
    assert (await apply(place, shown)).status_code == 409
    again = await upload(place, HEADER + "M-1,Bea,resident,\n")
    place.clock.advance(15 * 60 + 1)
    assert (await apply(place, again)).status_code == 404


async def test_a_removal_of_the_last_administrator_is_refused(place: Place) -> None:
    """Also by a file."""
    shown = await upload(place, HEADER + "M-1,Bea,resident,\n", prune="yes")
    assert (await apply(place, shown)).status_code == 409


async def test_a_file_too_large_is_not_read(place: Place) -> None:
    """Nor one that is no list."""
    assert (await upload(place, "x" * (10 << 20) + "y")).status_code == 413
    assert (await upload(place, "x" * (12 << 20))).status_code == 413
    assert "cannot be read" in (await upload(place, "PK\x03\x04 no workbook")).text


async def test_an_export_holds_no_formula(place: Place) -> None:
    """As CSV and as XLSX, and an import of it changes nothing."""
    csv = await get(place, f"/sites/{SITE}/members/export/csv")
    assert "'=HYPERLINK" in csv.text
    again = await upload(place, csv.text)
    assert "no changes" in again.text
    xlsx = await get(place, f"/sites/{SITE}/members/export/xlsx")
    file = place.folder / "export.xlsx"
    file.write_bytes(xlsx.content)
    cells = [cell for row in load_workbook(file).active.iter_rows() for cell in row]
    assert f"'{FORMULA}" in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert place.audited() == [("export", None), ("export", None)]


async def test_an_export_speaks_the_language_of_the_page(place: Place) -> None:
    """For a French spreadsheet: its columns, its words, its delimiter; an import of it as well."""
    csv = await get(place, f"/sites/{SITE}/members/export/csv", "fr")
    header, line, *_ = csv.text.removeprefix("\ufeff").splitlines()
    assert header == (
        "ref;nom;courriel;genre;formule;lieux;du;au;statut;formations;roles;groupes;nombre_badges;"
        "details_badges"
    )
    assert ";membre;" in line
    again = await upload(place, csv.text)
    assert "no changes" in again.text


# -- personal data


async def test_somebody_is_erased_by_their_reference(place: Place) -> None:
    """A slip erases nobody; then nothing is left, and the record does not say who it was."""
    assert (await post(place, at("M-1", "/erase"), ref="M-2")).status_code == 422
    assert place.find("M-1") is not None
    assert (await post(place, at("M-1", "/erase"), ref="M-1")).status_code == 303
    assert place.find("M-1") is None
    assert place.audited() == [("erase", "nobody")]


async def test_an_export_of_somebody_is_on_record(place: Place) -> None:
    """It is theirs alone."""
    told = await post(place, at("M-1", "/export"))
    assert told.json()["name"] == "Béa Müller"
    assert "hash-of" not in told.text
    assert place.audited() == [("export", holder_of(KEY.encode(), "M-1"))]


@pytest.mark.parametrize("who", [seat("administrator", fresh=False)])
async def test_grave_things_ask_again(place: Place, who: Principal) -> None:
    """Roles, imports, exports and erasures: whoever left their desk does none of them."""
    place.sits(who)
    for part in ("/roles", "/erase", "/export"):
        answer = await post(place, at("M-1", part), ref="M-1")
        assert answer.headers["location"].startswith("/sign-in/again"), part
    assert (await get(place, f"/sites/{SITE}/members/export/csv")).status_code == 303


async def test_members_are_found_exactly(place: Place) -> None:
    """By reference or address: a sync that guesses would change somebody else."""
    members = f"/api/v1/sites/{SITE}/members"
    async with place.browser() as browser:
        for ref, email in (("N-1", "ann@example.org"), ("N-10", "joann@example.org")):
            sent = {"name": ref, "plan": "nomad", "ref": ref, "email": email}
            assert (await browser.post(members, json=sent)).status_code == 201
        assert (await browser.get(members, params={"q": "n-1"})).json()["total"] == 2
        for wish in ({"ref": "N-1"}, {"email": "Ann@example.org"}):
            found = (await browser.get(members, params=wish)).json()["members"]
            assert [one["ref"] for one in found] == ["N-1"]
        assert (await browser.get(members, params={"ref": "N-9"})).json()["total"] == 0


async def test_who_is_not_paid_does_not_become_active(place: Place) -> None:
    """A field that `POST /members` does not know adds nobody; a plan's new name changes no more."""
    members = f"/api/v1/sites/{SITE}/members"
    async with place.browser() as browser:
        wish = {"name": "Ann", "plan": "nomad", "ref": "N-1"}
        refused = await browser.post(members, json=wish | {"status": "unpaid", "bogus": 1})
        assert refused.status_code == 422
        assert {one["where"] for one in refused.json()["errors"]} == {"body.status", "body.bogus"}
        holder = (await browser.post(members, json=wish)).json()["holder"]
        plan = f"{members}/{holder}/plans/1"
        unpaid = {"status": "unpaid", "until": "2027-06-30"}
        before = (await browser.patch(plan, json=unpaid)).json()["plans"][0]
        after = (await browser.patch(plan, json={"plan": "resident"})).json()["plans"][0]
        assert after == before | {"plan": "resident"}


async def test_no_page_waits_for_an_export(place: Place) -> None:
    """It is made in a process of its own: the members are there for everybody meanwhile."""
    async with place.browser() as browser:
        path = f"/api/v1/sites/{SITE}/members"
        holder = holder_of(KEY.encode(), "M-1")
        made = asyncio.create_task(browser.get(f"{path}/{holder}/export"))
        answered = 0
        while not made.done():
            assert (await browser.get(path)).json()["total"] == 5
            answered += 1
        assert answered > 1
        assert (await made).json()["ref"] == "M-1"
        now, file = place.console.clock.now(), str(place.folder / FILE)  # which is no folder
        with pytest.raises(Problem, match="no-such-member"):
            await long_export(MemberExport(str(place.folder), "h-nobody", now))
        with pytest.raises(Problem, match="export-failed"):
            await long_export(ListExport(file, SITE, "Europe/Paris", ".csv", "en"))
