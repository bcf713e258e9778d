"""`seuil init`: a space file and a list of members to start from."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import errors
from gateway.config import ConfigError, ConfigFault, space_schema
from gateway.files import write_whole
from gateway.phrase import listed

SCHEMA_FILE = "space.schema.json"
CALENDAR_FILE = "meeting.ics"
"""The file that the example names."""
MEMBERS_FILE = "members-example.csv"
_SCHEMA_LINE = "#:schema "


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("space.toml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented example of a space file, with its calendar, schema and list of members."""
    with errors.told(as_json=False):
        write_example(file, force=force)
    others = (SCHEMA_FILE, CALENDAR_FILE, MEMBERS_FILE)
    beside = listed([str(file.with_name(name)) for name in others])
    typer.echo(f"wrote {file}, {beside}; next: seuil check {file}")


def write_example(file: Path, *, force: bool = False) -> None:
    """Write the example. An existing calendar or list stays: it may hold real bookings or people.

    Raises:
        ConfigError: There is a file already, or none can be written there.
    """
    if file.exists() and not force:
        message = "is there already; --force replaces it"
        raise ConfigError([ConfigFault(str(file), "", message)])
    try:
        write_whole(file, example().encode())
        for name, source in ((CALENDAR_FILE, CALENDAR_FILE), (MEMBERS_FILE, "members.csv")):
            if not file.with_name(name).exists():
                content = files("gateway").joinpath("examples", source).read_bytes()
                write_whole(file.with_name(name), content)
        schema = json.dumps(space_schema(), indent=2, ensure_ascii=False)
        write_whole(file.with_name(SCHEMA_FILE), f"{schema}\n".encode())
    except OSError as wrong:
        message = f"cannot be written: {wrong.strerror}"
        raise ConfigError([ConfigFault(str(file), "", message)]) from wrong


def example() -> str:
    """Return the example, which refers to the schema beside it."""
    text = files("gateway").joinpath("examples/space.toml").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    return "".join(
        f"{_SCHEMA_LINE}./{SCHEMA_FILE}\n" if line.startswith(_SCHEMA_LINE) else line
        for line in lines
    )
