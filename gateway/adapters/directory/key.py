"""The key of badge hashes: made once, and never beside members whose badges have another one."""

import logging
import secrets
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.adapters.directory.store import FILE, DirectoryStore
from gateway.config import ConfigError, ConfigFault, Settings, known_credential_key
from gateway.config.settings import KEY_FILE
from gateway.files import private_folder, whole

_KEY_BYTES: Final = 32
"""As long as the hash, as RFC 2104 recommends."""

_log = logging.getLogger(__name__)


def credential_key(settings: Settings) -> bytes:
    """Return the key of badge hashes; create it in `data_dir` (0600) for a new installation.

    Badge numbers cannot be matched again without it: `seuil backup` holds it with the members.

    Raises:
        ConfigError: The key file cannot be read or written, or the members have a key that is not
            here.
        DirectoryError: The members cannot be read.
    """
    known = known_credential_key(settings)
    if known is not None:
        return known
    _refuse_a_second_key(settings.data_dir / FILE)
    file = settings.data_dir / KEY_FILE
    try:
        if _made(file):
            _log.warning("made a new credential key: %s; seuil backup holds it", file)
    except OSError as wrong:
        message = f"cannot be written: {wrong.strerror}"
        raise ConfigError([ConfigFault(str(file), "", message)]) from wrong
    return credential_key(settings)


def _refuse_a_second_key(members: Path) -> None:
    if not members.exists():
        return
    with closing(DirectoryStore(members)) as store:
        if not store.has_key():
            return
    raise ConfigError(
        [
            ConfigFault(
                str(members),
                "",
                "its badges were hashed with a credential key that is not here, so none is made: "
                "name the key (SEUIL_CREDENTIAL_KEY, or SEUIL_SECRETS_DIR), or restore a backup; "
                "is this the installation that you mean (seuil --config FILE)?",
            )
        ]
    )


def _made(file: Path) -> bool:
    """Create the key file; return False if another process created it first."""
    private_folder(file.parent)
    try:
        with whole(file, 0o600, replace=False) as opened:
            opened.write(f"{secrets.token_hex(_KEY_BYTES)}\n".encode())
    except FileExistsError:
        return False
    return True
