"""A token dies with what recovers its account, and never has more than whoever made it."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from gateway.adapters.accounts import accounts
from gateway.console.auth import links
from gateway.console.auth.tokens import Token, holder_with_less
from gateway.core.model.directory import Holder, HolderId, StaffRole
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, RoleId, SiteId
from tests.world.console import NOW
from tests.world.console_accounts import SignInPlace
from tests.world.signed_in import SignedIn, enrol

NEW = "five words that nobody guesses"
PARIS, LYON = SiteId("paris"), SiteId("lyon")
Recovery = Callable[[SignInPlace, httpx.AsyncClient, SignedIn, SignedIn], Awaitable[None]]


async def a_new_password(
    place: SignInPlace, browser: httpx.AsyncClient, ada: SignedIn, bob: SignedIn
) -> None:
    """Bob's own."""
    del browser, ada
    async with place.browser(bob) as his:
        answer = await his.post("/me/password", data={"csrf": bob.csrf, "password": NEW})
        assert answer.status_code == 303


async def a_link(
    place: SignInPlace, browser: httpx.AsyncClient, ada: SignedIn, bob: SignedIn
) -> None:
    """Ada's, which Bob uses."""
    made = await browser.post("/accounts/link", data={"csrf": ada.csrf, "who": "bob"})
    found = re.search(links.PATH + r"([\w-]+)", made.text)
    assert found
    async with place.browser() as his:
        path = links.PATH + found[1]
        used = await place.send(his, path, login=bob.login, password=NEW, name="Bob")
        assert used.status_code == 303, used.text


async def no_second_factor(
    place: SignInPlace, browser: httpx.AsyncClient, ada: SignedIn, bob: SignedIn
) -> None:
    """Bob's telephone is lost."""
    del place
    sent = {"csrf": ada.csrf, "holder": bob.holder}
    assert (await browser.post("/accounts/second", data=sent)).status_code == 303


async def no_account(
    place: SignInPlace, browser: httpx.AsyncClient, ada: SignedIn, bob: SignedIn
) -> None:
    """It ends, as by an erasure."""
    del browser, ada

    def forget(files: object) -> None:
        with files.store.change() as connection:  # type: ignore[attr-defined] # Files
            accounts.forget(connection, bob.holder)

    await place.sign_in.do(forget)


@pytest.mark.parametrize("recovers", [a_new_password, a_link, no_second_factor, no_account])
async def test_a_token_dies_with_its_account(place: SignInPlace, recovers: Recovery) -> None:
    """Whoever had the old password may have made it."""
    ada, bob = place.person(), place.person("operator", ref="bob", name="Bob")
    async with place.browser(bob) as his:
        wish = {"csrf": bob.csrf, "name": "door", "scope": "read", "days": "9"}
        page = await his.post("/me/tokens", data=wish)
    found = re.search(r'class="secret">([^<]+)', page.text)
    assert found
    bearer = {"authorization": f"Bearer {found[1]}"}
    async with place.browser(ada) as browser, place.browser() as program:
        mine = f"/api/v1/sites/{place.site}/picture"
        assert (await program.get(mine, headers=bearer)).status_code == 200
        await recovers(place, browser, ada, bob)
        assert (await program.get(mine, headers=bearer)).status_code == 401


def roles(*told: tuple[RoleId, tuple[SiteId, ...]]) -> Holder:
    """Somebody with these roles."""
    return Holder(HolderId("h-1"), roles=tuple(StaffRole(*each) for each in told))


EVERYTHING = Token(
    key="k",
    holder=HolderId("h-1"),
    name="sync",
    scopes=frozenset({"read", "people", "operate", "administer"}),
    sites=(),
    made_by=HolderId("h-2"),
    made=NOW,
    ends=NOW,
)


@pytest.mark.parametrize(
    ("holder", "maker", "left"),
    [
        pytest.param(
            [(ADMINISTRATOR, ())],
            [(ADMINISTRATOR, (PARIS,))],
            [(ADMINISTRATOR, (PARIS,))],
            id="a site's administrator gives that site",
        ),
        pytest.param(
            [(ADMINISTRATOR, ())],
            [(OPERATOR, (PARIS,)), (VIEWER, ())],
            [(OPERATOR, (PARIS,)), (VIEWER, ())],
            id="whoever lost the role has given less",
        ),
        pytest.param([(VIEWER, (LYON,))], [(ADMINISTRATOR, (PARIS,))], [], id="nothing shared"),
        pytest.param(
            [(VIEWER, ())], [(ADMINISTRATOR, ())], [(VIEWER, ())], id="never more than the holder"
        ),
        pytest.param([(OPERATOR, ())], [], [], id="a maker without a role gives nothing"),
    ],
)
def test_a_token_has_no_more_than_its_maker(
    holder: list[tuple[RoleId, tuple[SiteId, ...]]],
    maker: list[tuple[RoleId, tuple[SiteId, ...]]],
    left: list[tuple[RoleId, tuple[SiteId, ...]]],
) -> None:
    """Now and later, at each site."""
    less = holder_with_less(roles(*holder), EVERYTHING, roles(*maker))
    assert less.roles == roles(*left).roles


async def test_it_does_not_grow_with_its_holder(place: SignInPlace) -> None:
    """Ada gave it to a viewer; once she may no more than look, nor may it."""
    ada = place.person()
    enrol(place.settings, "viewer", ref="robot", name="Robot")
    async with place.browser(ada) as browser, place.browser() as program:
        wish = {"csrf": ada.csrf, "who": "robot", "name": "sync", "scope": "operate", "days": "9"}
        found = re.search(
            r'class="secret">([^<]+)', (await browser.post("/accounts/tokens", data=wish)).text
        )
        assert found
        bearer = {"authorization": f"Bearer {found[1]}"}
        door = f"/api/v1/sites/{place.site}/doors/front/open"
        assert (await program.post(door, json={}, headers=bearer)).status_code == 403
        enrol(place.settings, "operator", ref="robot", name="Robot")
        assert (await program.post(door, json={}, headers=bearer)).status_code == 503  # no gateway
        enrol(place.settings, "viewer", ref="ada", name="Ada")
        assert (await program.post(door, json={}, headers=bearer)).status_code == 403
