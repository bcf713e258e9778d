"""Any directory: what differs, applied, is the new one; what is stored comes back."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from gateway.adapters.directory import DirectoryStore, Member, diff
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Directory,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
    changed,
)
from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId
from tests.doses import examples

MOMENTS = st.none() | st.integers(0, 10**16).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
MEMBERSHIPS = st.builds(
    Membership,
    st.sampled_from(["nomad", "resident"]).map(PlanId),
    st.sampled_from([(), (SiteId("a"),), (SiteId("a"), SiteId("b"))]),
    MOMENTS,
    MOMENTS,
    st.sampled_from(["active", "suspended", "unpaid"]),
)
TRAININGS = st.builds(
    Training,
    st.sampled_from(["laser", "cnc"]).map(TrainingId),
    st.none() | st.just(HolderId("h-9")),
    MOMENTS,
    MOMENTS,
)
ROLES = st.builds(StaffRole, st.just(RoleId("viewer")), st.sampled_from([(), (SiteId("a"),)]))
HASHES = st.none() | st.sampled_from(["p", "q"]).map(CredentialHash)
HOLDERS = st.builds(
    Holder,
    st.integers(0, 5).map(lambda n: HolderId(f"h-{n}")),
    st.sampled_from(["member", "visitor"]),
    st.lists(MEMBERSHIPS, max_size=3).map(tuple),
    st.lists(TRAININGS, max_size=2).map(tuple),
    st.lists(ROLES, max_size=2).map(tuple),
    st.lists(st.sampled_from(["x", "y"]).map(GroupId), max_size=2).map(tuple),
)
CREDENTIALS = st.builds(
    Credential,
    st.integers(0, 9).map(lambda n: CredentialHash(f"c{n}")),
    st.integers(0, 5).map(lambda n: HolderId(f"h-{n}")),
    st.sampled_from(["active", "suspended", "lost", "stolen"]),
    st.sampled_from(["badge", "pin", "qr"]),
    MOMENTS,
    MOMENTS,
    HASHES,
    HASHES,
    st.booleans(),
    HASHES,
)


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    """Some holders, and credentials of theirs."""
    holders = {holder.id: holder for holder in draw(st.lists(HOLDERS))}
    credentials = {c.hash: c for c in draw(st.lists(CREDENTIALS)) if c.holder in holders}
    return Directory(Map(holders), Map(credentials))


@given(directories(), directories())
def test_a_difference_applied_gives_the_new_directory(old: Directory, new: Directory) -> None:
    """`changed(old, diff(old, new))` is `new`, and None means that they are equal."""
    change = diff(old, new)
    assert (change is None) == (old == new)
    assert change is None or changed(old, change) == new


@given(directories(), directories())
@settings(deadline=None, max_examples=examples(50))  # each on a file of its own
def test_the_store_keeps_what_it_is_given(first: Directory, second: Directory) -> None:
    """After any two imports the directory is the second one, whoever came, changed or left."""
    with (
        TemporaryDirectory() as folder,
        closing(DirectoryStore(Path(folder) / "members.db")) as store,
    ):
        store.apply(_members(first))
        assert store.load() == first
        store.apply(_members(second), removed=first.holders)
        assert store.load() == second


def _members(directory: Directory) -> list[Member]:
    return [
        Member(
            f"ref {holder.id}",
            "Name",
            holder,
            None,
            tuple(c for c in directory.credentials.values() if c.holder == holder.id),
        )
        for holder in directory.holders.values()
    ]
