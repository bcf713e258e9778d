"""The location of the journal for commands that read it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from gateway.adapters.journal.journal import JOURNAL_FILE
from gateway.adapters.journal.occupancy_history import HistoryError, opened
from gateway.adapters.journal.reader import JournalFile
from gateway.config import ConfigError, ConfigFault, load_settings


@contextmanager
def open_past(journal: Path) -> Iterator[sqlite3.Connection]:
    """Open a read-only connection to a journal, for questions about the past.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    try:
        with opened(journal) as connection:
            yield connection
    except HistoryError as wrong:
        raise ConfigError((ConfigFault("", "", str(wrong)),)) from wrong


@contextmanager
def open_journal(data_dir: Path | None) -> Iterator[JournalFile]:
    """Open the journal of a data folder (by default the settings').

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    folder = data_dir or load_settings().data_dir
    path = folder / JOURNAL_FILE
    if not path.is_file():
        raise ConfigError(
            (
                ConfigFault(
                    str(path), "", "no journal here; name the gateway's folder with --data-dir"
                ),
            )
        )
    try:
        with closing(JournalFile(path)) as file:
            yield file
    except (sqlite3.Error, msgspec.MsgspecError) as wrong:
        message = f"cannot be read: {wrong}; seuil doctor looks closer"
        raise ConfigError((ConfigFault(str(path), "", message),)) from wrong
