"""The audit's own texts in both languages: what was done, and the console's notes on it.

A typed reason stays as it was written; the console's own text is in English in the file, so that it
reads the same forever, and is shown here in the reader's language.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.core.model.names import Text

ACTIONS: Final[Mapping[str, Text]] = {
    "mode": Text("Mode du lieu", "Mode of the site"),
    "open": Text("Ouverture d'une porte", "Door opened"),
    "muster": Text("Pointage", "Check-off"),
    "left": Text("Marqué comme sorti", "Marked as left"),
    "service": Text("Service d'un accès", "Service of an access point"),
    "people": Text("Comptage à vue", "Counted by eye"),
    "vacant": Text("Déclaré vide", "Told to be empty"),
    "acknowledge": Text("Alarme prise en charge", "Alarm looked after"),
    "reset": Text("Numérotation d'un appareil recommencée", "Device's numbering begun again"),
    "look": Text("Consultation de données de personnes", "Look at people's data"),
    "export": Text("Export", "Export"),
    "erase": Text("Effacement", "Erasure"),
    "import": Text("Import", "Import"),
    "add": Text("Nouveau membre", "Member added"),
    "identity": Text("Identité d'un membre", "Member's identity"),
    "plan": Text("Formules d'un membre", "Member's plans"),
    "training": Text("Formations d'un membre", "Member's trainings"),
    "roles": Text("Rôles d'un membre", "Member's roles"),
    "badge": Text("Badges d'un membre", "Member's badges"),
    "enrol": Text("Enrôlement d'un badge", "Badge enrolled"),
    "sign-in": Text("Connexion", "Sign-in"),
    "sign-in-again": Text("Nouvelle preuve d'identité", "Signed in again"),
    "sign-out": Text("Déconnexion", "Sign-out"),
    "sessions-ended": Text("Fin de sessions", "Sessions ended"),
    "account": Text("Compte", "Account"),
    "token": Text("Jeton d'API", "API token"),
    "settings": Text("Réglages", "Settings"),
    "refused": Text("Accès refusé à un écran", "Refused a screen"),
}
"""The names of actions; an action that is not listed is shown by its code."""

OUTCOMES: Final[Mapping[str, Text]] = {
    "wrong": Text("Mauvais secret.", "Wrong secret."),
    "failed": Text("Le fournisseur n'a pas répondu comme il faut.", "The provider failed."),
    "not-a-member": Text("Personne d'ici.", "Nobody from here."),
}
"""The outcomes of the console's own acts that failed; the gateway's are `REFUSALS`."""

ERASED: Final = Text("une personne effacée", "somebody who is erased")

_FRENCH: Final = {
    "link made": "lien créé",
    "set up by a link": "ouvert par un lien",
    "codes set up": "application à codes ajoutée",
    "codes removed": "application à codes retirée",
    "recovery codes made": "codes de secours créés",
    "password changed": "mot de passe changé",
    "passkey removed": "clé d'accès retirée",
    "sessions ended": "sessions finies",
    "second factor removed": "second facteur retiré",
    "all others": "toutes les autres",
    "password": "mot de passe",
    "passkey": "clé d'accès",
    "link": "lien",
    "code": "code",
    "demo": "démonstration",
}
_PATTERNS: Final = (
    (re.compile(r"passkey made: (.*)"), r"clé d'accès ajoutée : \1"),
    (re.compile(r"passkey: (.*)"), r"clé d'accès : \1"),
    (re.compile(r"(\w+) made: (.*)"), r"\1 créé : \2"),
    (re.compile(r"(\w+) revoked"), r"\1 révoqué"),
    (re.compile(r"(\d+) members"), r"\1 membres"),
    (
        re.compile(r"(\d+) added, (\d+) changed, (\d+) removed"),
        r"ajoutés : \1, modifiés : \2, retirés : \3",
    ),
)
_FROM: Final = re.compile(r"(?:(?P<what>.*); )?from (?P<where>[0-9a-fA-F.:]+|-)")


def noted(action: str, detail: str) -> Text:
    """Return the console's note on its own act, in both languages."""
    found = _FROM.fullmatch(detail)
    what = detail if found is None else found["what"] or ""
    if action not in _CONSOLE or (found is None and _french(what) == what):
        return Text(detail, detail)  # as it was typed
    where = "" if found is None else found["where"]
    french = " · ".join(part for part in (_french(what), where and f"depuis {where}") if part)
    return Text(french, detail)


_CONSOLE: Final = frozenset(
    {"sign-in", "sign-in-again", "sign-out", "sessions-ended", "account", "token", "refused"}
    | {"export", "import"}
)
"""Acts whose detail is written by the console and never typed."""


def _french(what: str) -> str:
    if what in _FRENCH:
        return _FRENCH[what]
    for pattern, french in _PATTERNS:
        if (found := pattern.fullmatch(what)) is not None:
            return found.expand(french)
    return what
