"""The first step from TOML: a draft with each valid table, and a fault for each invalid one.

Tables are read one by one, so that a mistake in one never hides a fault in another. `ids` holds
every id that is written, even in a table with faults, so that one mistake is reported once.
"""

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gateway.config.faults import ConfigError, ConfigFault, unknown
from gateway.config.schema.equipment import LockTable, MachineTable, ReaderTable, SensorTable
from gateway.config.schema.fields import NamedTable, SpaceTable
from gateway.config.schema.outside import CalendarTable, KioskTable, SpaceApiTable, WebhookTable
from gateway.config.schema.places import AccessPointTable, DoorTable, InterlockTable, ZoneTable
from gateway.config.schema.plans import ExceptionalDayTable, PlanTable
from gateway.config.schema.space import SiteTable, SpaceFile
from gateway.config.validation_errors import dotted, sentence

_T = TypeVar("_T", bound=SpaceTable)


@dataclass(frozen=True)
class Draft:
    """The readable part of one file, each table by its place in the file."""

    file: str
    site: SiteTable | None
    zones: Mapping[int, ZoneTable]
    doors: Mapping[int, DoorTable]
    access_points: Mapping[int, AccessPointTable]
    machines: Mapping[int, MachineTable]
    readers: Mapping[int, ReaderTable]
    sensors: Mapping[int, SensorTable]
    locks: Mapping[int, LockTable]
    interlocks: Mapping[int, InterlockTable]
    plans: Mapping[int, PlanTable]
    trainings: Mapping[int, NamedTable]
    roles: Mapping[int, NamedTable]
    groups: Mapping[int, NamedTable]
    exceptional_days: Mapping[int, ExceptionalDayTable]
    calendars: Mapping[int, CalendarTable]
    kiosk: KioskTable | None
    spaceapi: SpaceApiTable | None
    webhooks: Mapping[int, WebhookTable]
    ids: Mapping[str, tuple[str, ...]]
    faults: list[ConfigFault] = field(default_factory=list)

    def fault(self, path: str, message: str) -> ConfigFault:
        """Return a fault of this file."""
        return ConfigFault(self.file, path, message)

    def whole(self, *kinds: str) -> bool:
        """Return whether every table of these kinds could be read."""
        return not any(fault.path.startswith(kinds) for fault in self.faults)


def read_draft(file: Path) -> Draft:
    """Return the draft of a file, with its faults of shape.

    Raises:
        ConfigError: The file cannot be read or is not TOML.
    """
    return draft_of(str(file), _parsed(file))


def read_text_draft(file: str, text: str) -> Draft:
    """Return the draft of a file whose text is known; see `read_draft`."""
    return draft_of(file, _toml(file, text))


def draft_of(file: str, raw: dict[str, Any]) -> Draft:
    """Return the draft of a parsed file."""
    reading = _Reading(file, raw)
    reading.unknown_tables()
    return Draft(
        file,
        site=reading.site(),
        zones=reading.tables("zones", ZoneTable),
        doors=reading.tables("doors", DoorTable),
        access_points=reading.tables("access_points", AccessPointTable),
        machines=reading.tables("machines", MachineTable),
        readers=reading.tables("readers", ReaderTable),
        sensors=reading.tables("sensors", SensorTable),
        locks=reading.tables("locks", LockTable),
        interlocks=reading.tables("interlocks", InterlockTable),
        plans=reading.tables("plans", PlanTable),
        trainings=reading.tables("trainings", NamedTable),
        roles=reading.tables("roles", NamedTable),
        groups=reading.tables("groups", NamedTable),
        exceptional_days=reading.tables("exceptional_days", ExceptionalDayTable),
        calendars=reading.tables("calendars", CalendarTable),
        kiosk=reading.one("kiosk", KioskTable),
        spaceapi=reading.one("spaceapi", SpaceApiTable),
        webhooks=reading.tables("webhooks", WebhookTable),
        ids={key: tuple(reading.ids(key)) for key in SpaceFile.model_fields},
        faults=reading.faults,
    )


def _parsed(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        fault = ConfigFault(str(file), f"byte {wrong.start}", "not UTF-8; save the file as UTF-8")
    except OSError as wrong:
        fault = ConfigFault(str(file), "", f"cannot be read: {wrong.strerror}")
    else:
        return _toml(str(file), text)
    raise ConfigError([fault])


def _toml(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        said = str(wrong)
        place = re.search(r"\(at (line \d+, column \d+|end of document)\)", said)
        message = f"not valid TOML: {said.partition(' (at ')[0]}"
        raise ConfigError([ConfigFault(file, place[1] if place else "", message)]) from None


def _take_out(raw: object, location: tuple[int | str, ...]) -> None:
    """Delete the innermost key at `location`; a whole list where one of its values is wrong."""
    found: list[tuple[dict[str, Any], str]] = []
    for key in location:
        if isinstance(raw, dict) and key in raw:
            found.append((raw, str(key)))
            raw = raw[key]
        elif isinstance(raw, list) and isinstance(key, int) and key < len(raw):
            raw = raw[key]
    if found:
        table, name = found[-1]
        del table[name]


class _Reading:
    """One pass over a parsed file, which collects faults."""

    def __init__(self, file: str, raw: dict[str, Any]) -> None:
        self.file = file
        self.raw = raw
        self.faults: list[ConfigFault] = []

    def unknown_tables(self) -> None:
        known = SpaceFile.model_fields
        for key in self.raw:
            if key not in known:
                self.fault(key, unknown(key, "table", known))

    def site(self) -> SiteTable | None:
        raw = self.raw.get("site")
        if raw is None:
            self.fault("site", 'is required: [site] with id = "..." and name = "..."')
            return None
        return self.one("site", SiteTable)

    def one(self, key: str, model: type[_T]) -> _T | None:
        raw = self.raw.get(key)
        if raw is None:
            return None
        if not isinstance(raw, dict):
            self.fault(key, f"must be one table, written [{key}]")
            return None
        return self.table(key, raw, model)

    def tables(self, key: str, model: type[_T]) -> dict[int, _T]:
        items = self.raw.get(key, [])
        if not isinstance(items, list):
            self.fault(key, f"must be a list of tables, each written [[{key}]]")
            return {}
        read = ((i, self.table(f"{key}[{i}]", raw, model)) for i, raw in enumerate(items))
        return {i: table for i, table in read if table is not None}

    def table(self, path: str, raw: object, model: type[_T]) -> _T | None:
        try:
            return model.model_validate(raw)
        except ValidationError as wrong:
            for error in wrong.errors():
                self.fault(path + dotted(error["loc"]), sentence(error, model))
            return self.readable_part(raw, [error["loc"] for error in wrong.errors()], model)

    def readable_part(
        self, raw: object, wrong: list[tuple[int | str, ...]], model: type[_T]
    ) -> _T | None:
        """Return a table without its wrong keys, so that the claims can check the rest of it."""
        rest = copy.deepcopy(raw)
        for location in wrong:
            _take_out(rest, location)
        if isinstance(rest, dict):
            rest.setdefault("id", f"unread-{len(self.faults)}")
            rest.setdefault("name", "?")
            rest = {key: value for key, value in rest.items() if key in model.model_fields}
        try:
            return model.model_validate(rest)
        except ValidationError:
            return None  # a required key

    def ids(self, key: str) -> Iterator[str]:
        items = self.raw.get(key, [])
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                yield item["id"]

    def fault(self, path: str, message: str) -> None:
        self.faults.append(ConfigFault(self.file, path, message))
