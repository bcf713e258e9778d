"""`seuil demo`: a live space with simulated people; nothing to install or to set up."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console

from gateway.adapters.broker.embedded import Kind
from gateway.adapters.directory import FILE, DirectoryStore, Member, credential_key, holder_of
from gateway.cli import errors
from gateway.clock import SystemClock
from gateway.config import ConfigFault, Settings, load_settings
from gateway.console.auth.staff import DEMO_REF
from gateway.core.model.directory import Holder, StaffRole
from gateway.core.model.names import ADMINISTRATOR
from gateway.core.model.site import Site
from gateway.demo.place import folder
from gateway.demo.play import Play
from gateway.demo.report import DemoReport
from gateway.demo.scene import Screen
from gateway.demo.screen import LineScreen, LiveScreen
from gateway.demo.summary import summary
from gateway.demo.wishes import DemoError, StopRequest, Wishes
from gateway.members.diff import change_of
from gateway.members.importer import read_members
from gateway.members.known import known_of
from gateway.translation import Lang
from simulators.scenarios import ScenarioName
from simulators.setup import FaultsName, write_roster

SITES_MAX = 99
"""As many as fit a terminal, and as one small computer can simulate beside the gateway."""
NOT_AS_PROMISED = 1
"""Exit code: a credential event has no decision or two, or another promise was broken."""


def demo(
    *,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, help="Seconds; default: until Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=600, help="A day of habits passes in 24/SPEED hours.")
    ] = 60.0,
    scenario: Annotated[ScenarioName, typer.Option(help="The kind of day.")] = "ordinary-day",
    sites: Annotated[int, typer.Option(min=1, max=SITES_MAX, help="Copies of the place.")] = 1,
    faults: Annotated[FaultsName, typer.Option(help="What goes wrong.")] = "ordinary",
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="The live page's port; default: 8080, or a free one if taken."
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="Keep the journal there: a new or empty folder."),
    ] = None,
    broker: Annotated[
        Kind | None, typer.Option(help="Default: mosquitto where installed, else iotcore.")
    ] = None,
    lang: Annotated[
        str,
        typer.Option(
            "--language",
            help="fr or en; default: the terminal's.",
            envvar=["LC_ALL", "LC_MESSAGES", "LANG"],
        ),
    ] = "en",
) -> None:
    """Show a coworking space and fablab live: simulated people, real broker, gateway and page."""
    told = StopRequest()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    words: Lang = "fr" if lang.lower().startswith("fr") else "en"
    try:
        with errors.told(as_json=as_json), folder(data_dir) as place:
            wishes = Wishes(
                place, load_settings(), seconds, seed, speed, scenario, sites, faults, port, broker
            )
            report = _played(wishes, told, _screen(words, as_json=as_json))
    except DemoError as wrong:
        errors.tell((ConfigFault("", "", str(wrong)),), as_json=as_json)
        raise typer.Exit(errors.CANNOT) from None
    except asyncio.CancelledError:
        _tell_nothing_began(as_json=as_json)
        raise typer.Exit(NOT_AS_PROMISED if as_json else 0) from None
    _tell(report, words, as_json=as_json)
    raise typer.Exit(0 if report.ok else NOT_AS_PROMISED)


def _played(wishes: Wishes, told: StopRequest, screen: Screen) -> DemoReport:
    logs = wishes.folder / "logs"
    logs.mkdir()
    log_into(logs / "demo.log")

    def enrol(settings: Settings, sites: Sequence[Site]) -> None:
        _enrol(wishes, settings, sites)

    async def main() -> DemoReport:
        loop = asyncio.get_running_loop()
        play = Play(wishes, told, screen, SystemClock())
        told.through(loop.call_soon_threadsafe)
        return await play.play(enrol)

    return asyncio.run(main())


def log_into(file: Path) -> None:
    """Log into a new file, until the process ends."""
    logging.basicConfig(
        filename=file,
        # The last log lines, as of forgotten futures, must not open it again: it is gone.
        filemode="w",
        level="INFO",
        format="%(asctime)s %(levelname)s %(message)s",
    )


def _screen(lang: Lang, *, as_json: bool) -> Screen:
    if as_json:
        return LineScreen(sys.stderr, lang)
    console = Console()
    return LiveScreen(console, lang) if console.is_terminal else LineScreen(sys.stdout, lang)


def _enrol(wishes: Wishes, settings: Settings, sites: Sequence[Site]) -> None:
    """Import the enrolled people, as `seuil members import` does."""
    roster = wishes.folder / "members.csv"
    write_roster(roster, sites, wishes.plot, SystemClock().now().date())
    key = credential_key(settings)
    read = read_members(roster, known_of(key, ZoneInfo(sites[0].timezone), sites))
    if read.faults:
        raise DemoError(f"{roster}: {read.faults[0]}")
    with closing(DirectoryStore(settings.data_dir / FILE)) as store:
        store.bind(key)
        store.apply((*change_of((), read).entering, _operator(key)))


def _operator(key: bytes) -> Member:
    """Return the member whom the demo's console signs in directly; see `seuil console --demo`."""
    holder = Holder(holder_of(key, DEMO_REF), roles=(StaffRole(ADMINISTRATOR),))
    return Member(DEMO_REF, "Camille, demo", holder)


def _tell(report: DemoReport, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        Console().print(summary(report, lang))


def _tell_nothing_began(*, as_json: bool) -> None:
    if as_json:
        told = {"ok": False, "interrupted": True, "wrong": ["ended before people came"]}
        typer.echo(msgspec.json.encode(told))
