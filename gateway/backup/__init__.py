"""Backups: one archive of every store, the credential key and the space files; and the way back.

`archive` is the file's form, `age` its encryption, `stores` the copies of stores in use, `make` a
backup, `rotation` the folder of nightly ones, `restore` the way back, `last` the age of the last.
"""

from typing import Final

READY: Final = "restoring"
"""The folder of a data folder whose files replace the stores: all of them are whole."""
