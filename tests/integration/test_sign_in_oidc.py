"""Signing in with an OpenID Connect provider, against one on loopback."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.fakes.oidc_provider import CLIENT, SECRET, Provider, provider
from tests.world.console import NOW
from tests.world.console_accounts import SignInPlace
from tests.world.signed_in import enrol


@pytest.fixture
async def known() -> AsyncIterator[Provider]:
    """A provider."""
    async with provider() as made:
        yield made


@pytest.fixture
async def place(tmp_path: Path, known: Provider) -> AsyncIterator[SignInPlace]:
    """A console that knows it."""
    place = SignInPlace(
        tmp_path,
        oidc_issuer=known.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
    )
    yield place
    place.close()


async def _through(
    browser: httpx.AsyncClient, path: str = "/sign-in/oidc?next=/me"
) -> httpx.Response:
    """To the provider, and back with what it says."""
    there = await browser.get(path)
    assert there.status_code == 302, there.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(there.headers["location"])
    return await browser.get(back.headers["location"])


async def test_a_member_goes_in(place: SignInPlace, known: Provider) -> None:
    """A verified address of a member with a role signs in; PKCE, state and nonce were used."""
    enrol(place.settings, "administrator", ref="ada")
    async with place.browser() as browser:
        assert "/sign-in/oidc" in (await browser.get("/sign-in")).text
        answer = await _through(browser)
        assert answer.headers["location"] == "/me"
        assert (await browser.get("/accounts")).status_code == 200, "its second factor is theirs"
    assert known.asked["code_challenge_method"] == "S256"
    assert {"state", "nonce"} <= known.asked.keys()


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        pytest.param({"email": "eve@example.org"}, "viewer", id="a stranger"),
        pytest.param({"email_verified": False}, "viewer", id="an address that is not verified"),
        pytest.param({"email_verified": "true"}, "viewer", id="verified, but only a word"),
        pytest.param({"email": None}, "viewer", id="no address"),
        pytest.param({}, "", id="a member without a role"),
    ],
)
async def test_strangers(
    place: SignInPlace, known: Provider, claims: dict[str, object], role: str
) -> None:
    """Nobody else goes in, and no account is made."""
    enrol(place.settings, role, ref="ada")
    known.claims |= claims
    async with place.browser() as browser:
        answer = await _through(browser)
        assert answer.status_code == 403
        assert "seuil" not in browser.cookies


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param({"aud": "another-client"}, id="a token for somebody else"),
        pytest.param({"iss": "http://evil.example"}, id="by somebody else"),
        pytest.param({"nonce": "another"}, id="of another sign-in"),
        pytest.param({"exp": 1}, id="of long ago"),
        pytest.param({"key": RSAKey.generate_key(2048, {"kid": "one"})}, id="signed by nobody"),
    ],
)
async def test_lies(place: SignInPlace, known: Provider, lie: dict[str, object]) -> None:
    """A token that is not the provider's, for us, and of now is not believed."""
    enrol(place.settings, "viewer", ref="ada")
    known.lies = lie
    async with place.browser() as browser:
        assert (await _through(browser)).status_code == 503
        assert "seuil" not in browser.cookies


async def test_another_browsers_answer(place: SignInPlace) -> None:
    """Not signed in by an address that somebody else brought back, nor twice by one."""
    enrol(place.settings, "viewer", ref="ada")
    async with place.browser() as browser, place.browser() as other:
        await other.get("/sign-in")
        there = await browser.get("/sign-in/oidc")
        async with httpx.AsyncClient() as outside:
            back = (await outside.get(there.headers["location"])).headers["location"]
        assert (await other.get(back)).status_code == 503
        wrong_state = back.replace("state=", "state=x")
        assert (await browser.get(wrong_state)).status_code == 503
        assert (await browser.get(back)).status_code == 503, "the state was used up"
        assert "seuil" not in browser.cookies


async def test_known_by_their_subject(place: SignInPlace, known: Provider) -> None:
    """After the first time an address makes nobody somebody else, here or at the provider."""
    enrol(place.settings, "viewer", ref="ada")
    enrol(place.settings, "administrator", ref="boss")
    async with place.browser() as browser, place.browser() as other:
        await _through(browser)
        known.claims["email"] = "boss@example.org"
        await _through(browser)
        assert "ada@example.org" in (await browser.get("/me")).text
        known.claims |= {"sub": "s-2", "email": "ada@example.org"}
        assert (await _through(other)).status_code == 403


@pytest.mark.parametrize(
    ("ago_s", "is_fresh"), [pytest.param(10, True, id="just"), pytest.param(3600, False, id="not")]
)
async def test_again(place: SignInPlace, known: Provider, ago_s: int, *, is_fresh: bool) -> None:
    """What the provider checked just now counts for grave things; an old sign-in there does not."""
    enrol(place.settings, "administrator", ref="ada")
    known.claims["auth_time"] = int((NOW - timedelta(seconds=ago_s)).timestamp())
    async with place.browser() as browser:
        await _through(browser, "/sign-in/oidc?again=true&next=/me")
        assert known.asked["prompt"] == "login"
        token = (await browser.get("/me")).text.split('"csrf" value="')[1][:64]
        answer = await browser.post("/accounts/link", data={"csrf": token, "who": "ada"})
        assert (answer.status_code == 200) is is_fresh


async def test_a_provider_that_is_away(place: SignInPlace, known: Provider) -> None:
    """It is said, and the local sign-in stays."""
    known.lies = {"metadata": "http://evil.example"}
    async with place.browser() as browser:
        assert (await browser.get("/sign-in/oidc")).status_code == 503
        place.sign_in.provider._client.server_metadata.clear()
        assert (await browser.get("/sign-in")).status_code == 200
