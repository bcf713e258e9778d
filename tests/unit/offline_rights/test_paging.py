"""A rights list as messages: small, stable, complete or not in force."""

import hashlib
from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from gateway.core.access.offline_rights import RightsEntry, RightsList, Standing, presented_hash
from gateway.core.model.directory import CredentialHash
from gateway.core.model.names import DeviceId, SiteId
from gateway.core.model.open_intervals import Span, Window
from gateway.offline_rights.paging import KEYS_MAX, SPANS_MAX, Posted, cleared, forgotten, posted
from gateway.wire.message import PAYLOAD_LIMIT, encode
from gateway.wire.offline_rights import RightsMessage, RightsPage
from gateway.wire.topics import Topics
from simulators.rights import RightsBook
from tests.world.engine import MONDAY, card

HUB, FRONT = SiteId("hub"), DeviceId("front")
FRAME = Window(MONDAY, MONDAY + timedelta(days=1))
MINUTE = timedelta(minutes=1)
KEY = b"readers"


def number(n: int) -> str:
    """A badge number."""
    return hashlib.sha256(str(n).encode()).hexdigest()[:14]


def entry(n: int, *spans: Span) -> RightsEntry:
    """Somebody's badge on the list."""
    badge = structs.replace(card(str(n)), reader_hash=presented_hash(KEY, number(n)))
    return RightsEntry(badge, spans or ((FRAME.begins, FRAME.expires),))


def written(*entries: RightsEntry, standing: Standing | None = None) -> Posted:
    """The list as messages."""
    rights = RightsList(standing or Standing("listed"), FRAME, entries)
    return posted(Topics(), HUB, FRONT, rights, 5.0)


def book(ready: Posted) -> RightsBook:
    """A reader that has got everything."""
    found = RightsBook(KEY)
    for page, message in enumerate(ready.pages):
        assert not found.receive(message.payload, page)
    assert found.receive(ready.last.payload, None)
    return found


def test_the_wire_is_what_the_documents_say() -> None:
    """Head and page, to the letter."""
    ready = written(entry(1), entry(2, (MONDAY + 90 * MINUTE, MONDAY + 120 * MINUTE)))
    version = ready.head.version
    first, second = (presented_hash(KEY, number(n))[:16] for n in (1, 2))
    assert ready.last.topic == "seuil/hub/front/rights"
    assert msgspec.json.decode(ready.last.payload) == {
        "version": version,
        "who": "listed",
        "begins": "2026-11-23T10:00:00Z",
        "expires": "2026-11-24T10:00:00Z",
        "pages": 1,
        "keys": 2,
        "unlock_s": 5.0,
    }
    (page,) = ready.pages
    assert page.topic == "seuil/hub/front/rights/0"
    assert msgspec.json.decode(page.payload) == {
        "version": version,
        "page": 0,
        "groups": [
            {"open": [[0, 1440]], "keys": [first]},
            {"open": [[90, 120]], "keys": [second]},
        ],
    }
    assert all((message.qos, message.retain) == (1, True) for message in (page, ready.last))


def test_five_thousand_members_fit_on_pages_of_four_kibibytes() -> None:
    """And each of them is on one, with the hours of their own."""
    office = (MONDAY + 60 * MINUTE, MONDAY + 120 * MINUTE)
    ready = written(*(entry(n, office) if n % 7 == 0 else entry(n) for n in range(5000)))
    assert max(len(message.payload) for message in ready.pages) <= PAYLOAD_LIMIT
    assert ready.head.keys == 5000
    assert ready.head.pages == len(ready.pages) < 28
    reader = book(ready)
    assert all(reader.allows(number(n), MONDAY) == (n % 7 != 0) for n in range(5000))
    assert all(reader.allows(number(n), MONDAY + 60 * MINUTE) for n in range(5000))
    assert not reader.allows(number(5000), MONDAY)


def test_many_times_fit_on_pages_too() -> None:
    """However different people's times are, no page is larger; too many times are cut."""
    often = tuple((MONDAY + 8 * n * MINUTE, MONDAY + (8 * n + 4) * MINUTE) for n in range(180))
    entries = [entry(n, *often[n : n + 100]) for n in range(80)]
    ready = written(*entries)
    assert max(len(message.payload) for message in ready.pages) <= PAYLOAD_LIMIT
    reader = book(ready)
    last = often[SPANS_MAX - 1][0]
    assert reader.allows(number(0), last)
    assert not reader.allows(number(0), often[SPANS_MAX][0])


def test_a_list_that_is_too_long_lets_nobody_in() -> None:
    """Rather than some and not others."""
    one = entry(1)
    ready = written(*([one] * (KEYS_MAX + 1)))
    assert ready.standing == Standing("nobody", "too-many")
    assert (ready.head.who, ready.head.pages, ready.head.keys) == ("nobody", 0, 0)


def test_the_same_members_are_the_same_version() -> None:
    """In any order; whoever is taken off makes another one, as another frame does."""
    ready = written(entry(1), entry(2))
    assert written(entry(2), entry(1)) == ready
    assert written(entry(1)).head.version != ready.head.version
    assert written(standing=Standing("nobody", "x")).head.version != written().head.version
    day = timedelta(days=1)
    tomorrow = Window(FRAME.begins + day, FRAME.expires + day)
    again = [entry(n, (tomorrow.begins, tomorrow.expires)) for n in (1, 2)]
    later = posted(
        Topics(), HUB, FRONT, RightsList(Standing("listed"), tomorrow, tuple(again)), 5.0
    )
    assert later.head.version != ready.head.version


def test_times_are_never_wider_than_they_are() -> None:
    """A membership that ends within a minute ends before it; one that begins, after it."""
    half = timedelta(seconds=30)
    ready = written(entry(1, (MONDAY + half, MONDAY + 2 * MINUTE + half)), entry(2, (MONDAY, MONDAY
                    + half)))  # fmt: skip
    page = msgspec.json.decode(ready.pages[0].payload, type=RightsPage)
    assert [group.open for group in page.groups] == [((1, 2),)]
    assert ready.head.keys == 1


def test_a_badge_without_readers_hash_is_missing_and_counted() -> None:
    """It was enrolled before there were rights lists."""
    old = structs.replace(entry(1), credential=card("old"))
    ready = written(old, entry(2))
    assert (ready.missing, ready.head.keys) == (1, 1)


@pytest.mark.parametrize("order", [(0, 1, None), (1, None, 0), (None, 1, 0)])
def test_a_list_is_in_force_when_all_of_it_is_there(order: tuple[int | None, ...]) -> None:
    """In any order; until then the old one is."""
    old, new = written(entry(1)), written(*(entry(n) for n in range(2, 300)))
    assert new.head.pages == 2
    reader = book(old)
    for place, page in enumerate(order):
        assert reader.allows(number(1), MONDAY)
        message = new.last if page is None else new.pages[page]
        assert reader.receive(message.payload, page) == (place == 2)
    assert reader.version == new.head.version
    assert not reader.allows(number(1), MONDAY)
    assert reader.allows(number(299), MONDAY)


def test_a_list_ends_with_its_frame_and_an_exit_never() -> None:
    """Before it begins and from its expiry on nobody may; out may go everybody, for ever."""
    reader = book(written(entry(1)))
    assert reader.allows(number(1), FRAME.expires - MINUTE)
    assert not reader.allows(number(1), FRAME.expires)
    assert not reader.allows(number(1), FRAME.begins - MINUTE)
    ready = written(entry(1))
    short = RightsBook(KEY)
    short.receive(ready.pages[0].payload, 0)
    short.receive(encode(structs.replace(ready.head, expires=MONDAY + MINUTE)), None)
    assert short.allows(number(1), MONDAY)
    assert not short.allows(number(1), MONDAY + MINUTE)
    way_out = book(written(standing=Standing("everybody")))
    assert way_out.allows("whatever", FRAME.expires + timedelta(days=400))
    assert not book(written(standing=Standing("nobody", "alone"))).allows(number(1), MONDAY)


def test_a_list_that_is_taken_back_lets_nobody_in() -> None:
    """Its head comes empty."""
    reader = book(written(entry(1)))
    head, *pages = forgotten(Topics(), HUB, FRONT, 2)
    assert [message.topic for message in pages] == [
        "seuil/hub/front/rights/0",
        "seuil/hub/front/rights/1",
    ]
    assert reader.receive(head.payload, None)
    assert not reader.allows(number(1), MONDAY)
    assert reader.version is None
    assert [m.topic for m in cleared(Topics(), HUB, FRONT, range(3, 4))] == [
        "seuil/hub/front/rights/3"
    ]


def test_a_garbled_page_changes_nothing() -> None:
    """What is no page is refused, and the list in force stays."""
    reader = book(written(entry(1)))
    with pytest.raises(msgspec.DecodeError):
        reader.receive(b"{", 0)
    assert reader.allows(number(1), MONDAY)
    head = msgspec.json.decode(written(entry(1)).last.payload, type=RightsMessage)
    assert reader.version == head.version
    assert CredentialHash(presented_hash(KEY, number(1))[:16]) not in number(1)
