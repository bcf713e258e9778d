"""The alarms' names and advice, for the console, the doctor and the log.

The name says what is wrong, the advice what to do next. Texts refer to a device as "it".
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gateway.core.facts import AlarmKind
from gateway.core.model.names import Text
from gateway.wire.texts import clock_off


class AlarmWords(Struct, frozen=True):
    """An alarm's name, and the advice."""

    word: Text
    do: Text


_COMPANY: Final = Text(
    "Allez-y, ou envoyez quelqu'un : sinon la machine va s'arrêter.",
    "Go there, or send somebody: else the machine will stop.",
)
_NETWORK: Final = Text("Est-il alimenté et sur le réseau ?", "Is it powered, and on the network?")

ALARMS: Final[Mapping[AlarmKind, AlarmWords]] = {
    "forced": AlarmWords(
        Text("Porte forcée", "Door forced"),
        Text(
            "Allez voir : elle s'est ouverte sans badge. Est-elle encore verrouillée ?",
            "Go and look: it opened without a badge. Does it still lock?",
        ),
    ),
    "held": AlarmWords(
        Text("Porte restée ouverte", "Door held open"),
        Text("Allez la fermer.", "Go and close it."),
    ),
    "over-capacity": AlarmWords(
        Text("Trop de monde", "Too many people"),
        Text(
            "Faites sortir du monde, ou recomptez à vue.",
            "Have some people leave, or count again by eye.",
        ),
    ),
    "device-silent": AlarmWords(Text("Appareil muet", "Device silent"), _NETWORK),
    "device-offline": AlarmWords(Text("Appareil hors ligne", "Device offline"), _NETWORK),
    "tamper": AlarmWords(
        Text("Boîtier ouvert", "Case opened"),
        Text(
            "Allez le voir : son boîtier a été ouvert.", "Go and look at it: its case was opened."
        ),
    ),
    "clock-skew": AlarmWords(
        Text("Horloge décalée", "Clock is off"),
        Text(
            "Donnez-lui un serveur de temps (NTP) qu'il atteint : ses badges sont refusés en "
            "attendant.",
            "Give it a time server (NTP) that it reaches: its badges are refused meanwhile.",
        ),
    ),
    "battery-low": AlarmWords(
        Text("Pile faible", "Battery low"),
        Text("Changez sa pile cette semaine.", "Change its battery this week."),
    ),
    "lone-worker": AlarmWords(Text("Personne seule", "Person alone"), _COMPANY),
    "unsupervised": AlarmWords(Text("Machine sans responsable", "Machine unsupervised"), _COMPANY),
    "unattended": AlarmWords(Text("Machine sans personne", "Machine unattended"), _COMPANY),
    "safe-stop": AlarmWords(
        Text("Machine priée de s'arrêter", "Machine asked to stop"),
        Text(
            "Allez voir qu'elle s'arrête, et que personne n'est blessé.",
            "Go and see that it stops, and that nobody is hurt.",
        ),
    ),
    "duress": AlarmWords(
        Text("Badge sous la contrainte", "Badge under duress"),
        Text("Appelez de l'aide, sans le montrer.", "Call for help, and do not show it."),
    ),
    "flooding": AlarmWords(
        Text("Trop de messages", "Too many messages"),
        Text(
            "Il envoie beaucoup trop de messages : est-il bloqué, ou quelqu'un d'autre se "
            "sert-il de son mot de passe ?",
            "It sends far more than it should: is it stuck, or does somebody else use its "
            "password?",
        ),
    ),
    "numbering-restarted": AlarmWords(
        Text("Numérotation recommencée", "Numbering began again"),
        Text(
            "A-t-il été remplacé ou effacé ? Prenez l'alarme en charge. Sinon, changez son mot "
            "de passe.",
            "Was it replaced or erased? Acknowledge. If not, change its password.",
        ),
    ),
    "numbering-refused": AlarmWords(
        Text("Numéros non fiables", "Numbers can't be trusted"),
        Text(
            "Faites recommencer sa numérotation, page Appareils ou seuil devices reset ; son "
            "horloge est-elle à l'heure ?",
            "Begin its numbering again, on the Devices page or by seuil devices reset; is its "
            "clock right?",
        ),
    ),
    "not-wired": AlarmWords(
        Text("Message étranger à son câblage", "Report it isn't wired for"),
        Text(
            "Son câblage est-il dans le fichier du lieu ? Si oui, quelqu'un utilise son mot de "
            "passe : changez-le.",
            "Is its wiring in the space file? If so, somebody uses its password: change it.",
        ),
    ),
    "unproven-claim": AlarmWords(
        Text("Entrée non prouvée", "Unproven entry"),
        Text(
            "Il dit avoir fait entrer quelqu'un alors qu'il était en ligne : allez voir, "
            "changez son mot de passe.",
            "It says that it let somebody in while it was online: go and look, change its "
            "password.",
        ),
    ),
    "engine-fault": AlarmWords(
        Text("Défaut du logiciel", "Software fault"),
        Text(
            "Signalez ce défaut : le journal système de la passerelle en a le détail.",
            "Report this fault: the gateway's log has the details.",
        ),
    ),
    "clock-unsure": AlarmWords(
        Text("L'horloge de la passerelle est fausse", "Gateway clock is wrong"),
        Text(
            "Réglez-la, ou voyez si son serveur de temps répond : timedatectl.",
            "Set it, or see that its time server answers: timedatectl.",
        ),
    ),
    "journal-damaged": AlarmWords(
        Text("Journal endommagé", "Journal damaged"),
        Text(
            "Arrêtez la passerelle, gardez une copie du dossier, restaurez le journal.",
            "Stop the gateway, keep a copy of the folder, restore the journal from a backup.",
        ),
    ),
}
SILENT: Final = frozenset[str]({"duress"})
"""Alarms that no shared screen shows: a person who threatens a member could see it."""


def alarm_said(kind: str, ahead_s: float | None = None) -> Text:
    """Return an alarm's name; for a clock alarm, with its deviation and direction."""
    word = alarm_words(kind).word
    if ahead_s is None:
        return word
    off = clock_off(ahead_s)
    return Text(f"{word.fr} ({off.fr})", f"{word.en} ({off.en})")


def alarm_words(kind: str) -> AlarmWords:
    """Return an alarm's texts; an alarm of another release has only its kind as a name."""
    known = ALARMS.get(kind)  # type: ignore[call-overload] # a kind from the wire
    return known or AlarmWords(Text(kind, kind), Text("", ""))
