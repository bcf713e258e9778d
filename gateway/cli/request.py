"""`seuil request`: what an operator may ask of a running gateway, and its answer in words.

Each command says only which order its arguments make; `_ask` does what they share.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from gateway.adapters.broker_address import broker_address
from gateway.adapters.desk import ask
from gateway.cli import errors
from gateway.cli.desk import AsJson, DataDir, SiteOption, holder_named, reachable, site_named
from gateway.clock import SystemClock
from gateway.config import ConfigError, Fault, Settings, load_settings
from gateway.core.directory import HolderId
from gateway.core.names import AccessPointId, DoorId, ZoneId
from gateway.core.requests import (
    AcknowledgeAlarm,
    MarkLeft,
    MarkMustered,
    Mode,
    OpenDoor,
    Order,
    Request,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics

app = typer.Typer(
    help="Ask a running gateway: change the mode, open a door, see to an alarm, mark who is safe.",
    no_args_is_help=True,
)

WHY_MAX: Final = 200
ID_MAX: Final = 32
"""Characters."""

By = Annotated[str, typer.Option("--by", help="Who asks: an operator's ref or pseudonym.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the journal.")]
HolderArgument = Annotated[str, typer.Argument(help="A member's ref or pseudonym.")]


@app.command("mode")
def set_mode(
    mode: Annotated[Mode, typer.Argument(help="normal, lockdown or evacuation.")],
    *,
    site: SiteOption,
    by: By,
    why: Why,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Put the site into a mode: lockdown shuts every entry, evacuation releases the doors."""
    _ask(lambda _: SetMode(mode, _reason(why)), site, by, data_dir, as_json=as_json)


@app.command("open")
def open_door(
    door: Annotated[str, typer.Argument(help="The door's id.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Release a door once, as for a granted badge."""
    _ask(lambda _: OpenDoor(DoorId(door), _words(why)), site, by, data_dir, as_json=as_json)


@app.command("muster")
def mark_mustered(
    holder: HolderArgument,
    *,
    site: SiteOption,
    by: By,
    missing: Annotated[
        bool, typer.Option("--missing", help="They were marked by mistake: look for them again.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """In an evacuation: somebody was seen at the muster point."""
    _ask(
        lambda settings: MarkMustered(_holder(holder, settings), seen=not missing),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("left")
def mark_left(
    holder: HolderArgument,
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Somebody is outside: they forgot to badge out."""
    _ask(
        lambda settings: MarkLeft(_holder(holder, settings), _words(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("people")
def set_people(
    zone: Annotated[str, typer.Argument(help="The zone's id.")],
    people: Annotated[int, typer.Argument(min=0, max=100_000, help="How many are there.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Somebody counted a zone by eye: the estimate begins anew from there."""
    _ask(
        lambda _: SetPeople(ZoneId(zone), people, _words(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("vacant")
def tell_vacant(
    zone: Annotated[str, typer.Argument(help="The zone's id.")],
    *,
    site: SiteOption,
    by: By,
    why: Why,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """A zone is empty: the alarm is armed, the last one locked up. Evidence, not a reset."""
    _ask(lambda _: TellVacant(ZoneId(zone), _reason(why)), site, by, data_dir, as_json=as_json)


@app.command("service")
def set_service(
    access_point: Annotated[str, typer.Argument(help="The access point's id.")],
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="In service, or out of it.")],
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take an access point out of service, or put it back."""
    _ask(
        lambda _: SetService(AccessPointId(access_point), in_service=on, why=_words(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("acknowledge")
def acknowledge_alarm(
    kind: Annotated[str, typer.Argument(help="The alarm's kind: forced, held, device-silent …")],
    about: Annotated[
        str, typer.Argument(metavar="OBJECT", help="What it is about: a door, a zone, a device …")
    ],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say that you look after an alarm; it stays on until what is wrong is over."""
    _ask(
        lambda _: AcknowledgeAlarm(_id(kind, "KIND"), _id(about, "OBJECT"), _words(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


def _reason(why: str) -> str:
    """The reason of an order that must have one."""
    if not why:
        raise ConfigError([Fault("", "--why", "is empty; say why, for the journal")])
    return _words(why)


def _words(why: str) -> str:
    if len(why) > WHY_MAX:
        message = f"has {len(why)} characters; at most {WHY_MAX}"
        raise ConfigError([Fault("", "--why", message)])
    return why


def _holder(named: str, settings: Settings) -> HolderId:
    return holder_named(named, "HOLDER", settings)


def _id(word: str, option: str) -> str:
    if not 0 < len(word) <= ID_MAX:
        raise ConfigError([Fault("", option, f"has 1 to {ID_MAX} characters, as in its topic")])
    return word


def _ask(
    order: Callable[[Settings], Order],
    site: str,
    by: str,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask, and tell the answer; 1 when it is a refusal."""
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        asked, asked_of = order(settings), site_named(site)
        request = Request(
            transaction=secrets.token_hex(8),
            by=holder_named(by, "--by", settings),
            at=SystemClock().now(),
            order=asked,
        )
        with reachable():
            address = broker_address(settings)
            response = asyncio.run(ask(address, Topics(settings.prefix), asked_of, request))
        _tell(response, as_json=as_json)
        if response.status != "ok":
            raise typer.Exit(errors.FOUND)


def _tell(response: ResponseMessage, *, as_json: bool) -> None:
    if as_json:
        answer = {"ok": response.status == "ok"} | msgspec.to_builtins(response)
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(response.message.en)
    if response.detail is not None:
        typer.echo(response.detail)
