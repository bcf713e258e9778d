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
from gateway.cli.members_show import last_uses_of
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings, load_space
from gateway.core.model.directory import HolderId, Training
from gateway.members import describe as members_words
from gateway.members.cells import training_id
from gateway.members.credentials import Status
from gateway.members.dates import moment
from gateway.members.edit import LABEL_MAX, labelled, marked, trained
from gateway.members.known import known_of
from gateway.members.wrong import Wrong

Place = Annotated[
    int | None,
    typer.Option("--badge", min=1, help="Its number, as `seuil members show` says."),
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
        settings = load_settings(data_dir=data_dir)
        change = partial(_marked, settings=settings, status=status, number=badge, every=every)
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
        settings = load_settings(data_dir=data_dir)
        change = partial(_marked, settings=settings, status="active", number=badge, every=every)
        _revise(store, ref, change, as_json=as_json)


def label(
    ref: Ref,
    text: Annotated[str, typer.Argument(help='Your own words for it: "blue fob". Empty: none.')],
    *,
    badge: Place = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Label a badge or code, so that a lost one can be told from the others."""
    with errors.told(as_json=as_json), _store(data_dir) as store:
        settings = load_settings(data_dir=data_dir)

        def change(member: Member) -> Member:
            number = badge or (member.tagged[0][0].number if len(member.tagged) == 1 else None)
            if number is None or not _has(member, number):
                raise ConfigError([ConfigFault("", "--badge", _which(member, settings))])
            if len(text) > LABEL_MAX:
                message = f"has {len(text)} characters; at most {LABEL_MAX}"
                raise ConfigError([ConfigFault("", "TEXT", message)])
            return labelled(member, number, text.strip())

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
        found = space or load_settings(data_dir=data_dir).space
        sites = load_space(found) if found is not None else None
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


def _marked(
    member: Member, *, settings: Settings, status: Status, number: int | None, every: bool
) -> Member:
    """Return the member with the status on one of their credentials, or on all of them."""
    if number is None and not every and len(member.credentials) == 1:
        number = member.tagged[0][0].number
    if every and number is None and member.credentials:
        return marked(member, status)
    if every or number is None or not _has(member, number):
        raise ConfigError([ConfigFault("", "--badge", _which(member, settings))])
    return marked(member, status, number)


def _has(member: Member, number: int) -> bool:
    return any(tag.number == number for tag, _ in member.tagged)


def _which(member: Member, settings: Settings) -> str:
    """Return the question which one is meant, with what tells them apart."""
    if not member.credentials:
        return f"{member.ref} has no badge and no code"
    used = last_uses_of(settings, member)
    each = (members_words.credential(tag, one, used.get(one.hash)) for tag, one in member.tagged)
    lines = "".join(f"\n  {said}" for said in each)
    return f"say which by its number, or --all; {member.ref} has:{lines}"


def _holder(store: DirectoryStore, who: str) -> HolderId:
    member = store.find(who)
    if member is None:
        raise nobody(store, who)
    return member.holder.id
