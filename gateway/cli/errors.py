"""How commands end: 0 is well, 1 is faults found, 2 is that a command could not be carried out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from gateway.adapters.directory import DirectoryError
from gateway.config import ConfigError, Fault

FOUND = 1
CANNOT = 2


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Say what stops a command on stderr (or as one JSON object on stdout) and exit with 2."""
    try:
        yield
    except ConfigError as wrong:
        tell(wrong.faults, as_json=as_json)
    except DirectoryError as wrong:
        tell((Fault("", "", str(wrong)),), as_json=as_json)
    else:
        return
    raise typer.Exit(CANNOT)


def tell(faults: tuple[Fault, ...], *, as_json: bool) -> None:
    """Say each fault."""
    if as_json:
        typer.echo(json.dumps({"ok": False, "faults": as_data(faults)}, ensure_ascii=False))
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(sentence(fault))


def as_data(faults: tuple[Fault, ...]) -> list[dict[str, str]]:
    """Faults for scripts."""
    return [{"file": f.file, "path": f.path, "message": f.message} for f in faults]


def sentence(fault: Fault) -> Text:
    """A fault with its place in another colour."""
    place = ": ".join(part for part in (fault.file, fault.path) if part)
    return Text.assemble((place, "bold"), ": " if place else "", fault.message)
