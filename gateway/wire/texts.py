"""Texts for people beside decisions: about running machines, hints and requests.

Those of decisions are in `gateway.core.access.reasons`. A text says what to do next.
"""

from collections.abc import Mapping
from typing import Final

from gateway.core.model.names import Text

WARNINGS: Final[Mapping[str, Text]] = {
    "alone": Text(
        "Vous êtes seul : faites venir quelqu'un, sinon la machine va s'arrêter.",
        "You are alone: have somebody come, or the machine will stop.",
    ),
    "role-absent": Text(
        "Le responsable est parti : faites-le revenir, sinon la machine va s'arrêter.",
        "The person in charge has left: have them come back, or the machine will stop.",
    ),
    "unattended": Text(
        "Vous avez quitté la pièce : revenez, sinon la machine va s'arrêter.",
        "You have left the room: come back, or the machine will stop.",
    ),
}
"""Warnings by the condition that a running machine lacks."""
OTHER_WARNING: Final = Text(
    "Une condition d'usage manque : la machine va s'arrêter.",
    "Something that its use needs is missing: the machine will stop.",
)
WARNING_OVER: Final = Text("Vous pouvez continuer.", "You may go on.")
SAFE_STOP: Final = Text(
    "La machine s'arrête : attendez que plus rien ne bouge.",
    "The machine is stopping: wait until nothing moves.",
)
SAFE_STOP_AND_LEAVE: Final = Text(
    "Évacuation : la machine s'arrête seule. Sortez.",
    "Evacuation: the machine stops by itself. Leave.",
)

HINTS: Final[Mapping[str, Text]] = {
    "tailgating": Text(
        "{where} : plus de personnes que de badges. Quelqu'un est peut-être entré derrière un "
        "autre : allez voir.",
        "{where}: more people than badges. Somebody may have come in behind another: have a look.",
    ),
    "forgotten-exit": Text(
        "{where} : moins de personnes que de badges. Quelqu'un a dû sortir sans badger.",
        "{where}: fewer people than badges. Somebody must have left without a badge.",
    ),
    "passback": Text(
        "{where} : un badge est entré deux fois sans sortir. Est-il prêté ? Demandez-le.",
        "{where}: a badge came in twice without leaving. Was it lent? Ask.",
    ),
    "too-many-attempts": Text(
        "{where} : trop de codes faux de suite. Allez voir.",
        "{where}: too many wrong codes one after the other. Have a look.",
    ),
}
"""Texts by the kind of hint; `where` is a room's or a door's name."""

CLOCK_RIGHT_S: Final = 1.0
"""A smaller deviation counts as correct: a message may take as long to arrive."""
_UNITS: Final = ((86_400, "jours", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))
"""Units by their seconds; the largest that fits twice is used."""


def clock_off(ahead_s: float) -> Text:
    """Return a text with a clock's deviation and direction; below 0 it is behind."""
    off_s = abs(ahead_s)
    if off_s < CLOCK_RIGHT_S:
        return Text("à l'heure", "right")
    length, fr, en = next((unit for unit in _UNITS if off_s >= 2 * unit[0]), _UNITS[-1])
    count = f"{off_s / length:.0f}"
    if ahead_s > 0:
        return Text(f"en avance de {count} {fr}", f"{count} {en} ahead")
    return Text(f"en retard de {count} {fr}", f"{count} {en} behind")


DONE: Final = Text("C'est fait.", "Done.")
REFUSALS: Final[Mapping[str, Text]] = {
    "not-allowed": Text(
        "Refusé : il faut être opérateur ou administrateur de ce lieu.",
        "Refused: only an operator or an administrator of this place may ask for it.",
    ),
    "too-old": Text(
        "Refusé : la demande date de plus de 5 secondes. Demandez de nouveau.",
        "Refused: the request is more than 5 seconds old. Ask again.",
    ),
    "clock-ahead": Text(
        "Refusé : l'horloge de cet ordinateur avance. Réglez-la.",
        "Refused: this computer's clock is ahead. Set it right.",
    ),
    "unknown-object": Text(
        "Refusé : ce lieu n'a rien ni personne de ce nom. Vérifiez l'identifiant.",
        "Refused: this place has nothing and nobody of that name. Check the id.",
    ),
    "busy": Text(
        "Refusé : ce lecteur attend déjà un badge. Réessayez dans une minute.",
        "Refused: this reader waits for a badge already. Try again in a minute.",
    ),
    "not-enrolling": Text(
        "Refusé : ce lecteur n'enregistre pas de badge. Choisissez un lecteur d'enregistrement.",
        "Refused: no badge is enrolled at this reader. Choose one that enrols.",
    ),
    "out-of-place": Text(
        "Refusé : cela n'a pas de sens maintenant. Vérifiez le mode du lieu.",
        "Refused: it makes no sense now. Check the mode of the place.",
    ),
    "not-on": Text(
        "Refusé : cette alarme n'est pas active, ou plus. Il n'y a rien à prendre en charge.",
        "Refused: this alarm is not on, or no longer. There is nothing to acknowledge.",
    ),
    "never-heard": Text(
        "Refusé : cet appareil n'a encore rien envoyé ; ses numéros n'ont pas à recommencer.",
        "Refused: this device has not sent anything yet; there are no numbers to begin again.",
    ),
    "retained": Text(
        "Refusé : une demande ne se publie pas en message conservé.",
        "Refused: a request must not be published as a retained message.",
    ),
    "malformed": Text(
        "Refusé : la demande n'est pas compréhensible.",
        "Refused: the request cannot be understood.",
    ),
}
"""Texts by a response's error: the engine's (`gateway.core.requests.ERRORS`) and the wire's two."""
OTHER_REFUSAL: Final = Text("Refusé.", "Refused.")
