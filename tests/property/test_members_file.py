"""Any members: what is exported comes back; any file: faults, never a crash."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from openpyxl import Workbook  # type: ignore[import-untyped]

from gateway.adapters.directory import Member, holder_of
from gateway.core.model.directory import Holder, HolderId, Membership, StaffRole, Training
from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId
from gateway.members.dates import moment, written
from gateway.members.diff import change_of
from gateway.members.export import export
from gateway.members.french import Language
from gateway.members.importer import read_members
from gateway.members.known import ReferenceData
from gateway.members.wrong import Wrong
from tests.doses import examples

KEY = b"k" * 32
ZONES = [ZoneInfo(name) for name in ("Europe/Paris", "Africa/Cairo", "Pacific/Noumea", "UTC")]
FIRST, LAST = datetime(1970, 1, 3, tzinfo=UTC), datetime(2199, 12, 29, tzinfo=UTC)
MOMENTS = st.integers(0, (LAST - FIRST) // timedelta(microseconds=1)).map(
    lambda us: FIRST + timedelta(microseconds=us)
) | st.builds(
    lambda day, zone: datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC),
    st.dates(date(1971, 1, 1), date(2199, 1, 1)),
    st.sampled_from(ZONES),
)
MOMENTS |= st.integers(0, 3 * 60).map(  # the night of Paris in which an hour comes twice
    lambda minutes: datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=minutes)
)
TEXTS = st.text(min_size=1, max_size=12).filter(lambda t: t.isprintable() and t == t.strip())
WORDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
CALLED_AN_ERROR = Member(
    "#N/A", "#REF!", Holder(holder_of(KEY, "#N/A"), roles=(StaffRole(RoleId("viewer")),))
)
"""A spreadsheet would read an error where a name is."""
SITES = st.lists(WORDS.map(SiteId), max_size=2, unique=True).map(tuple)


@st.composite
def periods(draw: st.DrawFn) -> tuple[datetime | None, datetime | None]:
    """A beginning before its end, or none of either."""
    starts, ends = draw(st.none() | MOMENTS), draw(st.none() | MOMENTS)
    if starts is not None and ends is not None and ends <= starts:
        ends = starts + timedelta(microseconds=1)
    return starts, ends


@st.composite
def memberships(draw: st.DrawFn) -> Membership:
    """A plan with all that can be said of it."""
    status = draw(st.sampled_from(["active", "suspended", "unpaid"]))
    return Membership(PlanId(draw(WORDS)), draw(SITES), *draw(periods()), status)  # type: ignore[arg-type]


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    """Members whom an import may have made; some were trained by others, some by who has left."""
    refs = draw(st.lists(TEXTS, max_size=4, unique=True))
    trainers = [holder_of(KEY, ref) for ref in refs] + [HolderId("h-0123456789ab"), None]
    trainings = st.builds(
        Training,
        WORDS.map(TrainingId),
        st.sampled_from(trainers),
        st.none() | MOMENTS,
        st.none() | MOMENTS,
    )
    roles = st.builds(StaffRole, WORDS.map(RoleId), SITES)
    holders = st.builds(
        Holder,
        st.just(HolderId("of the reference")),
        st.sampled_from(["member", "visitor"]),
        _some(memberships(), lambda one: (one.plan, one.sites, one.starts)),
        _some(trainings, lambda one: one.training),
        _some(roles, lambda one: one.role),
        _some(WORDS.map(GroupId), str),
    ).filter(lambda holder: holder.memberships or holder.roles)
    return [
        Member(
            ref,
            draw(TEXTS),
            structs.replace(draw(holders), id=holder_of(KEY, ref)),
            draw(st.none() | WORDS.map("{}@example.org".format)),
        )
        for ref in refs
    ]


def _some(
    one: st.SearchStrategy[Any], by: Callable[[Any], object]
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=2, unique_by=by).map(tuple)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@given(kept=members(), zone=st.sampled_from(ZONES), names=st.booleans(), prune=st.booleans())
@example(kept=[CALLED_AN_ERROR], zone=ZONES[0], names=True, prune=False)
@settings(deadline=None, max_examples=examples(60))
def test_an_export_imported_again_changes_nothing(
    suffix: str,
    language: Language,
    *,
    kept: list[Member],
    zone: ZoneInfo,
    names: bool,
    prune: bool,
) -> None:
    """Whatever the names begin with, wherever days begin, and on the nights without an hour."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"out.{suffix}"
        export(file, kept, zone, names=names, language=language)
        read = read_members(file, ReferenceData(KEY, zone))
    change = change_of(kept, read, prune=prune)
    assert read.faults == change.faults == ()
    assert (change.changed, change.added, change.removed) == ((), (), ())
    assert len(change.unchanged) == len(kept)


@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from([0, 1]))
def test_a_cell_is_read_as_the_moment_that_was_written(
    at: datetime, zone: ZoneInfo, after: int
) -> None:
    """As a day, as a time by the clocks there, or as UTC in the hour that comes twice."""
    assert moment(str(written(at, zone, after)), "until", zone, after) == at


@given(st.text(max_size=30))
def test_what_is_no_moment_is_a_fault(text: str) -> None:
    """Never another error."""
    with suppress(Wrong):
        assert moment(text, "from", ZONES[0]) is None or text


def _workbook() -> bytes:
    book, content = Workbook(), io.BytesIO()
    book.active.append(["ref", "name", "plan", "from", "badges"])
    book.active.append(["M1", "Ada", "nomad", date(2026, 1, 1), "04a224b2"])
    book.save(content)
    return content.getvalue()


WORKBOOK = _workbook()
CSV = b"ref;name;plan;trainings;roles;pin;badges\nM1;Ada;nomad;laser by M1;viewer@a;11;04a224b2\n"


@given(
    st.sampled_from([WORKBOOK, CSV]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), max_size=8),
)
@settings(deadline=None)
def test_a_damaged_file_has_faults_and_nothing_else(
    content: bytes, damage: list[tuple[float, bytes]]
) -> None:
    """Bytes changed, added or lost anywhere: what can be read is read, and the rest is told."""
    for where, replaced in damage:
        at = int(where * len(content))
        content = content[:at] + replaced + content[at + 1 :]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(content)
        read = read_members(file, ReferenceData(KEY, ZONES[0]))
    assert read.faults or read.columns or read.questions
