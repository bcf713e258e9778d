"""A rights list against the rules: a reader that is cut off lets in nobody whom they would not."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map
from msgspec import structs

from gateway.core.access.offline_rights import presented_hash, rights_of
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import decide
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import DeviceId, PlanId, RoleId, TrainingId, ZoneId
from gateway.core.model.places import Demands
from gateway.core.model.plans import Plan, Quota, Right
from gateway.core.model.site import Site
from gateway.core.occupancy import occupancy
from gateway.core.state import State, ZoneState
from gateway.offline_rights.paging import posted
from gateway.wire.topics import Topics
from simulators.rights import RightsBook
from tests.doses import examples
from tests.world.engine import ANNEX, HALL, HOUSE, LAB_DOOR, MONDAY, SITE

NOT_KNOWN = {"zone-full", "too-many-attempts"}
"""What a reader that is cut off is documented not to look at."""
KEY = b"readers"
HOURS = ("24/7", "Mo-Fr 08:00-18:00", "Mo-Su 22:00-02:30", "Sa 09:00-12:00")
WELDING, MANAGER = TrainingId("welding"), RoleId("manager")

moments = st.none() | st.integers(-40, 40).map(lambda hours: MONDAY + timedelta(hours=hours))
plans = st.builds(
    Plan,
    st.sampled_from([PlanId("a"), PlanId("b")]),
    st.just(SITE.name),
    st.lists(
        st.builds(
            Right,
            st.sampled_from([(HALL,), (HOUSE,), (ANNEX,), (HOUSE, ANNEX)]),
            hours=st.sampled_from(HOURS),
        ),
        max_size=2,
    ).map(tuple),
    st.sampled_from([(), (), (), (Quota("days", 1, "month"),)]),
)
memberships = st.builds(
    Membership,
    st.sampled_from([PlanId("a"), PlanId("b"), PlanId("gone")]),
    st.sampled_from([(), (SITE.id,), ("elsewhere",)]),
    moments,
    moments,
    st.sampled_from(["active", "active", "active", "suspended", "unpaid"]),
)
people = st.builds(
    Holder,
    st.just(HolderId("ada")),
    st.sampled_from(["member", "member", "visitor"]),
    st.lists(memberships, max_size=3).map(tuple),
    st.sampled_from([(), (Training(WELDING),), (Training(WELDING, ends=MONDAY),)]),
    st.sampled_from([(), (StaffRole(MANAGER),)]),
)
badges = st.builds(
    Credential,
    st.just(CredentialHash("c")),
    st.just(HolderId("ada")),
    st.sampled_from(["active", "active", "active", "active", "suspended", "lost", "stolen"]),
    st.sampled_from(["badge", "badge", "qr"]),
    moments,
    moments,
    reader_hash=st.just(presented_hash(KEY, "aabbcc")),
)
demands = st.sampled_from(
    [
        Demands(),
        Demands(),
        Demands(trainings=(WELDING,)),
        Demands(min_present=2),
        Demands(role_present=MANAGER),
        Demands(booking="required"),
    ]
)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """The place, with other plans, and zones that ask for this and that."""
    zones = tuple(
        structs.replace(
            zone,
            demands=draw(demands),
            passback=draw(st.sampled_from(["off", "off", "soft", "hard"])),
            opened_by=draw(st.sampled_from([None, None, MANAGER])),
            escort=draw(st.booleans()),
        )
        for zone in SITE.zones
    )
    doors = tuple(
        structs.replace(door, lock=None) if door.id == LAB_DOOR else door for door in SITE.doors
    )
    bought = draw(st.lists(plans, min_size=1, max_size=2, unique_by=lambda plan: plan.id))
    return structs.replace(SITE, zones=zones, doors=doors, plans=tuple(bought))


def told(site: Site, state: State, reader: DeviceId, now: datetime) -> RightsBook:
    """A reader that got its list over the wire."""
    book = RightsBook(KEY)
    rights = rights_of(site, state, site.device[reader], now)
    ready = posted(Topics(), site.id, reader, rights, 5.0)
    for message in (*ready.pages, ready.last):
        page = message.topic.rsplit("/", 1)[-1]
        book.receive(message.payload, int(page) if page.isdigit() else None)
    assert book.version == ready.head.version
    return book


@settings(max_examples=examples(150), deadline=None)
@given(
    site=sites(),
    holder=people,
    badge=badges,
    reader=st.sampled_from(["front-in", "lab-in", "booth-in", "terrace-in", "front-out"]),
    after=st.lists(st.integers(0, 26 * 60), min_size=3, max_size=12),
)
def test_a_list_lets_in_only_whom_the_rules_let_in(
    site: Site, holder: Holder, badge: Credential, reader: str, after: list[int]
) -> None:
    """At any minute of its life, but for the reasons that it can't know; after it, nobody."""
    device = site.device[DeviceId(reader)]
    directory = Directory(Map({holder.id: holder}), Map({badge.hash: badge}))
    state = State(directory=directory, zones=_empty(site))
    book = told(site, state, device.id, MONDAY)
    expires = rights_of(site, state, device, MONDAY).frame.expires
    for minutes in after:
        at = MONDAY + timedelta(minutes=minutes)
        question = AccessRequest(
            site=site,
            state=state,
            device=device.id,
            point=site.access_point[device.access_point or ""],  # type: ignore[index] # its id
            credential=badge,
            holder=holder,
            at=at,
            now=at,
        )
        ruling = decide(question)
        if book.allows("aabbcc", at):
            assert ruling.granted or ruling.reason in NOT_KNOWN
            assert at < expires or reader == "front-out"
        elif ruling.granted and at < expires and _asks_nothing(site, reader, badge):
            assert _holder_counts(site, holder)
        assert not book.allows("ddeeff", at) or reader == "front-out"


def _holder_counts(site: Site, holder: Holder) -> bool:
    """Whether one of the holder's plans counts what is used."""
    return any(site.plan[one.plan].quotas for one in holder.memberships if one.plan in site.plan)


def _asks_nothing(site: Site, reader: str, badge: Credential) -> bool:
    """Whether a door's zones ask for nothing beside a plan's right, and the badge has no end."""
    point = site.access_point[site.device[DeviceId(reader)].access_point or ""]  # type: ignore[index]
    return (badge.starts, badge.ends) == (None, None) and all(
        zone.demands == Demands()
        and zone.passback in ("off", "soft")
        and zone.opened_by is None
        and not zone.escort
        for zone in (site.zone[name] for name in site.zone[point.zone].lineage)
    )


def _empty(site: Site) -> Map[ZoneId, ZoneState]:
    return Map({zone.id: occupancy.opened(0, MONDAY) for zone in site.zones})
