"""`seuil run`: the gateway."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway.adapters.broker.embedded import BrokerError, EmbeddedBroker
from gateway.adapters.directory import DirectoryError
from gateway.adapters.journal.file_identity import ForeignJournalError
from gateway.adapters.journal.folder_lock import FolderTakenError, folder_lock
from gateway.adapters.journal.journal import JournalError
from gateway.cli import errors
from gateway.cli.signals import log_to_stderr, until_told
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings
from gateway.service import space_watcher
from gateway.service.instance import NameTakenError
from gateway.service.metrics import ListenError

log = logging.getLogger(__name__)

EXPECTED = (
    BrokerError,
    FolderTakenError,
    ForeignJournalError,
    JournalError,
    DirectoryError,
    ListenError,
    NameTakenError,
)
"""Errors that may stop a gateway altogether; their message is enough."""


def run(
    space: Annotated[
        Path | None,
        typer.Argument(help="A space file, or a folder of them; default: SEUIL_SPACE."),
    ] = None,
    *,
    embedded_broker: Annotated[
        bool,
        typer.Option(
            "--embedded-broker",
            help="Start a broker for this machine only: mosquitto where installed, else iotcore.",
        ),
    ] = False,
    port: Annotated[
        int, typer.Option(help="The embedded broker's port; 0 takes a free one.")
    ] = 1883,
) -> None:
    """Run the gateway until it is told to stop. Settings come from SEUIL_… variables."""
    with errors.told(as_json=False):
        settings = load_settings()
        log_to_stderr(settings.log_level)
        watch = space_watcher.begin(_named(space, settings), settings.data_dir)
        try:
            until_told(_run(settings, watch, port if embedded_broker else None))
        except EXPECTED as error:
            _end_with(error)
        except BaseExceptionGroup as group:
            expected, bugs = group.split(EXPECTED)
            if bugs or expected is None:
                raise
            _end_with(*errors.leaves(expected))


def _named(space: Path | None, settings: Settings) -> Path:
    found = space or settings.space
    if found is None:
        message = "is missing: name the space file here, or in SEUIL_SPACE"
        raise ConfigError([ConfigFault("", "SPACE", message)])
    return found


def _end_with(*reasons: BaseException) -> NoReturn:
    for reason in reasons:
        typer.echo(str(reason), err=True)
    raise typer.Exit(errors.CANNOT)


async def _run(
    settings: Settings, watch: space_watcher.SpaceWatcher, broker_port: int | None
) -> None:
    from gateway.service.app import run as run_gateway  # noqa: PLC0415 - after the faults were told

    def ready() -> None:
        log.info("gateway %s is ready: %s", settings.instance, settings.broker_url)

    _reload_when_asked(watch)
    sites, clock = watch.in_force.sites, SystemClock()
    if broker_port is None:
        await run_gateway(settings, sites, clock, ready, watch=watch)
        return
    # Before the broker: its folder is in ours.
    with folder_lock(settings.data_dir, settings.instance, clock.now()) as lock:
        async with EmbeddedBroker(settings.data_dir / "broker", port=broker_port) as broker:
            _warn_of(broker)
            settings = settings.model_copy(update={"broker_url": broker.url})
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(broker.watch(), name="broker")  # we end when it ends
                await run_gateway(settings, sites, clock, ready, watch=watch, lock=lock)
                watching.cancel()


def _warn_of(broker: EmbeddedBroker) -> None:
    if not broker.durable:
        log.warning(
            "the embedded broker is %s: it forgets everything when it stops, so the promise "
            "that nothing is lost does not hold; install mosquitto for it",
            broker.kind,
        )


def _reload_when_asked(watch: space_watcher.SpaceWatcher) -> None:
    """Reload the space file on SIGHUP; on a terminal, SIGHUP ends the process instead."""
    if hasattr(signal, "SIGHUP") and not sys.stdin.isatty():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, watch.nudge)
