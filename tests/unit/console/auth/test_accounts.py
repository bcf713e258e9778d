"""Who sets up accounts, for whom; tokens; what is on record; how it begins."""

from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from typer.testing import CliRunner

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE, AccountStore, StoreError
from gateway.adapters.audit import EntryLine
from gateway.cli import app
from gateway.config import Settings
from gateway.console.auth import bootstrap, links
from gateway.console.auth.passwords import what_is_wrong
from gateway.console.auth.staff import outranks
from gateway.console.feed.hub import View, Watcher
from gateway.console.feed.stream_guard import Guard
from gateway.console.identity import Rank
from gateway.console.server import _Server
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import RoleId, SiteId
from tests.world.console_accounts import SignInPlace
from tests.world.signed_in import PASSWORD, SignedIn, enrol

GOOD = "seven herons over water"


def _link(place: SignInPlace, holder: HolderId | None = None) -> str:
    return bootstrap.new_link(place.settings, place.clock, "", holder)


async def _entries(place: SignInPlace) -> list[tuple[str, str, str]]:
    def read(lines: tuple[EntryLine, ...]) -> list[tuple[str, str, str]]:
        return [(line.entry.action, line.entry.by, line.entry.outcome) for line in lines]

    return await place.sign_in.do(lambda files: read(files.audit.search().lines))


class TestSetUp:
    """One-time links."""

    async def test_first_administrator(self, place: SignInPlace) -> None:
        """The first link makes a member who administrates all sites, and counts once."""
        link = _link(place)
        async with place.browser() as browser:
            answer = await place.send(
                browser, link, name="Zoé", login="zoe@example.org", password=GOOD
            )
            assert answer.headers["location"] == "/"
            assert (await browser.get("/")).headers["location"].startswith("/me?second")
            member = await place.sign_in.do(lambda files: files.people.find("admin"))
            assert member is not None
            assert member.holder.has_role(RoleId("administrator"), SiteId(place.site))
            assert (await browser.get(link)).status_code == 404

    async def test_a_member_with_that_address(self, place: SignInPlace) -> None:
        """Who is a member already stays the same member."""
        holder = enrol(place.settings, "viewer", ref="m-7", name="Zoé")
        async with place.browser() as browser:
            await place.send(
                browser, _link(place), name="Z", login="m-7@example.org", password=GOOD
            )
        member = await place.sign_in.do(lambda files: files.people.member(holder))
        assert member is not None
        assert [role.role for role in member.holder.roles] == ["viewer", "administrator"]

    async def test_invited(self, place: SignInPlace) -> None:
        """An invited member chooses a login and a password, and is in with their own role."""
        holder = enrol(place.settings, "viewer", ref="bob", name="Bob")
        async with place.browser() as browser:
            link = _link(place, holder)
            assert "bob@example.org" in (await browser.get(link)).text
            await place.send(browser, link, login="bob", password=GOOD)
            assert (await browser.get(f"/sites/{place.site}/live")).status_code == 200
            assert (await browser.get("/accounts")).status_code == 403

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "Zoé", "login": "zoe@example.org", "password": "short"},
            {"name": "", "login": "zoe@example.org", "password": GOOD},
            {"name": "Zoé", "login": "zoe", "password": GOOD},
            {"name": "Zoé", "login": "", "password": GOOD},
            {"name": "Zoé" * 99, "login": "zoe@example.org", "password": GOOD},
        ],
    )
    async def test_a_fault_uses_nothing_up(
        self, place: SignInPlace, fields: dict[str, str]
    ) -> None:
        """What is wrong is said beside its field, and the link still counts."""
        link = _link(place)
        async with place.browser() as browser:
            answer = await place.send(browser, link, **fields)
            assert answer.status_code == 422
            assert 'aria-invalid="true"' in answer.text
            assert (await browser.get(link)).status_code == 200

    async def test_a_link_ends(self, place: SignInPlace) -> None:
        """After an hour, and when a newer one was made for the same person."""
        older, link = _link(place), _link(place)
        async with place.browser() as browser:
            assert (await browser.get(older)).status_code == 404
            assert (await browser.get(link)).status_code == 200
            place.clock.advance(3601)
            assert (await browser.get(link)).status_code == 404

    async def test_a_new_password_is_not_a_way_around_the_app(self, place: SignInPlace) -> None:
        """A link resets the password and ends the sessions; the code is asked as before."""
        ada = place.person()
        async with place.browser() as browser, place.browser(ada) as old:
            answer = await place.send(
                browser, _link(place, ada.holder), login=ada.login, password=GOOD
            )
            assert answer.headers["location"] == "/sign-in"
            assert (await old.get("/me")).status_code == 303
            answer = await place.send(browser, "/sign-in", login=ada.login, password=GOOD)
            assert answer.headers["location"] == "/sign-in/code"

    async def test_a_login_is_one_persons(self, place: SignInPlace) -> None:
        """A login that is taken is refused, and the link still counts."""
        place.person()
        holder = enrol(place.settings, "viewer", ref="bob", name="Bob")
        link = _link(place, holder)
        async with place.browser() as browser:
            answer = await place.send(browser, link, login="ADA@example.org", password=GOOD)
            assert answer.status_code == 422
            assert (await browser.get(link)).status_code == 200

    def test_only_the_hash_of_a_link_is_kept(self, place: SignInPlace) -> None:
        """Who reads the file has no link."""
        secret = _link(place).removeprefix(links.PATH)
        assert secret.encode() not in (place.settings.data_dir / FILE).read_bytes()


def _holder(role: str = "", *sites: str) -> Holder:
    roles = (StaffRole(RoleId(role), tuple(SiteId(site) for site in sites)),) if role else ()
    return Holder(HolderId("h-1"), roles=roles)


@pytest.mark.parametrize(
    ("asker", "other", "may"),
    [
        pytest.param(("administrator",), ("administrator",), True, id="at all sites: everybody"),
        pytest.param(("administrator", "a"), ("operator", "a"), True, id="at the same site"),
        pytest.param(("administrator", "a"), ("viewer", "a", "b"), False, id="also elsewhere"),
        pytest.param(("administrator", "a"), ("viewer",), False, id="everywhere"),
        pytest.param(("administrator", "a"), ("administrator",), False, id="one above"),
        pytest.param(("administrator", "a"), (), True, id="no role yet"),
        pytest.param(("operator",), ("viewer", "a"), False, id="an operator: nobody"),
        pytest.param(("operator",), (), False, id="an operator: not even no role"),
    ],
)
def test_nobody_resets_who_is_above_them(
    asker: tuple[str, ...], other: tuple[str, ...], *, may: bool
) -> None:
    """Who resets a password can become its owner: only where one administrates all their sites."""
    assert outranks(_holder(*asker), _holder(*other), (SiteId("a"), SiteId("b"))) is may


class TestAdministrators:
    """The page of accounts."""

    async def test_a_site_s_administrator(self, place: SignInPlace) -> None:
        """They invite at their site, and cannot touch the administrator of all."""
        ada, boss = place.person("administrator", place.site), place.person(ref="boss", name="Boss")
        bob = place.person("operator", place.site, ref="bob", name="Bob")
        async with place.browser(ada) as browser:
            page = (await browser.get("/accounts")).text
            assert "has a role at other sites" in page
            for path, field in (("link", "who"), ("end", "holder"), ("second", "holder")):
                sent = {"csrf": ada.csrf, field: boss.holder}
                assert (await browser.post(f"/accounts/{path}", data=sent)).status_code == 422
            sent = {"csrf": ada.csrf, "holder": bob.holder}
            assert (await browser.post("/accounts/end", data=sent)).status_code == 303
        async with place.browser(bob) as gone, place.browser(boss) as stays:
            assert (await gone.get("/me")).status_code == 303
            assert (await stays.get("/me")).status_code == 200

    async def test_a_lost_telephone(self, place: SignInPlace) -> None:
        """The second factor is taken away, on record, and set up again at the next sign-in."""
        ada, bob = place.person(), place.person(ref="bob")
        async with place.browser(ada) as browser, place.browser() as other:
            sent = {"csrf": ada.csrf, "holder": bob.holder}
            await browser.post("/accounts/second", data=sent)
            answer = await place.send(other, "/sign-in", login=bob.login, password=PASSWORD)
            assert answer.headers["location"] == "/"
            assert (await other.get("/accounts")).headers["location"].startswith("/me?second")
        assert ("account", ada.holder, "done") in await _entries(place)

    async def test_the_link_is_shown_once(self, place: SignInPlace) -> None:
        """It is in the answer alone, whole, and opens."""
        ada = place.person()
        enrol(place.settings, "viewer", ref="bob", name="<img src=x onerror=alert(1)>")
        async with place.browser(ada) as browser:
            page = (
                await browser.post("/accounts/link", data={"csrf": ada.csrf, "who": "bob"})
            ).text
            link = page.split("http://localhost/set-up/")[1].split("<")[0]
            assert "<img src=x" not in page
            assert "/set-up/" not in (await browser.get("/accounts")).text
            assert (await browser.get(f"/set-up/{link}")).status_code == 200
            nobody = {"csrf": ada.csrf, "who": "nobody"}
            assert (await browser.post("/accounts/link", data=nobody)).status_code == 422


async def _token(
    browser: httpx.AsyncClient,
    ada: SignedIn,
    path: str = "/me/tokens",
    **fields: Any,  # noqa: ANN401 - a form's
) -> str:
    sent = {"csrf": ada.csrf, "name": "Grafana", "scope": ["read"], "days": "30"} | fields
    page = (await browser.post(path, data=sent)).text
    return page.split('class="secret">')[1].split("<")[0] if 'class="secret">' in page else ""


class TestTokens:
    """Tokens for programs."""

    async def test_what_a_token_may(self, place: SignInPlace) -> None:
        """It reads what it was made for, at its sites; it is no way to manage its holder."""
        ada = place.person("operator")
        picture = f"/api/v1/sites/{place.site}/picture"
        async with place.browser(ada) as browser, place.browser() as program:
            secret = await _token(browser, ada)
            assert secret.startswith("seuil_")
            bearer = {"authorization": f"Bearer {secret}"}
            assert (await program.get(picture, headers=bearer)).status_code == 200
            assert (await program.get("/me", headers=bearer)).status_code == 403
            wrong = {"authorization": f"Bearer {secret}x"}
            assert (await program.get(picture, headers=wrong)).status_code == 401
            assert secret not in (await browser.get("/me")).text, "shown once"
        assert secret.encode() not in (place.settings.data_dir / FILE).read_bytes()

    async def test_a_wrong_token_is_nobody(self, place: SignInPlace) -> None:
        """The cookie beside it does not step in: what a browser adds by itself needs its token."""
        ada = place.person("operator")
        async with place.browser(ada) as browser:
            for sent in ("Bearer nonsense", "Basic YTpi", "Bearer "):
                answer = await browser.get(
                    f"/api/v1/sites/{place.site}/picture", headers={"authorization": sent}
                )
                assert answer.status_code == 401, sent

    async def test_never_more_than_the_holder(self, place: SignInPlace) -> None:
        """The scopes and sites lower the role, and a role that is taken is gone from the token."""
        ada = place.person("administrator")
        async with place.browser(ada) as browser:
            all_of_it = await _token(browser, ada, scope=["read", "people", "administer"])
            reads = await _token(browser, ada, scope=["read"], site=[place.site])

            async def seat(secret: str) -> tuple[bool, ...]:
                scope = {
                    "type": "http",
                    "headers": [(b"authorization", f"Bearer {secret}".encode())],
                }
                found = await place.sign_in.of(Request(scope))
                assert found is not None
                site, other = SiteId(place.site), SiteId("another")
                ranks: tuple[Rank, ...] = ("viewer", "operator", "administrator")
                return (*(found.may(rank, site) for rank in ranks), found.may("viewer", other))

            assert await seat(all_of_it) == (True, True, True, True)
            assert await seat(reads) == (True, False, False, False)
            enrol(place.settings, "viewer", ref="ada")
            assert await seat(all_of_it) == (True, False, False, True)

    async def test_it_makes_no_way_in(self, place: SignInPlace) -> None:
        """Not even an administrator's token makes a link or another token: a leak stays small."""
        ada = place.person()
        async with place.browser(ada) as browser, place.browser() as program:
            secret = await _token(browser, ada, scope=["read", "people", "operate", "administer"])
            bearer = {"authorization": f"Bearer {secret}"}
            for path in ("link", "end", "second", "tokens"):
                sent = {"who": "ada", "holder": ada.holder, "name": "x", "scope": "read"}
                answer = await program.post(f"/accounts/{path}", data=sent, headers=bearer)
                assert answer.status_code == 422, path

    async def test_it_ends(self, place: SignInPlace) -> None:
        """On its day, and when it is revoked."""
        ada = place.person("viewer")
        picture = f"/api/v1/sites/{place.site}/picture"
        async with place.browser(ada) as browser, place.browser() as program:
            one = await _token(browser, ada)
            place.clock.advance(1)  # of two of the same instant, either may be listed first
            other = await _token(browser, ada, days="1")
            page = (await browser.get("/me")).text
            key = page.split('action="/me/tokens/revoke"')[2].split('name="key" value="')[1][:12]
            await browser.post("/me/tokens/revoke", data={"csrf": ada.csrf, "key": key})
            revoked = {"authorization": f"Bearer {one}"}
            assert (await program.get(picture, headers=revoked)).status_code == 401
            short = {"authorization": f"Bearer {other}"}
            assert (await program.get(picture, headers=short)).status_code == 200
            place.clock.advance(24 * 3600)
            assert (await program.get(picture, headers=short)).status_code == 401

    @pytest.mark.parametrize(
        "fields",
        [
            {"scope": []},
            {"scope": ["read", "everything"]},
            {"name": " "},
            {"days": "0"},
            {"days": "9999"},
            {"days": "²"},
            {"site": ["nowhere"]},
        ],
    )
    async def test_nonsense(self, place: SignInPlace, fields: dict[str, Any]) -> None:
        """A token that makes no sense is not made."""
        ada = place.person("viewer")
        async with place.browser(ada) as browser:
            assert await _token(browser, ada, **fields) == ""

    async def test_for_a_service(self, place: SignInPlace) -> None:
        """An administrator makes one for a member who stands for it, only below themselves."""
        ada = place.person("administrator", place.site)
        place.person(ref="boss")
        enrol(place.settings, "viewer", place.site, ref="grafana", name="Grafana")
        async with place.browser(ada) as browser, place.browser() as program:
            assert await _token(browser, ada, "/accounts/tokens", who="boss") == ""
            secret = await _token(browser, ada, "/accounts/tokens", who="grafana")
            bearer = {"authorization": f"Bearer {secret}"}
            answer = await program.get(f"/api/v1/sites/{place.site}/picture", headers=bearer)
            assert answer.status_code == 200
        assert ("token", ada.holder, "done") in await _entries(place)


class TestStreams:
    """Streams end with the right to see them."""

    @pytest.mark.parametrize("how", ["role", "session", "age"])
    async def test_closed(self, place: SignInPlace, how: str) -> None:
        """When the role is taken, the session is ended, or its time is over."""
        ada, bob = place.person("viewer"), place.person("viewer", ref="bob")
        guard = Guard(place.sign_in)
        theirs = {}
        for who in (ada, bob):
            cookie = f"seuil={who.secret}".encode()
            headers = [(b"cookie", cookie), (b"host", b"localhost")]
            scope = {"type": "http", "scheme": "http", "headers": headers, "path": "/"}
            theirs[who.ref] = Watcher(View(SiteId(place.site), "en", people=False))
            guard.watch(theirs[who.ref], Request(scope | {"query_string": b"", "method": "GET"}))
        await guard.look()
        assert not any(watcher.closed for watcher in theirs.values())
        if how == "role":
            enrol(place.settings, "", ref="ada")
        elif how == "session":
            assert CliRunner().invoke(app, _end(place)).exit_code == 0
        else:
            place.clock.advance(13 * 3600)
            guard._looks = 59
        await guard.look()
        assert theirs["ada"].closed
        assert theirs["bob"].closed == (how == "age")


def _end(place: SignInPlace) -> list[str]:
    return ["members", "account", "ada", "--end", "--data-dir", str(place.settings.data_dir)]


async def test_on_record(place: SignInPlace) -> None:
    """Sign-ins good and bad, refusals and sign-outs are in the audit, before the answer is out."""
    ada = place.person("viewer")
    async with place.browser() as browser, place.browser(ada) as old:
        await place.send(browser, "/sign-in", login=ada.login, password="not the password")  # noqa: S106
        await place.send(browser, "/sign-in", login="eve", password=PASSWORD)
        await old.get("/accounts")
        await old.post("/sign-out", headers={"x-csrf-token": ada.csrf})
    assert (await _entries(place))[::-1] == [
        ("sign-in", ada.holder, "wrong"),
        ("sign-in", "nobody", "wrong"),
        ("refused", ada.holder, "not-allowed"),
        ("sign-out", ada.holder, "done"),
    ]


async def test_forwarded_headers(place: SignInPlace) -> None:
    """Whoever is no proxy of ours cannot claim to come by https, or from elsewhere."""
    claims = {"x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"}
    for proxies, private in (([], False), (["192.0.2.7"], True), (["192.0.2.8"], False)):
        server = _Server(place.app, (place.console.hub,), proxies)
        server.config.load()
        transport = httpx.ASGITransport(
            app=server.config.loaded_app,
            client=("192.0.2.7", 1),
        )
        async with httpx.AsyncClient(
            transport=transport, base_url="http://seuil.test", headers=claims
        ) as browser:
            page = (await browser.get("/sign-in")).text
        assert ('name="password"' in page) is private, proxies


class TestDemo:
    """A demo signs in whoever sits at the machine."""

    async def test_signed_in(self, tmp_path: Path) -> None:
        """From this machine, without a word; from another one not."""
        place = SignInPlace(tmp_path, demo=True)
        with closing(place):
            enrol(place.settings, "administrator", ref="demo", name="Demo")
            async with place.browser() as browser, place.browser(address="192.0.2.7") as far:
                assert (await far.get("/sign-in")).status_code == 200
                answer = await browser.get(f"/sign-in?next=/sites/{place.site}/live")
                assert answer.headers["location"] == f"/sites/{place.site}/live"
                assert (await browser.get("/accounts")).status_code == 200
                place.clock.advance(3600)
                token = (await browser.get("/accounts")).text.split('"csrf" value="')[1][:64]
                sent = {"csrf": token, "who": "demo"}
                assert "/set-up/" in (await browser.post("/accounts/link", data=sent)).text
                cookie = browser.cookies["seuil"]
        real = SignInPlace(tmp_path)
        with closing(real):
            async with real.browser() as browser:
                browser.cookies.set("seuil", cookie, domain="localhost.local")
                assert (await browser.get("/me")).status_code == 303, "no demo, no session of one"

    def test_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a network, or over the members of a real place, it does not start."""
        monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path))
        space = "gateway/examples/space.toml"
        for options, told in (
            (["--host", "0.0.0.0"], "this machine alone"),  # noqa: S104
            (["--proxy", "127.0.0.1"], "without a proxy"),
            ([], "is no demo's folder"),
        ):
            done = CliRunner().invoke(app, ["console", space, "--demo", *options])
            assert done.exit_code == 2
            assert told in " ".join(done.output.split())


class TestCommands:
    """From the command line."""

    def test_links(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A link for a first administrator, and one for a member with a role."""
        monkeypatch.setenv("SEUIL_DATA_DIR", str(tmp_path))
        done = CliRunner().invoke(app, ["console", "--setup-link"])
        assert done.output.startswith("http://localhost:8080/set-up/")
        settings = Settings(data_dir=tmp_path)
        enrol(settings, "", ref="bob")
        done = CliRunner().invoke(app, ["members", "account", "bob", "--link"])
        assert done.exit_code == 2
        assert "has no role at the console" in " ".join(done.output.split())
        enrol(settings, "viewer", ref="bob")
        monkeypatch.setenv("SEUIL_PUBLIC_URL", "https://seuil.example.org/")
        done = CliRunner().invoke(app, ["members", "account", "bob", "--link"])
        assert done.output.startswith("https://seuil.example.org/set-up/")

    def test_only_the_first_start_tells_a_link(self, place: SignInPlace) -> None:
        """Where somebody can sign in, none is made."""
        assert bootstrap.link_if_first(place.settings, place.clock, "") is not None
        place.person()
        assert bootstrap.link_if_first(place.settings, place.clock, "") is None


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("four words of mine", True),
        ("correct horse battery", True),
        ("short", False),
        ("x" * 300, False),
        ("password1234", False),
        ("Motdepasse2026", False),
        ("Le-Seuil-2026!", False),
        ("adalovelace123", False),
        ("Ada Lovelace Seuil", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("123456789012345", False),
    ],
)
def test_passwords(password: str, *, is_good: bool) -> None:
    """Length counts, and what anybody would try first does not."""
    fault = what_is_wrong(password, ("Ada Lovelace", "ada@example.org", "le-seuil", "Le Seuil"))
    assert (fault is None) is is_good


class TestStore:
    """The file itself."""

    def test_private(self, place: SignInPlace) -> None:
        """Nobody else on the machine reads it."""
        place.person()
        assert (place.settings.data_dir / FILE).stat().st_mode & 0o077 == 0

    def test_not_ours(self, tmp_path: Path) -> None:
        """Another database is not taken for accounts."""
        import sqlite3  # noqa: PLC0415

        with closing(sqlite3.connect(tmp_path / FILE)) as other:
            other.execute("CREATE TABLE journal (n)")
        with pytest.raises(StoreError, match="not of accounts"):
            AccountStore(tmp_path / FILE)

    def test_newer(self, tmp_path: Path) -> None:
        """A newer seuil's file is left alone."""
        import sqlite3  # noqa: PLC0415

        AccountStore(tmp_path / FILE).close()
        with closing(sqlite3.connect(tmp_path / FILE)) as other, other:
            other.execute("UPDATE alembic_version SET version_num = 'a99'")
        with pytest.raises(StoreError, match="newer seuil"):
            AccountStore(tmp_path / FILE)

    def test_the_steps_make_the_tables(self, tmp_path: Path) -> None:
        """What the migrations make is what the schema says."""
        from alembic.autogenerate import compare_metadata  # noqa: PLC0415
        from alembic.migration import MigrationContext  # noqa: PLC0415

        from gateway.adapters.accounts.tables import METADATA  # noqa: PLC0415

        with closing(AccountStore(tmp_path / FILE)) as store, store.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    def test_erased(self, place: SignInPlace) -> None:
        """Of an erased member, nothing stays."""
        ada = place.person()
        with (
            closing(AccountStore(place.settings.data_dir / FILE)) as store,
            store.change() as connection,
        ):
            accounts.forget(connection, ada.holder)
            assert accounts.of_holder(connection, ada.holder) is None
            assert not accounts.is_any(connection)
