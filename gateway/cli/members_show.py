"""`seuil members list` and `show`: the enrolled members and their rights, without numbers."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table

from gateway.adapters.directory import FILE, DirectoryStore, Member, Tag
from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import HistoryError, opened
from gateway.adapters.journal.queries import LastUse, last_uses
from gateway.cli import errors
from gateway.cli.members_options import AsJson, DataDir, Names, Ref, member_of
from gateway.config import Settings, known_credential_key, load_settings
from gateway.core.model.directory import Credential
from gateway.members import describe as members_words


def list_members(
    *, names: Names = False, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """List members by pseudonym."""
    with errors.told(as_json=as_json):
        _, members = kept(load_settings(data_dir=data_dir))
    if as_json:
        rows = [as_data(member, names=names) for member in members]
        typer.echo(json.dumps({"members": rows}, ensure_ascii=False))
        return
    columns = ("holder", "ref", "kind", "plans", "trainings", "roles", "credentials")
    table = Table(*columns, *(("name", "email") if names else ()))
    for member in members:
        table.add_row(*_cells(member), *((member.name, member.email or "") if names else ()))
    Console(markup=False).print(table)


def show_member(
    ref: Ref, *, names: Names = False, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Show one member: plans, trainings, roles, groups and credentials."""
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        member = member_of(settings, ref)
        used = last_uses_of(settings, member)
    if as_json:
        typer.echo(json.dumps(as_data(member, used, names=names), ensure_ascii=False))
        return
    table = Table(show_header=False, box=None)
    for word, said in _shown(member, used, names=names):
        table.add_row(word, said)
    Console(markup=False, highlight=False).print(table)


def last_uses_of(settings: Settings, member: Member) -> Mapping[str, LastUse]:
    """Return the last uses of a member's badges and codes; none where no journal can be read."""
    hashes = [each.hash for each in member.credentials]
    try:
        with opened(settings.data_dir / JOURNAL_FILE) as journal:
            return last_uses(journal, member.holder.id, hashes)
    except (HistoryError, sqlite3.Error):
        return {}


def kept(settings: Settings) -> tuple[int, tuple[Member, ...]]:
    """Return the store's version and every member of it; no members before the first import."""
    file = settings.data_dir / FILE
    if not file.exists():
        return 0, ()
    with closing(DirectoryStore(file)) as store:
        key = known_credential_key(settings)
        if key is not None:
            store.bind(key)
        return store.version(), store.members()


def as_data(
    member: Member, used: Mapping[str, LastUse] | None = None, *, names: bool
) -> dict[str, object]:
    """Return a member for scripts."""
    holder = member.holder
    data: dict[str, object] = {
        "holder": holder.id,
        "ref": member.ref,
        "kind": holder.kind,
        "badges": sum(each.kind == "badge" for each in member.credentials),
        "memberships": [
            {
                "plan": each.plan,
                "sites": each.sites,
                "starts": _spoken(each.starts),
                "ends": _spoken(each.ends),
                "status": each.status,
            }
            for each in holder.memberships
        ],
        "trainings": [
            {
                "training": each.training,
                "given_by": each.given_by,
                "given": _spoken(each.given),
                "ends": _spoken(each.ends),
            }
            for each in holder.trainings
        ],
        "roles": [{"role": each.role, "sites": each.sites} for each in holder.roles],
        "groups": holder.groups,
        "credentials": [
            _credential(tag, each, (used or {}).get(each.hash)) for tag, each in member.tagged
        ],
    }
    return data | ({"name": member.name, "email": member.email} if names else {})


def _cells(member: Member) -> tuple[str, ...]:
    holder = member.holder
    return (
        holder.id,
        member.ref,
        holder.kind,
        members_words.plans(holder.memberships),
        ", ".join(members_words.training(each) for each in holder.trainings),
        ", ".join(members_words.role(each) for each in holder.roles),
        members_words.credentials(member.credentials),
    )


def _shown(
    member: Member, used: Mapping[str, LastUse], *, names: bool
) -> Iterable[tuple[str, str]]:
    holder = member.holder
    yield "member", f"{member.ref} ({holder.id}), {holder.kind}"
    if names:
        yield "name", member.name
        yield "email", member.email or ""
    for plan in holder.memberships:
        where = f" at {', '.join(plan.sites)}" if plan.sites else ""
        yield "plan", members_words.plans([plan]) + where
    for training in holder.trainings:
        by = f", given by {training.given_by}" if training.given_by else ""
        yield "training", members_words.training(training) + by
    for role in holder.roles:
        yield "role", members_words.role(role)
    for group in holder.groups:
        yield "group", group
    for tag, credential in member.tagged:
        said = members_words.credential(tag, credential, used.get(credential.hash))
        yield f"credential {tag.number}", said


def _credential(tag: Tag, credential: Credential, used: LastUse | None) -> dict[str, object]:
    return {
        "place": tag.number,
        "kind": credential.kind,
        "label": tag.label,
        "enrolled": _spoken(tag.enrolled),
        "last_used": used
        and {"at": _spoken(used.at), "site": used.site, "access_point": used.access_point},
        "status": credential.status,
        "starts": _spoken(credential.starts),
        "ends": _spoken(credential.ends),
        "pin": credential.pin is not None,
        "duress_pin": credential.duress_pin is not None,
        "duress": credential.duress,
        "for_readers": credential.reader_hash is not None,
    }


def _spoken(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
