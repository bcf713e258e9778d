"""`seuil members revoke`, `restore` and `train`: one member, changed in one step.

A change increments the members' version, which a running gateway reads each second.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Annotated, Literal

import typer

from gateway.adapters.directory import DirectoryStore, Member
from gateway.cli import errors
from gateway.cli.members_options import (
    AsJson,
    DataDir,
    Ref,
    Space,
    TimeZone,
    nobody,
    opened_store,
    zone_of,
)
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, load_settings, load_space
from gateway.core.model.directory import HolderId, Training
from gateway.members import describe as members_words
from gateway.members.cells import training_id
from gateway.members.credentials import Status
from gateway.members.dates import moment
from gateway.members.edit import marked, trained
from gateway.members.known import known_of
from gateway.members.wrong import Wrong

Place = Annotated[
    int | None,
    typer.Option("--badge", min=1, help="Which one, as `seuil members show` counts them."),
]
Every = Annotated[bool, typer.Option("--all", help="Every badge and code of the member.")]


def revoke(
    ref: Ref,
    *,
    status: Annotated[
        Literal["lost", "stolen", "suspended"], typer.Option("--as", help="What became of it.")
    ],
    badge: Place = None,
    every: Every = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Let a badge, code or QR code open nothing any more."""
    with errors.told(as_json=as_json), _store(data_dir) as store:
        change = partial(_marked, status=status, place=badge, every=every)
        _revise(store, ref, change, as_json=as_json)


def restore(
    ref: Ref,
    *,
    badge: Place = None,
    every: Every = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Put a badge, code or QR code that was revoked back into force."""
    with errors.told(as_json=as_json), _store(data_dir) as store:
        change = partial(_marked, status="active", place=badge, every=every)
        _revise(store, ref, change, as_json=as_json)


def train(
    ref: Ref,
    training: Annotated[str, typer.Argument(help="Id of the training.")],
    *,
    until: Annotated[str | None, typer.Option(help="Last day, like 2027-01-31.")] = None,
    by: Annotated[str | None, typer.Option(help="Who gave it: a reference or pseudonym.")] = None,
    space: Space = None,
    timezone: TimeZone = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Enter that a member is trained as of now; a training that they had is renewed."""
    with errors.told(as_json=as_json), _store(data_dir) as store:
        sites = load_space(space) if space is not None else None
        known = known_of(b"", zone_of(timezone, sites or ()), sites)
        try:
            name = training_id(training, "TRAINING", known)
            ends = moment(until or "", "--until", known.timezone, after=1)
        except Wrong as wrong:
            raise ConfigError([ConfigFault("", wrong.column, str(wrong))]) from None
        given = SystemClock().now().replace(second=0, microsecond=0)
        told = Training(name, None if by is None else _holder(store, by), given, ends)
        _revise(store, ref, partial(trained, told=told), as_json=as_json)


@contextmanager
def _store(data_dir: DataDir) -> Iterator[DirectoryStore]:
    with closing(opened_store(load_settings(data_dir=data_dir))) as store:
        yield store


def _revise(
    store: DirectoryStore, ref: str, change: Callable[[Member], Member], *, as_json: bool
) -> None:
    revised = store.revise(ref, change)
    if revised is None:
        raise nobody(store, ref)
    before, after = revised
    said = members_words.change(before, after)
    if as_json:
        member = {"ref": after.ref, "holder": after.holder.id}
        changed = {"changed": before != after, "detail": said, "version": store.version()}
        typer.echo(json.dumps({"ok": True} | member | changed, ensure_ascii=False))
    else:
        typer.echo(f"{after.ref} ({after.holder.id}): {said or 'is so already'}")


def _marked(member: Member, *, status: Status, place: int | None, every: bool) -> Member:
    """Return the member with the status on one of their credentials, or on all of them."""
    count = len(member.credentials)
    if place is None and not every and count == 1:
        place = 1
    if every == (place is not None) or not count or (place or 1) > count:
        has = members_words.credentials(member.credentials) or "no badge and no code"
        which = f"--badge 1 to {count} (seuil members show counts them), or --all"
        right = f"; say {which}" if count else ""
        raise ConfigError([ConfigFault("", "--badge", f"{member.ref} has {has}{right}")])
    return marked(member, status, None if every else place)


def _holder(store: DirectoryStore, who: str) -> HolderId:
    member = store.find(who)
    if member is None:
        raise nobody(store, who)
    return member.holder.id
