"""The loading of space files: one TOML file is one site, a folder of them is a network of sites."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import msgspec

from gateway.config.build import site_of
from gateway.config.checks import faults_between
from gateway.config.draft import Draft, read_draft, read_text_draft
from gateway.config.faults import ConfigError, ConfigFault
from gateway.config.last_good import FILE as LAST_GOOD
from gateway.config.last_good import read_saved
from gateway.config.schema.space import SpaceFile
from gateway.core.model.site import Site
from sensors.registry import clashes


def load_space(path: Path) -> tuple[Site, ...]:
    """Return the sites of a file or of a folder's *.toml files, in the order of the files' names.

    Raises:
        ConfigError: With every fault of every file.
    """
    drafts = read_space(path)
    sites = tuple(site_of(draft, draft.site) for draft in drafts if draft.site is not None)
    if found := clashes(sites):
        raise ConfigError(ConfigFault(str(path), "", clash) for clash in found)
    return sites


def read_space(path: Path) -> tuple[Draft, ...]:
    """Return the drafts of the same files, for callers that need more than a `Site` keeps.

    Raises:
        ConfigError: With every fault of every file.
    """
    drafts: list[Draft] = []
    faults: list[ConfigFault] = []
    for read in _readers(path):
        try:
            draft = read()
        except ConfigError as unreadable:
            faults += unreadable.faults
            continue
        faults += sorted([*draft.faults, *_news(draft)], key=_place)
        drafts.append(draft)
    faults += _sites_given_twice(drafts)
    if faults:
        raise ConfigError(faults)
    return tuple(drafts)


def _readers(path: Path) -> list[Callable[[], Draft]]:
    """Return a reader of each file, also of a space that the data folder keeps (`last_good`)."""
    if path.name == LAST_GOOD:
        return [partial(read_text_draft, *each) for each in read_saved(path).files.items()]
    return [partial(read_draft, file) for file in space_files(path)]


def space_files(path: Path) -> list[Path]:
    """Return the files that make up the space.

    Raises:
        ConfigError: There are none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        message = "there is no such file or folder; `seuil init` writes an example"
        raise ConfigError([ConfigFault(str(path), "", message)])
    files = sorted(path.glob("*.toml"))
    if not files:
        raise ConfigError([ConfigFault(str(path), "", "this folder has no *.toml file")])
    return files


def site_to_json(site: Site) -> str:
    """Return a site as the journal stores it."""
    return msgspec.json.encode(site).decode()


def site_from_json(text: str) -> Site:
    """Return the site that was stored.

    Raises:
        msgspec.ValidationError: It is not a site of this version.
    """
    return msgspec.json.decode(text, type=Site)


def _news(draft: Draft) -> list[ConfigFault]:
    """Return the claims' faults, without those that follow from a key already reported."""
    told = [fault.path for fault in draft.faults]
    return [
        fault
        for fault in faults_between(draft)
        if not any(fault.path.startswith(path) or path.startswith(fault.path) for path in told)
    ]


def _place(fault: ConfigFault) -> tuple[int, int]:
    """Return the place of a fault, for sorting in the order of the tables in docs/space-file.md."""
    table, _, rest = fault.path.partition("[")
    order = list(SpaceFile.model_fields)
    name = table.partition(".")[0]
    index = rest.partition("]")[0]
    return (order.index(name) if name in order else -1, int(index) if index.isdigit() else -1)


def _sites_given_twice(drafts: Iterable[Draft]) -> list[ConfigFault]:
    first: dict[str, str] = {}
    faults: list[ConfigFault] = []
    for draft in drafts:
        if draft.site is None or not draft.whole("site.id"):
            continue
        if draft.site.id in first:
            message = f'"{draft.site.id}" is the site of {first[draft.site.id]} already'
            faults.append(draft.fault("site.id", message))
        first.setdefault(draft.site.id, draft.file)
    return faults
