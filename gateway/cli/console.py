"""`seuil console`: the live page."""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import errors
from gateway.config import Settings, load_settings, load_space
from gateway.console.manners import yield_to_the_doors
from gateway.console.serve import serve
from gateway.console.signin import Nobody
from gateway.core.site import Site


def console(
    space: Annotated[
        Path, typer.Argument(help="A space file, or a folder of them.", metavar="FILE_OR_FOLDER")
    ] = Path("space.toml"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which browsers may ask for the page."),
    ] = None,
) -> None:
    """Show the space live: people in each room, doors, alarms and every decision."""
    with errors.told(as_json=False):
        sites, settings = load_space(space), load_settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    yield_to_the_doors()
    try:
        asyncio.run(_until_told(sites, settings, host, port, allow_host or []))
    except OSError as wrong:
        typer.echo(f"cannot listen on {host} port {port}: {wrong.strerror}", err=True)
        raise typer.Exit(errors.CANNOT) from wrong


async def _until_told(
    sites: tuple[Site, ...], settings: Settings, host: str, port: int, names: list[str]
) -> None:
    """Serve until SIGTERM or Ctrl-C; both are a clean end."""
    serving = asyncio.create_task(
        serve(sites, settings, seats=Nobody, host=host, port=port, allowed_hosts=names),
        name="console",
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
