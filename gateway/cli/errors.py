"""The exit codes of commands: 0 for success, 1 for faults found, 2 for a command that failed."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from gateway.adapters.directory import DirectoryError
from gateway.config import ConfigError, ConfigFault

if TYPE_CHECKING:
    from rich.text import Text

FOUND = 1
CANNOT = 2


@contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """Print the error of a command on stderr (or as one JSON object on stdout) and exit with 2."""
    try:
        yield
    except ConfigError as wrong:
        tell(wrong.faults, as_json=as_json)
    except DirectoryError as wrong:
        tell((ConfigFault("", "", str(wrong)),), as_json=as_json)
    else:
        return
    raise typer.Exit(CANNOT)


def leaves(wrong: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group at any depth; yield an exception that is no group itself."""
    if isinstance(wrong, BaseExceptionGroup):
        for each in wrong.exceptions:
            yield from leaves(each)
    else:
        yield wrong


def is_out_of_memory(wrong: BaseException) -> bool:
    """Return whether something failed because the machine, or our limit, has no more memory."""
    return any(isinstance(each, MemoryError) or _wants_memory(each) for each in leaves(wrong))


def _wants_memory(wrong: BaseException) -> bool:
    """Return whether the linker, the thread library or the kernel reports a lack of memory."""
    if isinstance(wrong, OSError):
        return wrong.errno == errno.ENOMEM
    said = str(wrong)
    return (isinstance(wrong, RuntimeError) and "start new thread" in said) or (
        isinstance(wrong, ImportError) and ("map segment" in said or "allocate memory" in said)
    )


def tell(faults: tuple[ConfigFault, ...], *, as_json: bool) -> None:
    """Print each fault."""
    if as_json:
        typer.echo(json.dumps({"ok": False, "faults": as_data(faults)}, ensure_ascii=False))
        return
    # Imported here, as below: a door or a console without faults needs no colours.
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for fault in faults:
        console.print(sentence(fault))


def as_data(faults: tuple[ConfigFault, ...]) -> list[dict[str, str]]:
    """Return faults for scripts."""
    return [{"file": f.file, "path": f.path, "message": f.message} for f in faults]


def sentence(fault: ConfigFault) -> "Text":
    """Return a fault with its place in another colour."""
    from rich.text import Text  # noqa: PLC0415

    place = ": ".join(part for part in (fault.file, fault.path) if part)
    return Text.assemble((place, "bold"), ": " if place else "", fault.message)
