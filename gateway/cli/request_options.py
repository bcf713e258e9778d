"""The shared parts of the desk's commands: member, operator, and the gateway's answer in words."""

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.adapters.mqtt.address import broker_address
from gateway.adapters.mqtt.request_client import DeskError, ask
from gateway.cli import errors
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings
from gateway.config.schema.fields import ID_PATTERN, ID_RULE
from gateway.core.model.directory import PSEUDONYM, HolderId
from gateway.core.model.names import SiteId
from gateway.core.requests import Order, Request
from gateway.wire.states import ResponseMessage
from gateway.wire.topics import Topics

WHY_MAX: Final = 200
"""In characters."""

SiteOption = Annotated[str, typer.Option("--site", help="The site's id.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the members; default: SEUIL_DATA_DIR, or data."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
By = Annotated[str, typer.Option("--by", help="Who asks: an operator's ref or pseudonym.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the journal.")]


def ask_and_tell(
    order: Callable[[Settings], Order],
    site: str,
    by: str,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Send an order to a gateway and print its answer; exit with 1 if refused, 2 if unreachable."""
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


def words_of(why: str) -> str:
    """Return the given reason.

    Raises:
        ConfigError: It is longer than the gateway takes.
    """
    if len(why) > WHY_MAX:
        message = f"has {len(why)} characters; at most {WHY_MAX}"
        raise ConfigError([ConfigFault("", "--why", message)])
    return why


@contextmanager
def reachable() -> Iterator[None]:
    """Convert a desk's error into one that every command reports in the same way.

    Raises:
        ConfigError: The gateway could not be reached.
    """
    try:
        yield
    except DeskError as wrong:
        raise ConfigError([ConfigFault("", "", str(wrong))]) from wrong


def site_named(site: str) -> SiteId:
    """Return a site's id.

    Raises:
        ConfigError: It can be none.
    """
    if not re.fullmatch(ID_PATTERN, site):
        right = f"{ID_RULE}, as in the space file"
        raise ConfigError([ConfigFault("", "--site", f'"{site}" is no id of a site; {right}')])
    return SiteId(site)


def holder_named(who: str, option: str, settings: Settings) -> HolderId:
    """Return the pseudonym of a member: as given, or by the operator's own member number.

    Raises:
        ConfigError: There is no such member here.
    """
    if PSEUDONYM.fullmatch(who):
        return HolderId(who)
    with _store_here(settings, option) as store:
        member = store.find(who)
    if member is None:
        right = "a ref of `seuil members list`, or a pseudonym such as h-0123456789ab"
        raise ConfigError([ConfigFault("", option, f'no member has the ref "{who}"; {right}')])
    return member.holder.id


def members_here(settings: Settings, option: str) -> tuple[Member, ...]:
    """Return every member with their name.

    Raises:
        ConfigError: The members are not kept on this computer.
    """
    with _store_here(settings, option) as store:
        return store.members()


@contextmanager
def _store_here(settings: Settings, option: str) -> Iterator[DirectoryStore]:
    file = settings.data_dir / FILE
    if not file.exists():
        right = "give pseudonyms (h-…), or name the gateway's data folder with --data-dir"
        raise ConfigError([ConfigFault(str(file), option, f"no members are kept here; {right}")])
    with closing(DirectoryStore(file)) as store:
        yield store
