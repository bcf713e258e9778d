"""The computer of the gateway: Python, SQLite, the clock, the disk, its own broker."""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway import __version__
from gateway.adapters.broker.embedded import find_mosquitto
from gateway.clock import RELEASED, RETIRED
from gateway.config import Settings
from gateway.doctor.finding import Finding, fault, ok, warning
from gateway.phrase import Phrase

PACKAGES: Final = ("paho-mqtt", "msgspec", "pydantic", "influxdb-client", "typer", "starlette")
"""Packages whose versions matter in a fault report."""
PYTHON_WANTED: Final = (3, 11)
SQLITE_WANTED: Final = (3, 38)
"""The journal's statements use the JSON operators -> and ->>, which came with 3.38."""
DISK_LOW_BYTES: Final = 1_000_000_000
"""Some months of a busy site's journal."""
DISK_FULL_BYTES: Final = 100_000_000
"""The journal's write-ahead log and a snapshot of 5,000 members still fit."""
TIMEDATECTL_S: Final = 2.0


def versions() -> Iterator[Finding]:
    """Yield the versions of Python, our packages and SQLite."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = Phrase("seuil %(version)s on Python %(python)s; %(packages)s")
    about = {"version": __version__, "python": python, "packages": ", ".join(_packages())}
    if sys.version_info[:2] < PYTHON_WANTED:
        do = Phrase("install Python 3.11 or newer, then run scripts/setup again")
        yield fault(Phrase("python"), found, do, **about)
    elif missing := [name for name in PACKAGES if _version(name) is None]:
        names = ", ".join(missing)
        yield fault(
            Phrase("python"),
            Phrase("%(names)s not installed"),
            Phrase("run scripts/setup"),
            names=names,
        )
    else:
        yield ok(Phrase("python"), found, **about)
    found, sqlite = Phrase("SQLite %(version)s"), sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SQLITE_WANTED:
        wanted = ".".join(map(str, SQLITE_WANTED))
        do = Phrase(
            "the journal needs %(wanted)s or newer: take a newer Python or operating system"
        )
        yield fault(Phrase("sqlite"), found, do, version=sqlite, wanted=wanted)
    else:
        yield ok(Phrase("sqlite"), found, version=sqlite)


def clock(now: datetime) -> Finding:
    """Check the clock: opening hours, memberships and the 5 s of an order depend on it."""
    at = f"{now:%Y-%m-%d %H:%M:%S}"
    if not RELEASED <= now <= RETIRED:
        do = Phrase("set the clock (timedatectl set-ntp true); every membership looks not started")
        return fault(Phrase("clock"), Phrase("it is %(at)s UTC, which cannot be"), do, at=at)
    synchronised = _ntp_synchronised()
    if synchronised is None:
        found = Phrase("it is %(at)s UTC; nothing here tells whether it is synchronised")
        return ok(Phrase("clock"), found, at=at)
    if synchronised:
        return ok(Phrase("clock"), Phrase("it is %(at)s UTC, synchronised"), at=at)
    do = Phrase(
        "switch it on (timedatectl set-ntp true): readers' events older than 5 s open nothing"
    )
    return warning(Phrase("clock"), Phrase("it is %(at)s UTC, not synchronised by NTP"), do, at=at)


def data_folder(folder: Path) -> Iterator[Finding]:
    """Check the folder of the journal and the members, which may not exist yet."""
    if folder.exists() and not folder.is_dir():
        do = Phrase("name a folder in SEUIL_DATA_DIR")
        yield fault(Phrase("data folder"), Phrase("%(folder)s is no folder"), do, folder=folder)
        return
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        found = Phrase("%(folder)s cannot be written by this user")
        do = Phrase("give it to this user (chown), or run as %(owner)s: without it nothing starts")
        whose = {"folder": there.absolute(), "owner": there.owner()}
        yield fault(Phrase("data folder"), found, do, **whose)
    elif there != folder:
        found = Phrase("%(folder)s is not there yet")
        do = Phrase(
            "the first `seuil run` or `seuil members import` makes it; else check SEUIL_DATA_DIR"
        )
        yield warning(Phrase("data folder"), found, do, folder=folder.absolute())
    else:
        yield ok(
            Phrase("data folder"), Phrase("%(folder)s can be written"), folder=folder.absolute()
        )
    yield _disk(there)


def broker_program(settings: Settings) -> Finding:
    """Return the broker that `seuil run --embedded-broker` would start."""
    check = Phrase("mosquitto")
    program = find_mosquitto()
    if program is not None:
        return ok(check, Phrase("%(program)s is installed", program=program))
    if urlsplit(settings.broker_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
        return ok(check, Phrase("not installed, and not needed: the broker is another computer's"))
    if importlib.util.find_spec("iotcore") is not None:
        found = Phrase(
            "not installed; --embedded-broker would start iotcore, which forgets on a stop"
        )
        return warning(check, found, Phrase("for real doors: apt install mosquitto"))
    do = Phrase("apt install mosquitto, or pip install iotcore for a try")
    return warning(check, Phrase("no broker program is installed"), do)


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
    found, size = "%(size)s GB free", free / 1e9
    if free < DISK_FULL_BYTES:
        do = Phrase(
            "make room now: sensors are heard once a minute, so that doors last; once it is full "
            "nothing is journaled and no door opens"
        )
        return fault(Phrase("disk"), found, do, size=size)
    if free < DISK_LOW_BYTES:
        do = Phrase("make room: a busy site's journal needs 1 GB for some months")
        return warning(Phrase("disk"), found, do, size=size)
    return ok(Phrase("disk"), found, size=size)
