"""The audit's own texts in both languages: what was done, and the console's notes on it.

A typed reason stays as it was written; the console's own text is in English in the file, so that it
reads the same forever, and is shown here in the reader's language.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.phrase import Phrase, joined, recognised

ACTIONS: Final[Mapping[str, Phrase]] = {
    "mode": Phrase("Mode of the site"),
    "open": Phrase("Door opened"),
    "muster": Phrase("Check-off"),
    "left": Phrase("Marked as left"),
    "service": Phrase("Service of an access point"),
    "power-off": Phrase("Machine's power switched off"),
    "people": Phrase("Counted by eye"),
    "vacant": Phrase("Declared empty"),
    "acknowledge": Phrase("Alarm acknowledged"),
    "reset": Phrase("Device numbering restarted"),
    "look": Phrase("Viewed personal data"),
    "export": Phrase("Export"),
    "erase": Phrase("Erasure"),
    "import": Phrase("Import"),
    "add": Phrase("Member added"),
    "identity": Phrase("Member's identity"),
    "plan": Phrase("Member's plans"),
    "training": Phrase("Member's trainings"),
    "roles": Phrase("Member's roles"),
    "badge": Phrase("Member's badges"),
    "enrol": Phrase("Badge enrolled"),
    "sign-in": Phrase("Sign-in"),
    "sign-in-again": Phrase("Identity confirmed"),
    "sign-out": Phrase("Sign-out"),
    "sessions-ended": Phrase("Sessions signed out"),
    "account": Phrase("Account"),
    "token": Phrase("API token"),
    "settings": Phrase("Settings"),
    "refused": Phrase("Access to a screen denied"),
}
"""The names of actions; an action that is not listed is shown by its code."""

OUTCOMES: Final[Mapping[str, Phrase]] = {
    "wrong": Phrase("Wrong secret."),
    "failed": Phrase("The provider failed."),
    "not-a-member": Phrase("Not a member here."),
}
"""The outcomes of the console's own acts that failed; the gateway's are `REFUSALS`."""

ERASED: Final = Phrase("an erased member")

_NOTES: Final = (
    Phrase("link made"),
    Phrase("set up by a link"),
    Phrase("codes set up"),
    Phrase("codes removed"),
    Phrase("recovery codes made"),
    Phrase("password changed"),
    Phrase("passkey removed"),
    Phrase("sessions ended"),
    Phrase("second factor removed"),
    Phrase("all others"),
    Phrase("password"),
    Phrase("passkey"),
    Phrase("link"),
    Phrase("code"),
    Phrase("demo"),
    Phrase("passkey made: %(name)s"),
    Phrase("passkey: %(name)s"),
    Phrase("%(key)s made: %(rights)s"),
    Phrase("%(key)s revoked"),
    Phrase("%(n)s members"),
    Phrase("%(added)s added, %(changed)s changed, %(removed)s removed"),
)
"""What the console notes on its own acts, in the audit's own English."""
_FROM: Final = re.compile(r"(?:(?P<what>.*); )?from (?P<address>[0-9a-fA-F.:]+|-)")


def noted(action: str, detail: str) -> str:
    """Return the console's note on its own act as a phrase; what was typed, as it was typed."""
    if action not in _CONSOLE:
        return detail
    found = _FROM.fullmatch(detail)
    if found is None:
        return recognised(detail, _NOTES)
    origin = Phrase("from %(address)s", address=found["address"])
    return joined([recognised(found["what"], _NOTES), origin], " · ") if found["what"] else origin


_CONSOLE: Final = frozenset(
    {"sign-in", "sign-in-again", "sign-out", "sessions-ended", "account", "token", "refused"}
    | {"export", "import"}
)
"""Acts whose detail is written by the console and never typed."""
