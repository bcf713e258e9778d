"""Signing in: what is refused and why, and what a session is."""

from contextlib import closing
from datetime import timedelta
from functools import cache
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from limits import parse

from gateway.adapters.accounts.store import FILE, AccountStore
from gateway.adapters.accounts.tables import SESSION
from gateway.console.auth import passwords, sessions
from gateway.console.auth.attempt_limit import BUCKETS, Limiter
from gateway.console.auth.secrets import hash_of, own_path
from gateway.console.web.errors import Problem
from tests.world import signed_in
from tests.world.console_accounts import SignInPlace, csrf
from tests.world.signed_in import PASSWORD, TOTP, enrol

WRONG = "not the password"


async def test_password_and_code(place: SignInPlace) -> None:
    """A password, then a code of the app: only then the pages are open."""
    ada = place.person()
    async with place.browser() as browser:
        assert (await browser.get("/me")).headers["location"] == "/sign-in?next=/me"
        answer = await place.send(
            browser, "/sign-in", login=" ADA@example.org ", password=PASSWORD, next="/accounts"
        )
        assert answer.headers["location"] == "/sign-in/code?next=/accounts"
        assert (await browser.get("/me")).status_code == 303, "half a sign-in opens nothing"
        code = ada.code(place.clock.now())
        answer = await place.send(browser, "/sign-in/code", code=code, next="/accounts")
        assert answer.headers["location"] == "/accounts"
        assert "Ada" in (await browser.get("/accounts")).text


@pytest.mark.parametrize(
    ("login", "password"),
    [
        pytest.param("ada@example.org", "not the password", id="a wrong password"),
        pytest.param("eve@example.org", PASSWORD, id="an unknown account"),
        pytest.param("", "", id="nothing at all"),
        pytest.param("ada@example.org", "x" * 9000, id="a password of a page's length"),
    ],
)
async def test_refused(place: SignInPlace, login: str, password: str) -> None:
    """Whatever is wrong, the answer is the same, and no session begins."""
    place.person()
    async with place.browser() as browser:
        answer = await place.send(browser, "/sign-in", login=login, password=password)
        assert answer.status_code == 403
        assert "Wrong login or password" in answer.text
        assert "seuil" not in browser.cookies


async def test_an_unknown_account_takes_as_long(
    place: SignInPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody learns from the time of an answer who has an account: each costs one real hash."""
    looked_at: list[str] = []

    class Hasher(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's
            looked_at.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    monkeypatch.setattr(passwords, "_nobodys", cache(passwords._nobodys.__wrapped__))
    monkeypatch.setattr(signed_in, "_hashed", cache(signed_in._hashed.__wrapped__))
    place.person()
    async with place.browser() as browser:
        for login in ("ada@example.org", "eve@example.org"):
            fields = {"login": login, "password": "not the password"}
            await browser.post("/sign-in", data=fields | {"csrf": await csrf(browser, "/sign-in")})
    known, unknown = looked_at
    assert known != unknown
    assert extract_parameters(known) == extract_parameters(unknown) == RFC_9106_LOW_MEMORY


async def test_only_our_own_form_signs_in(place: SignInPlace) -> None:
    """Nobody's page can sign a visitor in as somebody else: token and origin are asked for."""
    ada = place.person(second=False)
    fields = {"login": ada.login, "password": PASSWORD}
    async with place.browser() as browser:
        assert (await browser.post("/sign-in", data=fields)).status_code == 403
        token = await csrf(browser, "/sign-in")
        for sent, origin in (
            ({**fields, "csrf": "0" * 64}, "http://localhost"),
            ({**fields, "csrf": token}, "http://evil.example"),
            ({**fields, "csrf": token}, "https://localhost"),
            ({**fields, "csrf": token}, "null"),
        ):
            answer = await browser.post("/sign-in", data=sent, headers={"origin": origin})
            assert answer.status_code == 403, origin
            assert "seuil" not in browser.cookies
        async with place.browser() as other:  # a token of another browser
            answer = await other.post("/sign-in", data={**fields, "csrf": token})
            assert answer.status_code == 403


async def test_a_planted_session_stays_behind(place: SignInPlace) -> None:
    """A cookie that was there before the sign-in opens nothing after it: each has a new secret."""
    ada = place.person(second=False)
    async with place.browser() as browser:
        browser.cookies.set("seuil", "planted", domain="localhost.local")
        await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
        first = browser.cookies["seuil"]
        assert first != "planted"
    async with place.browser() as thief:
        thief.cookies.set("seuil", "planted", domain="localhost.local")
        assert (await thief.get("/me")).status_code == 303


async def test_half_a_session_is_replaced(place: SignInPlace) -> None:
    """Between password and code the cookie changes, too, and the half one is gone."""
    ada = place.person()
    async with place.browser() as browser:
        await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
        half = browser.cookies["seuil"]
        await place.send(browser, "/sign-in/code", code=ada.code(place.clock.now()))
        assert browser.cookies["seuil"] != half
    async with place.browser() as thief:
        thief.cookies.set("seuil", half, domain="localhost.local")
        assert (await thief.get("/sign-in/code")).status_code == 303


async def test_only_the_hash_is_kept(place: SignInPlace) -> None:
    """Who reads the file cannot take over a session."""
    ada = place.person()
    with closing(AccountStore(place.settings.data_dir / FILE)) as store, store.read() as connection:
        rows = connection.execute(SESSION.select()).all()
    assert [row.hash for row in rows] == [hash_of(ada.secret)]
    assert ada.secret.encode() not in (place.settings.data_dir / FILE).read_bytes()


async def test_a_code_counts_once(place: SignInPlace) -> None:
    """A code that was seen over a shoulder is of no use; the next one is."""
    ada = place.person()
    code = ada.code(place.clock.now())
    async with place.browser() as browser:
        for expected in (303, 403):
            browser.cookies.clear()
            await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
            assert (await place.send(browser, "/sign-in/code", code=code)).status_code == expected
        place.clock.advance(30)
        later = ada.code(place.clock.now())
        assert (await place.send(browser, "/sign-in/code", code=later)).status_code == 303
        browser.cookies.clear()
        await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
        answer = await place.send(browser, "/sign-in/code", code=code)
        assert answer.status_code == 403, "an older one does not count after a newer one"


async def test_a_recovery_code_counts_once(place: SignInPlace) -> None:
    """Each of the ten signs in once, however it is typed."""
    ada = place.person()
    async with place.browser(ada) as browser:
        token = await csrf(browser, "/me")
        page = await browser.post("/me/recovery", data={"csrf": token})
    codes = [line.split("<")[0] for line in page.text.split("<li><code>")[1:]]
    assert len(set(codes)) == 10
    async with place.browser() as browser:
        for typed, expected in ((codes[0].upper().replace("-", " "), 303), (codes[0], 403)):
            browser.cookies.clear()
            await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
            answer = await place.send(browser, "/sign-in/code", code=typed)
            assert answer.status_code == expected


async def test_a_session_ends_by_itself(place: SignInPlace) -> None:
    """After twelve hours without use, and after seven days of use."""
    ada, bob = place.person(), place.person(ref="bob")
    async with place.browser(ada) as browser, place.browser(bob) as busy:
        for _ in range(15):
            place.clock.advance(11 * 3600)
            assert (await busy.get("/me")).status_code == 200
        place.clock.advance(11 * 3600)
        assert (await busy.get("/me")).status_code == 303, "it is a week old"
        assert (await browser.get("/me")).status_code == 303


async def test_signing_out(place: SignInPlace) -> None:
    """The session is gone, not only its cookie."""
    ada = place.person()
    async with place.browser(ada) as browser:
        answer = await browser.post("/sign-out", headers={"x-csrf-token": ada.csrf})
        assert answer.status_code == 200
    async with place.browser(ada) as thief:
        assert (await thief.get("/me")).status_code == 303


async def test_a_role_that_is_taken_is_gone(place: SignInPlace) -> None:
    """The very next request is refused, whoever wrote the members; one who left is out."""
    ada = place.person("operator")
    live = f"/sites/{place.site}/live"
    async with place.browser(ada) as browser:
        assert (await browser.get(live)).status_code == 200
        enrol(place.settings, "", ref="ada")
        assert (await browser.get(live)).status_code == 404
        assert (await browser.get("/me")).status_code == 200
        await place.sign_in.do(lambda files: files.people._store.apply((), (ada.holder,)))
        assert (await browser.get("/me")).status_code == 303


async def test_administrators_need_a_second_factor(place: SignInPlace) -> None:
    """Until there is one, every page leads to the place where it is set up; others go on."""
    ada = place.person(second=False)
    bob = place.person("operator", ref="bob", second=False)
    live = f"/sites/{place.site}/live"
    async with place.browser(ada) as browser:
        for path in ("/", live, "/accounts"):
            assert (await browser.get(path)).headers["location"].startswith("/me?second=missing")
        assert "need a second factor" in (await browser.get("/me")).text
        picture = await browser.get(f"/api/v1/sites/{place.site}/picture")
        assert picture.json()["type"] == "about:seuil:second-factor-missing"
        answer = await browser.post("/me/tokens", data={"csrf": ada.csrf, "name": "x"})
        assert answer.headers["location"].startswith("/me?second=missing")
    async with place.browser(bob) as browser:
        assert (await browser.get(live)).status_code == 200


async def test_grave_things_ask_again(place: SignInPlace) -> None:
    """Five minutes after the password it is asked for once more, and then it counts again."""
    ada = place.person()
    async with place.browser(ada) as browser:
        place.clock.advance(301)
        sent = {"csrf": ada.csrf, "who": "ada"}
        referer = {"referer": "http://localhost/accounts"}
        answer = await browser.post("/accounts/link", data=sent, headers=referer)
        assert answer.headers["location"] == "/sign-in/again?next=/accounts"
        wrong = {"csrf": ada.csrf, "password": "not the password"}
        assert (await browser.post("/sign-in/again", data=wrong)).status_code == 403
        right = {"csrf": ada.csrf, "password": PASSWORD, "next": "/accounts"}
        answer = await browser.post("/sign-in/again", data=right)
        assert answer.headers["location"] == "/accounts"
        assert "/set-up/" in (await browser.post("/accounts/link", data=sent)).text


@pytest.mark.parametrize(
    ("wished", "goes"),
    [
        ("/sites/hub/log", "/sites/hub/log"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/ok\r\nSet-Cookie: a=b", "/"),
        ("/ok\n", "/"),
        ("", "/"),
        (None, "/"),
        ("/" + "a" * 300, "/"),
    ],
)
def test_only_our_own_paths(wished: str | None, goes: str) -> None:
    """After signing in, nobody is sent to a stranger."""
    assert own_path(wished) == goes


async def test_no_open_redirect(place: SignInPlace) -> None:
    """Neither by the address nor by the form."""
    ada = place.person("viewer", second=False)
    async with place.browser() as browser:
        page = await browser.get("/sign-in?next=//evil.example")
        assert 'name="next" value="/"' in page.text
        answer = await place.send(
            browser, "/sign-in", login=ada.login, password=PASSWORD, next="//evil.example"
        )
        assert answer.headers["location"] == "/"
        again = await browser.get("/sign-in?next=//evil.example")
        assert again.headers["location"] == "/"


async def test_plain_http_is_for_this_machine(place: SignInPlace) -> None:
    """Over a network no password is asked for or heard without https, and no cookie counts."""
    ada = place.person(second=False)
    async with place.browser(url="http://192.0.2.7") as browser:
        assert "requires https" in (await browser.get("/sign-in")).text
        answer = await browser.post("/sign-in", data={"login": ada.login, "password": PASSWORD})
        assert answer.status_code == 403
        browser.cookies.set(*ada.cookie)
        assert (await browser.get("/me")).status_code == 303


async def test_secure_cookies_over_https(place: SignInPlace) -> None:
    """Over https the cookies are `__Host-`, Secure, HttpOnly and Lax."""
    ada = place.person(second=False)
    async with place.browser(url="https://seuil.test") as browser:
        answer = await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
        cookie = answer.headers.get_list("set-cookie")[0]
        assert cookie.startswith("__Host-seuil=")
        for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert word in cookie
        assert "Domain" not in cookie


class TestLimits:
    """Too many attempts."""

    async def test_of_one_account(self, place: SignInPlace) -> None:
        """The eleventh try in a quarter of an hour waits, from wherever; a right one resets."""
        ada = place.person(second=False)
        place.sign_in.limiter = Limiter(parse("3 per 15 minute"))
        async with place.browser(address="198.51.100.1") as one, place.browser() as other:
            for _ in range(2):
                await place.send(one, "/sign-in", login=ada.login, password=WRONG)
            right = await place.send(other, "/sign-in", login=ada.login, password=PASSWORD)
            assert right.status_code == 303
            for expected in (403, 403, 403, 429):
                answer = await place.send(one, "/sign-in", login=ada.login, password=WRONG)
                assert answer.status_code == expected
                assert (expected == 429) == ("retry-after" in answer.headers)
            answer = await place.send(one, "/sign-in", login="bob@example.org", password=WRONG)
            assert answer.status_code == 403, "another account may still"

    async def test_of_one_address(self, place: SignInPlace) -> None:
        """One address cannot try all accounts; a neighbour in its /64 is the same."""
        place.sign_in.limiter = Limiter(by_address=parse("2 per 5 minute"))
        statuses = []
        for number in range(3):
            async with place.browser(address=f"2001:db8::{number + 1}") as browser:
                answer = await place.send(browser, "/sign-in", login=f"{number}", password=WRONG)
                statuses.append(answer.status_code)
        assert statuses == [403, 403, 429]

    async def test_of_codes(self, place: SignInPlace) -> None:
        """Nobody tries out all codes of half a minute."""
        ada = place.person()
        place.sign_in.limiter = Limiter(parse("3 per 15 minute"))
        async with place.browser() as browser:
            await place.send(browser, "/sign-in", login=ada.login, password=PASSWORD)
            for expected in (403, 403, 403, 429):
                answer = await place.send(browser, "/sign-in/code", code="000000")
                assert answer.status_code == expected

    def test_bounded(self) -> None:
        """Invented names and addresses cannot fill the memory."""
        limiter = Limiter(by_address=parse("1000000 per 5 minute"))
        limiter._salt = b"0" * 16
        for number in range(2_000):
            limiter.count("sign-in", f"10.0.{number % 256}.1", f"account-{number}")
        assert len(limiter) <= 2 * BUCKETS
        assert len(limiter) < 2_500
        for _ in range(10):
            limiter.count("sign-in", "10.0.0.1", "one")
        with pytest.raises(Problem, match="too-many-tries"):
            limiter.count("sign-in", "10.0.0.1", "one")


async def test_long_bodies(place: SignInPlace) -> None:
    """A stranger's form is read only when it is short and says so."""
    async with place.browser() as browser:
        await browser.get("/sign-in")
        answer = await browser.post("/sign-in", data={"login": "x" * 60_000})
        assert answer.status_code == 413
        answer = await browser.post("/sign-in", data={"login": "x" * 100_000})
        assert answer.status_code == 401  # as any large body of nobody's

        async def endless() -> object:
            yield b"login=x"

        answer = await browser.post("/sign-in", content=endless())  # type: ignore[arg-type]
        assert answer.status_code == 401


async def test_another_password_ends_other_sessions(place: SignInPlace) -> None:
    """Whoever is in with the old password is out; a weak new one changes nothing."""
    ada = place.person()
    async with place.browser(ada) as browser, place.browser() as other:
        await place.send(other, "/sign-in", login=ada.login, password=PASSWORD)
        await place.send(other, "/sign-in/code", code=ada.code(place.clock.now()))
        assert (await other.get("/me")).status_code == 200
        weak = {"csrf": ada.csrf, "password": "ada ada ada ada"}
        assert (await browser.post("/me/password", data=weak)).status_code == 422
        new = {"csrf": ada.csrf, "password": "quite another sentence"}
        assert (await browser.post("/me/password", data=new)).status_code == 303
        assert (await browser.get("/me")).status_code == 200
        assert (await other.get("/me")).status_code == 303


async def test_setting_up_an_app(place: SignInPlace) -> None:
    """The app counts when its first code was typed, and then opens what was closed."""
    import pyotp  # noqa: PLC0415

    ada = place.person(second=False)
    async with place.browser(ada) as browser:
        await browser.post("/me/totp", data={"csrf": ada.csrf})
        page = (await browser.get("/me/totp")).text
        secret = page.split('class="secret">')[1].split("<")[0]
        assert secret != TOTP
        assert (await browser.get("/me/totp.svg")).headers["content-type"] == "image/svg+xml"
        wrong = {"csrf": ada.csrf, "code": "000000"}
        assert (await browser.post("/me/totp/confirm", data=wrong)).status_code == 422
        assert (await browser.get("/")).headers["location"].startswith("/me?second")
        code = pyotp.TOTP(secret).at(place.clock.now())
        page = (await browser.post("/me/totp/confirm", data={"csrf": ada.csrf, "code": code})).text
        assert page.count("<li><code>") == 10
        assert (await browser.get("/")).headers["location"] == f"/sites/{place.site}/live"


async def test_sessions_are_bounded(place: SignInPlace) -> None:
    """Twenty a person; the longest unused makes room."""
    ada = place.person()

    def many(store: AccountStore) -> int:
        with store.change() as connection:
            for number in range(30):
                now = place.clock.now() + timedelta(seconds=number)
                sessions.begin(connection, ada.holder, "password", now)
            return len(sessions.of_holder(connection, ada.holder, place.clock.now()))

    assert await place.sign_in.do(lambda files: many(files.store)) == sessions.SESSIONS_MAX
