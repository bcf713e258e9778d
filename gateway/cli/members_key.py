"""`seuil members readers-key`: the key that an installer types into a reader, once."""

import json

import typer

from gateway.adapters.directory import reader_key
from gateway.cli import errors
from gateway.cli.members_options import AsJson, DataDir
from gateway.config import ConfigError, ConfigFault, known_credential_key, load_settings


def readers_key(*, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Print the readers' key: who has it can try out badge numbers, so give it to readers alone."""
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        key = known_credential_key(settings)
        if key is None:
            message = "there is no credential key yet: seuil members import makes it"
            raise ConfigError([ConfigFault(str(settings.data_dir), "", message)])
    told = reader_key(key).hex()
    typer.echo(json.dumps({"ok": True, "readers_key": told}) if as_json else told)
