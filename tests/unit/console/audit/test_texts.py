"""The audit's words: what the console noted is read in French; what somebody typed stays theirs."""

import pytest

from gateway.console.audit.texts import noted
from gateway.core.model.names import Text
from gateway.translation import both


@pytest.mark.parametrize(
    ("action", "detail", "french"),
    [
        ("account", "link made; from 127.0.0.1", "lien créé · depuis 127.0.0.1"),
        ("account", "passkey made: Zoé; from ::1", "clé d'accès ajoutée : Zoé · depuis ::1"),
        ("sign-in", "password; from 10.0.0.7", "mot de passe · depuis 10.0.0.7"),
        ("sign-in", "from 10.0.0.7", "depuis 10.0.0.7"),
        ("token", "k1 made: people read; from ::1", "k1 créé : people read · depuis ::1"),
        ("export", "5 members", "5 membres"),
        (
            "import",
            "4 added, 0 changed, 1 removed",
            "ajoutés : 4, modifiés : 0, retirés : 1",
        ),
    ],
)
def test_what_the_console_noted_is_read_in_french(action: str, detail: str, french: str) -> None:
    """In English it is read as it is kept."""
    said = both(noted(action, detail))
    assert (said.fr, said.en) == (french, detail.replace("; from", " · from"))


@pytest.mark.parametrize("typed", ["5 members", "link", "from 127.0.0.1"])
def test_what_somebody_typed_stays_theirs(typed: str) -> None:
    """A reason for opening a door is not translated."""
    said = noted("open", typed)
    assert both(said) == Text(typed, typed)
