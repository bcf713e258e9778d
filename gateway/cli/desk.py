"""What the commands of a desk share: who is meant, and who asks."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.adapters.desk import DeskError
from gateway.adapters.directory import FILE, DirectoryStore, Member
from gateway.config import ConfigError, Fault, Settings
from gateway.config.schema.fields import ID_PATTERN, ID_RULE
from gateway.core.directory import HolderId
from gateway.core.names import SiteId

_PSEUDONYM: Final = re.compile(r"h-[0-9a-f]{12}")

SiteOption = Annotated[str, typer.Option("--site", help="The site's id.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of the members; default: SEUIL_DATA_DIR, or data."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@contextmanager
def reachable() -> Iterator[None]:
    """What stops a desk's command, as every command tells it.

    Raises:
        ConfigError: The gateway could not be reached.
    """
    try:
        yield
    except DeskError as wrong:
        raise ConfigError([Fault("", "", str(wrong))]) from wrong


def site_named(site: str) -> SiteId:
    """A site's id.

    Raises:
        ConfigError: It can be none.
    """
    if not re.fullmatch(ID_PATTERN, site):
        right = f"{ID_RULE}, as in the space file"
        raise ConfigError([Fault("", "--site", f'"{site}" is no id of a site; {right}')])
    return SiteId(site)


def holder_named(who: str, option: str, settings: Settings) -> HolderId:
    """The pseudonym of a member: as it is, or by the operator's own member number.

    Raises:
        ConfigError: There is no such member here.
    """
    if _PSEUDONYM.fullmatch(who):
        return HolderId(who)
    with _store_here(settings, option) as store:
        member = store.find(who)
    if member is None:
        right = "a ref of `seuil members list`, or a pseudonym such as h-0123456789ab"
        raise ConfigError([Fault("", option, f'no member has the ref "{who}"; {right}')])
    return member.holder.id


def members_here(settings: Settings, option: str) -> tuple[Member, ...]:
    """Every member with their name.

    Raises:
        ConfigError: The members are not kept on this computer.
    """
    with _store_here(settings, option) as store:
        return store.members()


@contextmanager
def _store_here(settings: Settings, option: str) -> Iterator[DirectoryStore]:
    file = settings.data_dir / FILE
    if not file.exists():
        right = "give pseudonyms (h-…), or name the gateway's data folder with --data-dir"
        raise ConfigError([Fault(str(file), option, f"no members are kept here; {right}")])
    with closing(DirectoryStore(file)) as store:
        yield store
