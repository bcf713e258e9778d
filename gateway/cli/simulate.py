"""`seuil simulate`: people and devices over the wire, or a real recording."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from gateway.cli import errors
from gateway.cli.simulate_output import live_line, progress_bar, replayed_table, tally_table
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings, load_space
from gateway.core.model.equipment import Device
from gateway.core.model.names import DeviceId
from gateway.core.model.site import Site
from gateway.wire.topics import Topics
from simulators.layouts import LayoutError, Recording, read_recording
from simulators.link import Broker
from simulators.outcomes import RunTally
from simulators.people import MEMBERS
from simulators.replay import RecordingResult, Replay
from simulators.run import LiveClock, new_boot
from simulators.scenarios import SITES_MAX, ScenarioName, network
from simulators.setup import FaultsName, Plot, stage, truth_file, write_roster

NOT_DECIDED = 1
"""Exit code: a credential event has no decision, two or a wrong one, or a message was never
acknowledged.
"""
READERS_KEY_BYTES = 32
"""The length of an HMAC-SHA256."""


def simulate(
    space: Annotated[Path, typer.Argument(help="A space file, or a folder of them.")],
    *,
    scenario: Annotated[ScenarioName, typer.Option(help="The kind of day.")] = "ordinary-day",
    sites: Annotated[
        int, typer.Option(min=1, max=SITES_MAX, help="Copies of the one site: site-001, …")
    ] = 1,
    members: Annotated[int, typer.Option(min=1, max=999, help="People a site.")] = MEMBERS,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    speed: Annotated[
        float, typer.Option(min=0.1, max=3600, help="A day of habits passes in 24/SPEED hours.")
    ] = 60.0,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, help="Seconds; default: until Ctrl-C.")
    ] = None,
    faults: Annotated[FaultsName, typer.Option(help="What goes wrong.")] = "ordinary",
    truth: Annotated[
        Path | None, typer.Option(help="CSV file for the true counts: time,site,zone,people.")
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(help="Write who is enrolled, for `seuil members import`, and end."),
    ] = None,
    readers_key: Annotated[
        Path | None,
        typer.Option(
            help="File with what `seuil members readers-key` prints: readers then use their lists."
        ),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Tell a recording (CalIt2, ROBOD) instead.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="With --replay: the device that tells.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="With --replay: events a second at most.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Play people and devices against a broker, and judge the gateway's answers."""
    plot = Plot(scenario, seed, speed, faults, members)
    with errors.told(as_json=as_json):
        settings = load_settings()
        places = _places(space, sites)
        if replay is not None:
            told = _replay(
                _recording(replay), _teller(places, device), settings, rate, quiet=as_json
            )
            _end(told, replayed_table, as_json=as_json)
        if device is not None or rate is not None:
            raise _wrong("--device" if device else "--rate", "is for --replay; leave it out")
        if roster is not None:
            _write_roster(roster, places, plot, as_json=as_json)
            return
        key = None if readers_key is None else _readers_key(readers_key)
        tally = _simulate(places, plot, settings, truth=truth, seconds=seconds, readers_key=key)
    _end(tally, tally_table, as_json=as_json)


def broker_of(settings: Settings) -> Broker:
    """Return the broker that the settings name."""
    password = settings.broker_password
    return Broker(
        settings.broker_url,
        settings.broker_username,
        None if password is None else password.get_secret_value(),
        None if settings.broker_ca_file is None else str(settings.broker_ca_file),
    )


def _places(space: Path, sites: int) -> tuple[Site, ...]:
    given = load_space(space)
    if sites == 1:
        return given
    if len(given) > 1:
        raise _wrong("--sites", f"copies one site; {space} has {len(given)}, leave it out")
    return network(given[0], sites)


def _teller(places: tuple[Site, ...], name: str | None) -> tuple[Site, Device]:
    """Return the native sensor that publishes a recording, and its site."""
    able = {
        f"{site.id}/{one.id}": (site, one)
        for site in places
        for one in site.devices
        if one.role == "sensor" and one.driver == "native" and one.zone is not None
    }
    chosen = [pair for key, pair in able.items() if name in {key, key.partition("/")[2]}]
    if len(chosen) != 1:
        found = "is required" if name is None else f'"{name}" is not one native sensor in a zone'
        raise _wrong("--device", f"{found}; one of {', '.join(able) or '(there is none)'}")
    return chosen[0]


def _recording(path: Path) -> Recording:
    try:
        return read_recording(path)
    except LayoutError as wrong:
        raise _wrong("--replay", str(wrong)) from wrong


def _write_roster(file: Path, places: tuple[Site, ...], plot: Plot, *, as_json: bool) -> None:
    try:
        count = write_roster(file, places, plot, SystemClock().now().date())
    except OSError as wrong:
        raise _wrong("--roster", f"{file}: cannot be written: {wrong.strerror}") from wrong
    told = {"ok": True, "file": str(file), "members": count}
    typer.echo(msgspec.json.encode(told) if as_json else f"{file}: {count} members")


def _simulate(
    places: tuple[Site, ...],
    plot: Plot,
    settings: Settings,
    *,
    truth: Path | None,
    seconds: float | None,
    readers_key: bytes | None,
) -> RunTally:
    async def live() -> RunTally:
        with truth_file(truth) as tell:
            run = stage(
                places,
                plot,
                broker_of(settings),
                SystemClock(),
                prefix=settings.prefix,
                tell=tell,
                readers_key=readers_key,
            )
            with _until_told(run.stopped), live_line(run) as tick:
                return await run.live(seconds, tick)

    try:
        return asyncio.run(live())
    except OSError as wrong:
        raise _wrong("--truth", f"{truth}: cannot be written: {wrong.strerror}") from wrong


def _readers_key(file: Path) -> bytes:
    """Return the readers' key from a file; no message repeats its content."""
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError as wrong:
        raise _wrong("--readers-key", f"{file}: cannot be read: {wrong.strerror}") from wrong
    except ValueError:
        key = b""
    if len(key) != READERS_KEY_BYTES:
        right = f"{2 * READERS_KEY_BYTES} hex digits, as `seuil members readers-key` prints them"
        raise _wrong("--readers-key", f"{file}: right would be {right}")
    return key


def _replay(
    recording: Recording,
    teller: tuple[Site, Device],
    settings: Settings,
    rate: float | None,
    *,
    quiet: bool,
) -> RecordingResult:
    async def tell() -> RecordingResult:
        site, device = teller
        clock = SystemClock()
        replay = Replay(
            recording,
            site.id,
            DeviceId(device.id),
            broker=broker_of(settings),
            topics=Topics(settings.prefix),
            clock=LiveClock(clock),
            boot=new_boot(clock),
        )
        total = len(recording.timed)
        with _until_told(replay.stopped), progress_bar(total, hidden=quiet) as progress:
            return await replay.tell(rate, progress)

    return asyncio.run(tell())


@contextmanager
def _until_told(stopped: asyncio.Event) -> Iterator[None]:
    """Set `stopped` on Ctrl-C and SIGTERM, so that the simulation ends in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _end(
    told: RunTally | RecordingResult,
    table: Callable[..., Table],
    *,
    as_json: bool,
) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(told))
    else:
        Console().print(table(told))
    raise typer.Exit(0 if told.ok else NOT_DECIDED)


def _wrong(option: str, message: str) -> ConfigError:
    return ConfigError([ConfigFault("", option, message)])
