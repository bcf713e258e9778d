"""Who is on the list of a reader that may be cut off, and who is not, by the reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from immutables import Map
from msgspec import structs

from gateway.adapters.directory import reader_hash, reader_key
from gateway.core.access.offline_rights import (
    RightsList,
    Standing,
    hours_of,
    presented_hash,
    rights_of,
)
from gateway.core.model.directory import (
    Credential,
    Directory,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import DeviceId, PlanId, RoleId, SiteId, TrainingId
from gateway.core.model.open_intervals import frame_of, joined, open_spans
from gateway.core.model.places import Demands, Interlock
from gateway.core.model.plans import Plan, Quota
from gateway.core.model.site import Site
from gateway.core.state import ModeState, State
from tests.world.engine import (
    BOOTH_DOOR,
    FRONT,
    HALL,
    HOUSE,
    LAB,
    LAB_DOOR,
    MONDAY,
    SITE,
    card,
    member,
    reader,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WELDING, MANAGER = TrainingId("welding"), RoleId("manager")
DAY_PLAN = Membership(PlanId("day"))
FRAME = frame_of(SITE, SITE.device[DeviceId("front-in")], MONDAY)
WHOLE = ((FRAME.begins, FRAME.expires),)


def state_of(
    holder: Holder | None = None, credential: Credential | None = None, **more: object
) -> State:
    """A site's state with one member and one badge."""
    who = holder or member("ada")
    badge = credential or card("ada")
    directory = Directory(Map({who.id: who}), Map({badge.hash: badge}))
    return structs.replace(State(directory=directory), **more)


def list_at(point: str, state: State, site: Site = SITE, now: datetime = MONDAY) -> RightsList:
    """The list of a reader."""
    return rights_of(site, state, site.device[DeviceId(point)], now)


def with_zone(zone: str, **changes: object) -> Site:
    """The place with another zone in it."""
    zones = tuple(structs.replace(one, **changes) if one.id == zone else one for one in SITE.zones)
    return structs.replace(SITE, zones=zones)


def with_door(door: str, **changes: object) -> Site:
    """The place with another door in it."""
    doors = tuple(structs.replace(one, **changes) if one.id == door else one for one in SITE.doors)
    return structs.replace(SITE, doors=doors)


def with_pin() -> Site:
    """The place with a front door that asks for a PIN."""
    points = tuple(
        structs.replace(one, min_credential="number-and-pin") if one.id == "front-in" else one
        for one in SITE.access_points
    )
    return structs.replace(SITE, access_points=points)


def test_a_member_may_enter_for_the_whole_frame() -> None:
    """A good badge, a membership without end and a plan without hours: nothing limits it."""
    found = list_at("front-in", state_of())
    assert found.standing == Standing("listed")
    assert [(entry.credential, entry.spans) for entry in found.entries] == [(card("ada"), WHOLE)]
    assert found.left_out == {}


@pytest.mark.parametrize(
    ("site", "why"),
    [
        pytest.param(with_pin(), "credential-weak", id="the door asks for a PIN"),
        pytest.param(with_zone(HALL, demands=Demands(min_present=2)), "alone", id="not alone"),
        pytest.param(
            with_zone(HALL, demands=Demands(role_present=MANAGER)),
            "role-absent",
            id="only beside a manager",
        ),
        pytest.param(
            with_zone(HOUSE, demands=Demands(min_present=2)), "alone", id="a zone around it asks"
        ),
        pytest.param(
            with_zone(HALL, demands=Demands(booking="required")),
            "booking-required",
            id="only with a booking",
        ),
        pytest.param(
            with_zone(HALL, demands=Demands(booking="respected")),
            "booked",
            id="not while others booked",
        ),
        pytest.param(with_zone(HALL, passback="hard"), "passback", id="hard anti-passback"),
        pytest.param(
            with_zone(HOUSE, passback="timed", passback_s=60),
            "passback-timed",
            id="timed anti-passback around it",
        ),
        pytest.param(
            structs.replace(SITE, interlocks=(Interlock((FRONT, LAB_DOOR)),)),
            "interlock",
            id="a mantrap",
        ),
        pytest.param(
            with_door(FRONT, lock=DeviceId("lab-lock")),
            "lock-elsewhere",
            id="another device releases it",
        ),
        pytest.param(with_door(FRONT, rights_valid_s=0), "switched-off", id="switched off"),
    ],
)
def test_nobody_is_listed_where_it_depends_on_what_a_reader_cannot_know(
    site: Site, why: str
) -> None:
    """The list is empty, and says why."""
    found = list_at("front-in", state_of(), site)
    assert found.standing == Standing("nobody", why)
    assert found.entries == ()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (state_of(mode=ModeState("lockdown")), "lockdown"),
        (state_of(mode=ModeState("evacuation")), "evacuation"),
        (state_of(out_of_service=Map({"front-in": "the hinge"})), "out-of-service"),
    ],
)
def test_what_operators_order_empties_a_list(state: State, why: str) -> None:
    """A mode other than normal, and a point out of service."""
    assert list_at("front-in", state).standing == Standing("nobody", why)


@pytest.mark.parametrize(
    ("device", "why"), [("laser-on", "no-door"), ("spare", "point-unknown"), ("lab-in", None)]
)
def test_only_doors_have_lists(device: str, why: str | None) -> None:
    """A machine is never released alone; the lab's door is, once its own reader releases it."""
    site = with_door(LAB_DOOR, lock=None)
    assert list_at(device, state_of(), site).standing.why == why


@pytest.mark.parametrize("mode", ["normal", "lockdown", "evacuation"])
def test_everybody_may_leave(mode: str) -> None:
    """An exit needs no list, in whatever mode, and though the zone asks for much."""
    site = with_zone(HALL, passback="hard", demands=Demands(min_present=2))
    state = state_of(mode=ModeState(mode))  # type: ignore[arg-type] # parametrized
    assert list_at("front-out", state, site).standing == Standing("everybody")


@pytest.mark.parametrize(
    ("holder", "credential", "why"),
    [
        pytest.param(None, card("ada", "suspended"), "credential-suspended", id="suspended badge"),
        pytest.param(None, card("ada", "lost"), "credential-lost", id="lost badge"),
        pytest.param(
            None,
            structs.replace(card("ada"), status="stolen"),
            "credential-stolen",
            id="stolen badge",
        ),
        pytest.param(
            None, structs.replace(card("ada"), kind="pin"), "credential-weak", id="a code alone"
        ),
        pytest.param(
            None,
            structs.replace(card("ada"), ends=FRAME.begins),
            "credential-expired",
            id="QR code is over",
        ),
        pytest.param(None, card("x", holder="nobody"), "credential-unknown", id="holder is gone"),
        pytest.param(Holder(HolderId("ada")), None, "membership-none", id="bought nothing"),
        pytest.param(
            member("ada", structs.replace(DAY_PLAN, sites=(SiteId("elsewhere"),))),
            None,
            "membership-none",
            id="bought elsewhere",
        ),
        pytest.param(
            member("ada", structs.replace(DAY_PLAN, status="unpaid")),
            None,
            "membership-unpaid",
            id="unpaid",
        ),
        pytest.param(
            member("ada", structs.replace(DAY_PLAN, ends=FRAME.begins)),
            None,
            "membership-expired",
            id="membership is over",
        ),
        pytest.param(
            member("ada", Membership(PlanId("gone"))), None, "no-right", id="a plan that is no more"
        ),
    ],
)
def test_who_is_left_out_of_a_list(
    holder: Holder | None, credential: Credential | None, why: str
) -> None:
    """By the reason that the rules would give."""
    found = list_at("front-in", state_of(holder, credential))
    assert found.entries == ()
    assert found.left_out == {why: 1}


def test_a_plan_that_counts_is_left_out() -> None:
    """What is used up, a reader that is cut off does not know."""
    ten = Plan(PlanId("ten"), SITE.name, SITE.plans[0].rights, (Quota("days", 10, "month"),))
    site = structs.replace(SITE, plans=(*SITE.plans, ten))
    assert list_at("front-in", state_of(member("ada", Membership(ten.id))), site).left_out == {
        "quota-used-up": 1
    }
    both = member("ada", Membership(ten.id), Membership(PlanId("full")))
    assert len(list_at("front-in", state_of(both), site).entries) == 1


def test_a_visitor_needs_an_escort_that_nobody_sees() -> None:
    """Where the zone asks for one; members come in."""
    site = with_zone(HALL, escort=True)
    visitor = structs.replace(member("ada"), kind="visitor")
    assert list_at("front-in", state_of(visitor), site).left_out == {"escort-missing": 1}
    assert len(list_at("front-in", state_of(visitor)).entries) == 1
    assert len(list_at("front-in", state_of(), site).entries) == 1


def test_who_opens_the_zone_may_enter_and_nobody_else() -> None:
    """Whether it was opened today changes while the reader is cut off."""
    site = with_zone(HALL, opened_by=MANAGER)
    manager = structs.replace(member("ada"), roles=(StaffRole(MANAGER),))
    assert list_at("front-in", state_of(), site).left_out == {"not-opened": 1}
    assert len(list_at("front-in", state_of(manager), site).entries) == 1


@pytest.mark.parametrize(
    ("trainings", "spans"),
    [
        pytest.param((), None, id="never trained"),
        pytest.param((Training(WELDING),), WHOLE, id="trained for good"),
        pytest.param((Training(WELDING, ends=FRAME.begins),), None, id="it is over"),
        pytest.param(
            (Training(WELDING, ends=FRAME.begins + HOUR),),
            ((FRAME.begins, FRAME.begins + HOUR),),
            id="it ends within the frame",
        ),
        pytest.param(
            (Training(WELDING, given=FRAME.begins + HOUR),),
            ((FRAME.begins + HOUR, FRAME.expires),),
            id="it is given within the frame",
        ),
    ],
)
def test_a_training_counts_while_it_is_valid(
    trainings: tuple[Training, ...], spans: object
) -> None:
    """What a zone asks to be trained in is known beforehand."""
    site = with_zone(HALL, demands=Demands(trainings=(WELDING,)))
    found = list_at("front-in", state_of(structs.replace(member("ada"), trainings=trainings)), site)
    assert (found.entries[0].spans if found.entries else None) == spans
    assert found.left_out == ({} if spans else {"training-missing": 1})


def test_memberships_and_credentials_cut_the_time() -> None:
    """The earliest end and the latest beginning count; several memberships add up."""
    early, late = FRAME.begins + HOUR, FRAME.expires - HOUR
    holder = member(
        "ada",
        Membership(PlanId("full"), ends=early),
        Membership(PlanId("full"), starts=late),
    )
    (entry,) = list_at("front-in", state_of(holder)).entries
    assert entry.spans == ((FRAME.begins, early), (late, FRAME.expires))
    badge = structs.replace(card("ada"), starts=FRAME.begins + HOUR / 2, ends=late)
    (entry,) = list_at("front-in", state_of(holder, badge)).entries
    assert entry.spans == ((FRAME.begins + HOUR / 2, early),)


def test_opening_hours_become_spans_of_utc() -> None:
    """In November 08:00 to 18:00 in Paris are 07:00 to 17:00."""
    (entry,) = list_at("front-in", state_of(member("ada", DAY_PLAN))).entries
    assert FRAME.begins == datetime(2026, 11, 23, tzinfo=UTC)
    assert entry.spans == ((FRAME.begins + 7 * HOUR, FRAME.begins + 17 * HOUR),)
    saturday = list_at("front-in", state_of(member("ada", DAY_PLAN)), now=MONDAY + 5 * DAY)
    assert saturday.left_out == {"outside-hours": 1}


@pytest.mark.parametrize(
    ("night", "hours"), [(date(2026, 3, 29), 1.0), (date(2026, 10, 25), 3.0), (MONDAY.date(), 2.0)]
)
def test_the_nights_on_which_clocks_change(night: date, hours: float) -> None:
    """01:00 to 03:00 lasts one hour, three hours, and two on any other night."""
    frame = structs.replace(
        FRAME,
        begins=datetime.combine(night - DAY, datetime.min.time(), UTC),
        expires=datetime.combine(night, datetime.min.time(), UTC) + 12 * HOUR,
    )
    spans = open_spans(SITE, "Mo-Su 01:00-03:00", frame)
    last = spans[-1]
    assert (last[1] - last[0]) == hours * HOUR


def test_a_list_is_the_same_for_a_whole_frame() -> None:
    """A frame is worth half of its length, so that some of it is always left."""
    device = SITE.device[DeviceId("front-in")]
    frames = [frame_of(SITE, device, MONDAY + minutes * timedelta(minutes=1)) for minutes in
              range(0, 4320, 7)]  # fmt: skip
    for place, frame in enumerate(frames):
        now = MONDAY + place * 7 * timedelta(minutes=1)
        assert 12 * HOUR <= frame.expires - now <= DAY
    assert len(set(map(str, frames))) == 7
    assert list_at("front-in", state_of()) == list_at("front-in", state_of(), now=MONDAY + HOUR)


def test_a_door_has_its_own_expiry() -> None:
    """`rights_valid_s` is the longest time that a list lives."""
    site = with_door(BOOTH_DOOR, rights_valid_s=7200.0)
    frame = list_at("booth-in", state_of(), site).frame
    assert frame.expires - frame.begins == 2 * HOUR


def test_a_list_of_nobody_lasts_a_day() -> None:
    """Where a door's readers never decide alone, an empty list is not sent every few minutes."""
    site = with_door(FRONT, rights_valid_s=0)
    frame = list_at("front-in", state_of(), site).frame
    assert frame.expires - frame.begins == DAY


def test_removing_a_badge_removes_it() -> None:
    """A revoked one is off the list; the others stay."""
    people, badges = [member(name) for name in ("ada", "bob")], [card("ada"), card("bob")]
    directory = Directory(
        Map((one.id, one) for one in people), Map((one.hash, one) for one in badges)
    )
    both = State(directory=directory)
    assert [e.credential.holder for e in list_at("front-in", both).entries] == ["ada", "bob"]
    revoked = structs.replace(
        directory, credentials=directory.credentials.set(card("ada").hash, card("ada", "lost"))
    )
    assert [
        entry.credential.holder
        for entry in list_at("front-in", structs.replace(both, directory=revoked)).entries
    ] == ["bob"]


def test_only_the_hours_that_lead_here_are_looked_up() -> None:
    """The lab is no business of the day plan, and a reader without an entry has none."""
    hours: Callable[[str], frozenset[str]] = lambda name: hours_of(SITE, reader(name))  # noqa: E731
    assert hours("front-in") == {"24/7", "Mo-Fr 08:00-18:00"}
    assert hours("lab-in") == {"24/7"}
    assert hours("front-out") == frozenset()
    assert LAB in SITE.zone


def test_spans_that_touch_are_one() -> None:
    """In any order; one inside another adds nothing."""
    a, b, c, d = (MONDAY + n * HOUR for n in range(4))
    assert joined([(b, c), (a, b)]) == ((a, c),)
    assert joined([(a, d), (b, c)]) == ((a, d),)
    assert joined([(c, d), (a, b)]) == ((a, b), (c, d))


def test_the_readers_hash_is_under_a_key_of_their_own() -> None:
    """HMAC-SHA256(HMAC-SHA256(key, "readers"), number); a known answer, worked out with openssl."""
    key = bytes(range(32))
    assert reader_hash(key, "04a224b2c31990") == presented_hash(reader_key(key), "04a224b2c31990")
    assert reader_key(key) != key
    assert reader_hash(key, "04a224b2c31990") == KNOWN


KNOWN = "42933366123973aa4a83fd117ed90cedc61da4ff5f14983e54520e821e22609e"
