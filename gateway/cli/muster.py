"""`seuil muster`: the people still missing in an evacuation, and their last known zone."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final

import msgspec
import typer
from msgspec import Struct
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.adapters.mqtt.address import BrokerAddress, broker_address
from gateway.adapters.mqtt.request_client import ANSWER_S, DeskError, line
from gateway.cli import errors
from gateway.cli.request_options import (
    AsJson,
    DataDir,
    SiteOption,
    members_here,
    reachable,
    site_named,
)
from gateway.cli.signals import until_told
from gateway.config import Settings, load_settings
from gateway.core.model.directory import HolderId
from gateway.core.model.names import SiteId
from gateway.wire.states import ModeMessage, MusterMessage
from gateway.wire.topics import Topics

KEPT_S: Final = 0.3
"""The time that the retained lists may take to arrive after the retained mode."""
_TO_TICK: Final = "☐"
_read_mode = msgspec.json.Decoder(ModeMessage).decode
_read_muster = msgspec.json.Decoder(MusterMessage).decode


def muster(
    *,
    site: SiteOption,
    names: Annotated[
        bool, typer.Option("--names", help="Names instead of pseudonyms, from the members here.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and show every change until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List by zone who is expected at the muster point, seen and missing.

    Ends with 0 when nobody is missing, 1 when somebody is, 2 when the gateway cannot be heard.
    """
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        known = _names(settings) if names else {}
        found = Lists(site_named(site))
        listening = (broker_address(settings), Topics(settings.prefix), found)
        with reachable():
            if watch:
                with _screen(known, as_json=as_json) as show:
                    until_told(_listen(*listening, show))
            else:
                asyncio.run(_listen(*listening))
                _print(found, known, as_json=as_json)
    if found.missing:
        raise typer.Exit(errors.FOUND)


class Lists(Struct):
    """The gateway's muster lists of one site; `mode` None: nothing received yet."""

    site: SiteId
    mode: ModeMessage | None = None
    zones: dict[str, MusterMessage] = {}

    @property
    def missing(self) -> bool:
        """True while anybody is missing."""
        return any(zone.seen < zone.expected for zone in self.zones.values())

    def take(self, topics: Topics, topic: str, payload: bytes) -> None:
        """Store one message; ignore it if it is neither a muster list nor a mode."""
        try:
            if topic == topics.mode(self.site):
                self.mode = _read_mode(payload) if payload else None
                return
            zone = topic.split("/")[-2]
            if payload:
                self.zones[zone] = _read_muster(payload)
            else:
                self.zones.pop(zone, None)
        except msgspec.DecodeError:
            return


async def _listen(
    address: BrokerAddress,
    topics: Topics,
    found: Lists,
    show: Callable[[Lists], None] | None = None,
) -> None:
    """Receive the broker's retained messages; with `show`, show every further change, forever.

    Raises:
        DeskError: No gateway has published the mode of the site.
    """
    clock = asyncio.get_running_loop()
    async with line(address) as client:
        # In this order, so that the lists have arrived before the mode.
        await client.subscribe(topics.muster(found.site, "+"), qos=1)
        await client.subscribe(topics.mode(found.site), qos=1)
        try:
            async with asyncio.timeout(ANSWER_S) as patience:
                async for message in client.messages:
                    was_known = found.mode is not None
                    found.take(topics, message.topic.value, bytes(message.payload))
                    if found.mode is None:
                        continue
                    if show is not None:
                        patience.reschedule(None)
                        show(found)
                    elif not was_known:
                        patience.reschedule(clock.time() + KEPT_S)
        except TimeoutError:
            if found.mode is None:
                raise DeskError(
                    f"no gateway has said in which mode {found.site} is; is the site's id right, "
                    "and has its gateway ever run with this broker?"
                ) from None


def _names(settings: Settings) -> dict[HolderId, str]:
    return {member.holder.id: member.name for member in members_here(settings, "--names")}


@contextmanager
def _screen(known: Mapping[HolderId, str], *, as_json: bool) -> Iterator[Callable[[Lists], None]]:
    """Open the output of a live list: a page that is redrawn, or one JSON object per line."""
    if as_json:
        yield lambda found: _print(found, known, as_json=True)
        return
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        yield lambda found: live.update(_page(found, known), refresh=True)


def _print(found: Lists, known: Mapping[HolderId, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_data(found, known), ensure_ascii=False))
    else:
        Console(highlight=False).print(_page(found, known))


def _as_data(found: Lists, known: Mapping[HolderId, str]) -> dict[str, object]:
    """Return the lists for scripts, with names only on request."""
    zones: dict[str, object] = {}
    for zone, said in sorted(found.zones.items()):
        missing = [
            {"holder": holder} | ({"name": known.get(holder)} if known else {})
            for holder in said.missing
        ]
        zones[zone] = msgspec.to_builtins(said) | {"missing": missing}
    mode = msgspec.to_builtins(found.mode)
    return {"ok": not found.missing, "site": found.site, "mode": mode, "zones": zones}


def _page(found: Lists, known: Mapping[HolderId, str]) -> Group:
    """Return the lists for a page that can be printed and ticked off with a pen."""
    assert found.mode is not None  # noqa: S101 - shown only once it is known
    mode = found.mode
    since = f" since {mode.since:%Y-%m-%d %H:%M:%S} UTC" if mode.since is not None else ""
    title = Text(f"{found.site}: {mode.mode}{since}", style="bold")
    if mode.why:
        title.append(f"\n{mode.why}", style="not bold")
    if not found.zones:
        return Group(title, Text("nobody is waited for"))
    table = Table("zone", "expected", "seen", "missing", "", box=None, pad_edge=False)
    for zone, said in sorted(found.zones.items()):
        lost = said.expected - said.seen
        counts = (str(said.expected), str(said.seen), str(lost))
        table.add_row(zone, *counts, _to_find(said, known), style="" if lost else "green")
    return Group(title, table)


def _to_find(said: MusterMessage, known: Mapping[HolderId, str]) -> str:
    people = [f"{_TO_TICK} {known.get(holder, holder)}" for holder in said.missing]
    if said.more:
        people.append(f"and {said.more} more")
    return "\n".join(people)
