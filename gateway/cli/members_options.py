"""The shared parts of the members' commands: options, and the search of a member or time zone."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.config import ConfigError, ConfigFault, Settings, known_credential_key
from gateway.config.faults import unknown
from gateway.core.model.site import Site

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the members; default: SEUIL_DATA_DIR, or data."),
]
Names = Annotated[bool, typer.Option("--names", help="Show names and addresses.")]
Ref = Annotated[str, typer.Argument(help="The member's reference, or pseudonym.")]
Space = Annotated[
    Path | None, typer.Option("--space", help="Space file or folder: gives the time zone.")
]
TimeZone = Annotated[
    str | None,
    typer.Option("--timezone", help="Time zone of the dates, where it is not the space's."),
]


def opened_store(settings: Settings) -> DirectoryStore:
    """Open the store of existing members with the settings' key.

    Raises:
        ConfigError: There are none yet.
        DirectoryError: They cannot be read, or belong to another key.
    """
    file = settings.data_dir / FILE
    if not file.exists():
        message = "is not there yet: seuil members import makes it"
        raise ConfigError([ConfigFault(str(file), "", message)])
    store = DirectoryStore(file)
    try:
        key = known_credential_key(settings)
        if key is not None:
            store.bind(key)
    except BaseException:
        store.close()
        raise
    return store


def member_of(settings: Settings, who: str) -> Member:
    """Return the member with this reference or pseudonym.

    Raises:
        ConfigError: There is none.
    """
    with closing(opened_store(settings)) as store:
        member = store.find(who)
        if member is None:
            raise nobody(store, who)
        return member


def nobody(store: DirectoryStore, who: str) -> ConfigError:
    """Return the error that there is no such member, with the known references."""
    refs = (member.ref for member in store.members())
    return ConfigError([ConfigFault("", "REF", unknown(who, "reference or pseudonym", refs))])


def zone_of(name: str | None, sites: Iterable[Site]) -> ZoneInfo | None:
    """Return the time zone of this name, else that of the sites; None: neither gives one.

    Raises:
        ConfigError: There is no such zone, or the sites have several.
    """
    names = {site.timezone for site in sites}
    if name is None and len(names) > 1:
        message = "is required: the sites have several time zones"
        raise ConfigError([ConfigFault("", "--timezone", message)])
    chosen = name or next(iter(names), None)
    try:
        return None if chosen is None else ZoneInfo(chosen)
    except (ZoneInfoNotFoundError, ValueError):
        message = f'"{chosen}" is not a time zone; write for example "Europe/Paris"'
        raise ConfigError([ConfigFault("", "--timezone", message)]) from None
