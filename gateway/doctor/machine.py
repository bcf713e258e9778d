"""The computer under the gateway: Python, SQLite, the clock, the disk, a broker of its own."""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway import __version__
from gateway.adapters.embedded_broker import find_mosquitto
from gateway.config import Settings
from gateway.doctor.finding import Finding, fault, ok, warning

PACKAGES: Final = ("paho-mqtt", "msgspec", "pydantic", "influxdb-client", "typer", "starlette")
"""The ones whose versions matter in a report of a fault."""
PYTHON_WANTED: Final = (3, 11)
SQLITE_WANTED: Final = (3, 38)
"""The journal's statements use the JSON operators -> and ->>, which came with 3.38."""
NOT_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock before this was never set: a Raspberry Pi has no battery for it."""
DISK_LOW_BYTES: Final = 1_000_000_000
"""Some months of a busy site's journal."""
DISK_FULL_BYTES: Final = 100_000_000
"""The journal's write-ahead log and a snapshot of 5,000 members still fit."""
TIMEDATECTL_S: Final = 2.0


def versions() -> Iterator[Finding]:
    """Python, our packages, SQLite."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = f"seuil {__version__} on Python {python}; {', '.join(_packages())}"
    if sys.version_info[:2] < PYTHON_WANTED:
        yield fault("python", found, "install Python 3.11 or newer, then run scripts/setup again")
    elif missing := [name for name in PACKAGES if _version(name) is None]:
        yield fault("python", f"{', '.join(missing)} not installed", "run scripts/setup")
    else:
        yield ok("python", found)
    if sqlite3.sqlite_version_info < SQLITE_WANTED:
        wanted = ".".join(map(str, SQLITE_WANTED))
        do = f"the journal needs {wanted} or newer: take a newer Python or operating system"
        yield fault("sqlite", f"SQLite {sqlite3.sqlite_version}", do)
    else:
        yield ok("sqlite", f"SQLite {sqlite3.sqlite_version}")


def clock(now: datetime) -> Finding:
    """Opening hours, memberships and the 5 s of an order all stand on the clock."""
    said = f"it is {now:%Y-%m-%d %H:%M:%S} UTC"
    if now < NOT_BEFORE:
        do = "set the clock (timedatectl set-ntp true); every membership looks not started"
        return fault("clock", f"{said}, which cannot be", do)
    synchronised = _ntp_synchronised()
    if synchronised is None:
        return ok("clock", f"{said}; nothing here tells whether it is synchronised")
    if synchronised:
        return ok("clock", f"{said}, synchronised")
    do = "switch it on (timedatectl set-ntp true): readers' events older than 5 s open nothing"
    return warning("clock", f"{said}, not synchronised by NTP", do)


def data_folder(folder: Path) -> Iterator[Finding]:
    """Where the journal and the members are, or will be."""
    if folder.exists() and not folder.is_dir():
        do = "name a folder in SEUIL_DATA_DIR"
        yield fault("data folder", f"{folder} is no folder", do)
        return
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        do = f"give it to this user (chown), or run as {there.owner()}: without it nothing starts"
        yield fault("data folder", f"{there.absolute()} cannot be written by this user", do)
    elif there != folder:
        found = f"{folder.absolute()} is not there yet"
        do = "the first `seuil run` or `seuil members import` makes it; else check SEUIL_DATA_DIR"
        yield warning("data folder", found, do)
    else:
        yield ok("data folder", f"{folder.absolute()} can be written")
    yield _disk(there)


def broker_program(settings: Settings) -> Finding:
    """What `seuil run --embedded-broker` would start."""
    check = "mosquitto"
    program = find_mosquitto()
    if program is not None:
        return ok(check, f"{program} is installed")
    if urlsplit(settings.broker_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return ok(check, "not installed, and not needed: the broker is another computer's")
    if importlib.util.find_spec("iotcore") is not None:
        found = "not installed; --embedded-broker would start iotcore, which forgets on a stop"
        return warning(check, found, "for real doors: apt install mosquitto")
    do = "apt install mosquitto, or pip install iotcore for a try"
    return warning(check, "no broker program is installed", do)


def _packages() -> Iterator[str]:
    for name in PACKAGES:
        yield f"{name} {_version(name)}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _ntp_synchronised() -> bool | None:
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed program and fixed words
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=TIMEDATECTL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(asked.stdout.strip())


def _disk(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    said = f"{free / 1e9:.1f} GB free"
    if free < DISK_FULL_BYTES:
        do = "make room now: without it nothing is journaled and no door opens"
        return fault("disk", said, do)
    if free < DISK_LOW_BYTES:
        return warning("disk", said, "make room: a busy site's journal needs 1 GB for some months")
    return ok("disk", said)
