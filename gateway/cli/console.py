"""`seuil console`: the operators' console."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from gateway.adapters.accounts.store import StoreError
from gateway.cli import errors
from gateway.clock import Clock, SystemClock
from gateway.config import (
    ConfigError,
    ConfigFault,
    OtherTools,
    Settings,
    load_other_tools,
    load_settings,
    load_space,
)
from gateway.config.last_good import saved_space
from gateway.console.auth import bootstrap
from gateway.console.auth.cookies import is_loopback
from gateway.console.process_priority import yield_to_the_doors
from gateway.core.model.site import Site


def console(
    space: Annotated[
        Path | None,
        typer.Argument(
            help="A space file, or a folder of them; default: SEUIL_SPACE, or space.toml.",
            metavar="FILE_OR_FOLDER",
        ),
    ] = None,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8080,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which browsers may ask for the page."),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address of a reverse proxy whose X-Forwarded-… headers are believed."),
    ] = None,
    setup_link: Annotated[
        bool,
        typer.Option("--setup-link", help="Print a one-time link for an administrator, and end."),
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", hidden=True)] = False,
) -> None:
    """Show the space live and run it from a browser: doors, passages, people, members."""
    with errors.told(as_json=False):
        settings = load_settings()
        base = bootstrap.address(settings, host, port)
        if setup_link:
            typer.echo(_link(lambda: bootstrap.new_link(settings, SystemClock(), base)))
            return
        sites, told = _space(space or settings.space or Path("space.toml"), settings)
        if demo:
            _check_demo(settings, host, proxy or [])
        else:
            _check_port(host, port)
            _greet(settings, base)
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log each requested address
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a new file's steps are no news
    names = [*(allow_host or []), *_public_name(settings)]
    yield_to_the_doors()
    try:
        asyncio.run(
            _until_told(
                sites,
                settings,
                told,
                host=host,
                port=port,
                names=names,
                proxies=proxy or [],
                demo=demo,
            )
        )
    except OSError as wrong:  # taken meanwhile
        raise _cannot_listen(host, port, wrong) from wrong


def _space(path: Path, settings: Settings) -> tuple[tuple[Site, ...], OtherTools]:
    """Return what a space file says; a faulty one said it last when it was in force."""
    try:
        return load_space(path), load_other_tools(path)
    except ConfigError:
        kept = saved_space(settings.data_dir, path)
        if kept is None:
            raise
        return load_space(kept), load_other_tools(kept)


async def _until_told(
    sites: tuple[Site, ...],
    settings: Settings,
    told: OtherTools,
    *,
    host: str,
    port: int,
    names: list[str],
    proxies: list[str],
    demo: bool,
) -> None:
    """Serve until SIGTERM or Ctrl-C; both end it cleanly."""
    # Imported here: no other command needs to wait half a second for a web framework.
    from gateway.console.auth.authenticator import SignIn  # noqa: PLC0415
    from gateway.console.server import serve  # noqa: PLC0415

    def seats(settings: Settings, clock: Clock) -> SignIn:
        return SignIn(settings, clock, demo=demo)

    running = serve(
        sites,
        settings,
        seats=seats,
        host=host,
        port=port,
        allowed_hosts=names,
        proxies=proxies,
        told=told,
    )
    serving = asyncio.create_task(running, name="console")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    gc.freeze()  # the interpreter would collect garbage once more: a second, when busy


def _check_port(host: str, port: int) -> None:
    """Check that the port is free: another program there must not receive the set-up link."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as wrong:
        raise _cannot_listen(host, port, wrong) from wrong


def _cannot_listen(host: str, port: int, wrong: OSError) -> typer.Exit:
    """Print the obstacle and its remedy, and return the exit of the command."""
    why = {
        errno.EADDRINUSE: "another program has it; `--port` takes another one",
        errno.EADDRNOTAVAIL: "this machine has no such address; see `--host`",
        errno.EACCES: "ports below 1024 are the system's; `--port` takes another one",
    }.get(wrong.errno or 0, wrong.strerror)
    typer.echo(f"cannot listen on {host} port {port}: {why}", err=True)
    return typer.Exit(errors.CANNOT)


def _greet(settings: Settings, base: str) -> None:
    """Print a set-up link if nobody can sign in yet."""
    link = _link(lambda: bootstrap.link_if_first(settings, SystemClock(), base))
    if link is not None:
        typer.echo(f"Nobody can sign in yet. Open this within an hour, once:\n{link}", err=True)


def _link(make: Callable[[], str | None]) -> str | None:
    try:
        return make()
    except StoreError as wrong:
        raise ConfigError([ConfigFault("", "", str(wrong))]) from wrong


def _check_demo(settings: Settings, host: str, proxies: list[str]) -> None:
    """Check that a demo is safe: it signs anyone in, so only locally and without real members."""
    if not is_loopback(host) or proxies:
        message = f"listens on this machine alone, without a proxy; not on {host}"
        raise ConfigError([ConfigFault("", "--demo", message)])
    if not bootstrap.is_of_a_demo(settings):
        message = f"{settings.data_dir} is no demo's folder; seuil demo makes one"
        raise ConfigError([ConfigFault("", "--demo", message)])


def _public_name(settings: Settings) -> tuple[str, ...]:
    name = None if settings.public_url is None else urlsplit(settings.public_url).hostname
    return () if name is None else (name,)
