"""Our MQTT client ids: a client with a device's password cannot guess one and take our session.

A broker closes the older connection of a client id, whichever client has it, and gives its session
to the new one. So each id ends in a secret of the data folder, which the broker receives and no
device ever sees. The same file lists the sessions that the broker may keep for us, so that an
unused one is emptied and ended instead of filling the broker's memory.
"""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gateway.files import write_whole

FILE: Final = "mqtt-sessions.json"
_SECRET_BYTES: Final = 12
_BEFORE_SECRETS: Final = ("credentials", "sensors", "strangers")
"""Sessions of older releases, whose client ids could be guessed."""


class ClientIds:
    """The client ids of an instance. Its file is read once, and written when sessions change.

    `is_new`: the folder is new, so that no release without secrets has left sessions on the broker.
    """

    def __init__(self, folder: Path, prefix: str, instance: str, *, is_new: bool) -> None:
        self._file = folder / FILE
        self._is_new = is_new
        self._name = f"{prefix}-{instance}"
        self._secret, self._kept = self._read()

    def of(self, session: str) -> str:
        """Return the client id of a session."""
        return f"{self._name}-{session}-{self._secret}"

    def left_over(self, sessions: Iterable[str]) -> list[str]:
        """Return client ids that the broker may still know, except those of these sessions."""
        return sorted(self._kept - {self.of(session) for session in sessions})

    def keep(self, client_ids: Iterable[str]) -> None:
        """Store that the broker may keep a session for each of these client ids."""
        self._write(self._kept | set(client_ids))

    def ended(self, client_id: str) -> None:
        """Store that the broker keeps no session for this client id any more."""
        self._write(self._kept - {client_id})

    def _read(self) -> tuple[str, set[str]]:
        try:
            found = json.loads(self._file.read_text("utf-8"))
            return str(found["secret"]), set(map(str, found["sessions"]))
        except FileNotFoundError:
            before = () if self._is_new else _BEFORE_SECRETS
            return secrets.token_hex(_SECRET_BYTES), {f"{self._name}-{one}" for one in before}
        except (ValueError, KeyError, TypeError):  # damaged: sessions of the old secret expire
            return secrets.token_hex(_SECRET_BYTES), set()

    def _write(self, kept: set[str]) -> None:
        if kept == self._kept and self._file.exists():
            return
        self._kept = kept
        said = json.dumps({"secret": self._secret, "sessions": sorted(kept)}, indent=1)
        write_whole(self._file, said.encode(), mode=0o600)
