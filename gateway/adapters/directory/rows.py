"""Converts rows to holders and credentials, and members to rows."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Connection, Select, Table, select

from gateway.adapters.directory.member import Member, Tag
from gateway.adapters.directory.tables import (
    CREDENTIAL,
    HOLDER,
    HOLDER_GROUP,
    IDENTITY,
    MEMBERSHIP,
    STAFF_ROLE,
    TRAINING,
)
from gateway.adapters.journal.rows import from_us, to_us
from gateway.core.model.directory import (
    Credential,
    CredentialHash,
    Holder,
    HolderId,
    Membership,
    StaffRole,
    Training,
)
from gateway.core.model.names import GroupId, PlanId, RoleId, SiteId, TrainingId

_REMEMBERED = 4096
"""Moments and site lists that are cached: memberships begin and end on the same few days."""


def holders(connection: Connection, only: HolderId | None = None) -> Iterator[Holder]:
    """Yield every holder, or `only` this one, sorted by pseudonym."""
    plans = _memberships(connection, only)
    trainings = _trainings(connection, only)
    roles = _roles(connection, only)
    groups = _groups(connection, only)
    query = _of(select(HOLDER.c.id, HOLDER.c.kind).order_by(HOLDER.c.id), HOLDER.c.id, only)
    for id_, kind in connection.execute(query).all():
        yield Holder(
            id_,
            kind,
            tuple(plans.get(id_, ())),
            tuple(trainings.get(id_, ())),
            tuple(roles.get(id_, ())),
            tuple(groups.get(id_, ())),
        )


def credentials(connection: Connection, only: HolderId | None = None) -> Iterator[Credential]:
    """Yield every credential, or those of `only` this holder, sorted by hash."""
    query = select(*(CREDENTIAL.c[name] for name in _CREDENTIAL)).order_by(CREDENTIAL.c.hash)
    for hash_, holder, status, kind, starts, ends, *rest in connection.execute(
        _of(query, CREDENTIAL.c.holder, only)
    ).all():
        yield Credential(hash_, holder, status, kind, _moment(starts), _moment(ends), *rest)


def tags(
    connection: Connection, only: HolderId | None = None
) -> dict[HolderId, dict[CredentialHash, Tag]]:
    """Return the tags of every holder's credentials, or of `only` this one's, by their numbers."""
    columns = (CREDENTIAL.c[name] for name in ("holder", "hash", "number", "label", "enrolled"))
    query = _of(select(*columns).order_by(CREDENTIAL.c.number), CREDENTIAL.c.holder, only)
    found: dict[HolderId, dict[CredentialHash, Tag]] = {}
    for holder, hash_, number, label, enrolled in connection.execute(query):
        found.setdefault(holder, {})[hash_] = Tag(number, label or "", _moment(enrolled))
    return found


def tagged(member: Member, kept: Mapping[CredentialHash, Tag], now: datetime) -> Member:
    """Return the member with a tag on each credential; new ones are numbered after those `kept`."""
    known = {**kept, **member.tags}
    last = max((tag.number for tag in known.values()), default=0)
    new = [each.hash for each in member.credentials if each.hash not in known]
    known |= {hash_: Tag(n, enrolled=now) for n, hash_ in enumerate(new, start=last + 1)}
    return structs.replace(
        member, tags={each.hash: known[each.hash] for each in member.credentials}
    )


_CREDENTIAL = Credential.__struct_fields__
"""The columns are the fields, by the same names."""


def _memberships(connection: Connection, only: HolderId | None) -> dict[str, list[Membership]]:
    found: dict[str, list[Membership]] = {}
    for holder, plan, sites, starts, ends, status in _rows(connection, MEMBERSHIP, only):
        membership = Membership(PlanId(plan), _sites(sites), _moment(starts), _moment(ends), status)
        found.setdefault(holder, []).append(membership)
    return found


def _trainings(connection: Connection, only: HolderId | None) -> dict[str, list[Training]]:
    found: dict[str, list[Training]] = {}
    for holder, training, by, given, ends in _rows(connection, TRAINING, only):
        one = Training(TrainingId(training), by, _moment(given), _moment(ends))
        found.setdefault(holder, []).append(one)
    return found


def _roles(connection: Connection, only: HolderId | None) -> dict[str, list[StaffRole]]:
    found: dict[str, list[StaffRole]] = {}
    for holder, role, sites in _rows(connection, STAFF_ROLE, only):
        found.setdefault(holder, []).append(StaffRole(RoleId(role), _sites(sites)))
    return found


def _groups(connection: Connection, only: HolderId | None) -> dict[str, list[GroupId]]:
    found: dict[str, list[GroupId]] = {}
    for holder, group in _rows(connection, HOLDER_GROUP, only):
        found.setdefault(holder, []).append(GroupId(group))
    return found


def _rows(connection: Connection, table: Table, only: HolderId | None) -> Iterable[Any]:
    """Return the rows of a holder (or of all) in their order, without the column `place`."""
    columns = [column for column in table.c if column.name != "place"]
    query = select(*columns).order_by(table.c.holder, table.c.place)
    return connection.execute(_of(query, table.c.holder, only)).all()


def _of(query: Select[Any], holder: Any, only: HolderId | None) -> Select[Any]:  # noqa: ANN401 - a column
    return query if only is None else query.where(holder == only)


def written(members: Iterable[Member]) -> dict[Table, list[dict[str, object]]]:
    """Return the rows of members, all tagged, by table; tables without rows are left out."""
    rows: dict[Table, list[dict[str, object]]] = {}

    def add(table: Table, **row: object) -> None:
        rows.setdefault(table, []).append(row)

    for member in members:
        holder = member.holder
        add(HOLDER, id=holder.id, kind=holder.kind)
        add(IDENTITY, holder=holder.id, ref=member.ref, name=member.name, email=member.email)
        for credential in member.credentials:
            tag = member.tags[credential.hash]
            row = structs.asdict(credential) | structs.asdict(tag)
            add(
                CREDENTIAL,
                **(
                    row
                    | _period(credential)
                    | {"label": tag.label or None, "enrolled": _microseconds(tag.enrolled)}
                ),
            )
        for place, plan in enumerate(holder.memberships):
            add(
                MEMBERSHIP,
                holder=holder.id,
                place=place,
                plan=plan.plan,
                sites=_array(plan.sites),
                status=plan.status,
                **_period(plan),
            )
        for place, training in enumerate(holder.trainings):
            add(
                TRAINING,
                holder=holder.id,
                place=place,
                training=training.training,
                given_by=training.given_by,
                given=_microseconds(training.given),
                ends=_microseconds(training.ends),
            )
        for place, role in enumerate(holder.roles):
            add(STAFF_ROLE, holder=holder.id, place=place, role=role.role, sites=_array(role.sites))
        for place, group in enumerate(holder.groups):
            add(HOLDER_GROUP, holder=holder.id, place=place, group=group)
    return rows


def _period(of: Credential | Membership) -> dict[str, int | None]:
    return {"starts": _microseconds(of.starts), "ends": _microseconds(of.ends)}


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)


@lru_cache(_REMEMBERED)
def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_us(microseconds)


@lru_cache(_REMEMBERED)
def _sites(array: str) -> tuple[SiteId, ...]:
    return msgspec.json.decode(array, type=tuple[SiteId, ...])


def _array(sites: tuple[SiteId, ...]) -> str:
    return msgspec.json.encode(sites).decode()
