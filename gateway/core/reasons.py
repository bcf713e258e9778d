"""Why a door opened or stayed shut: every reason code, and the sentence a member reads.

A sentence says what to do next. `bacnet` is the AccessEvent of ASHRAE 135-2020 where one fits.
"""

from typing import Final

from msgspec import Struct

from gateway.core.site import Text


class Reason(Struct, frozen=True):
    """A reason's sentence, and the standard's name for it."""

    text: Text
    bacnet: str


def _reason(fr: str, en: str, bacnet: str) -> Reason:
    return Reason(text=Text(fr=fr, en=en), bacnet=bacnet)


REASONS: Final[dict[str, Reason]] = {
    "exit-free": _reason("Bonne route, à bientôt.", "Goodbye, see you soon.", "GRANTED"),
    "plan": _reason("Bienvenue.", "Welcome.", "GRANTED"),
    "too-old": _reason(
        "Ce passage date de plus de 5 secondes : présentez le badge à nouveau.",
        "This read is more than 5 seconds old: hold your badge again.",
        "DENIED_OTHER",
    ),
    "retained": _reason(
        "Passage conservé par le serveur : présentez le badge à nouveau.",
        "A read kept by the broker: hold your badge again.",
        "DENIED_OTHER",
    ),
    "clock-ahead": _reason(
        "L'horloge du lecteur avance : prévenez l'accueil.",
        "The reader's clock is ahead: tell the front desk.",
        "DENIED_OTHER",
    ),
    "point-unknown": _reason(
        "Ce lecteur ne commande aucun accès : prévenez l'accueil.",
        "This reader guards nothing: tell the front desk.",
        "OUT_OF_SERVICE",
    ),
    "credential-unknown": _reason(
        "Badge inconnu : présentez-vous à l'accueil pour l'enregistrer.",
        "Unknown badge: ask the front desk to enrol it.",
        "DENIED_UNKNOWN_CREDENTIAL",
    ),
    "credential-suspended": _reason(
        "Badge suspendu : voyez l'accueil.",
        "This badge is suspended: see the front desk.",
        "DENIED_CREDENTIAL_DISABLED",
    ),
    "credential-lost": _reason(
        "Badge déclaré perdu : rapportez-le à l'accueil.",
        "This badge was reported lost: please bring it to the front desk.",
        "DENIED_CREDENTIAL_LOST",
    ),
    "membership-none": _reason(
        "Aucune adhésion pour ce lieu : voyez l'accueil.",
        "No membership for this place: see the front desk.",
        "DENIED_NO_ACCESS_RIGHTS",
    ),
    "membership-not-started": _reason(
        "Votre adhésion n'a pas encore commencé.",
        "Your membership has not started yet.",
        "DENIED_CREDENTIAL_NOT_YET_ACTIVE",
    ),
    "membership-expired": _reason(
        "Votre adhésion a expiré : renouvelez-la à l'accueil.",
        "Your membership has expired: renew it at the front desk.",
        "DENIED_CREDENTIAL_EXPIRED",
    ),
    "membership-suspended": _reason(
        "Votre adhésion est suspendue : voyez l'accueil.",
        "Your membership is suspended: see the front desk.",
        "DENIED_CREDENTIAL_DISABLED",
    ),
    "no-right": _reason(
        "Votre formule ne comprend pas cet espace.",
        "Your plan does not include this space.",
        "DENIED_ZONE_NO_ACCESS_RIGHTS",
    ),
    "outside-hours": _reason(
        "Votre formule n'ouvre pas cet espace à cette heure.",
        "Your plan does not open this space at this hour.",
        "DENIED_OUT_OF_TIME_RANGE",
    ),
    "zone-full": _reason(
        "L'espace est complet : attendez que quelqu'un sorte.",
        "The space is full: wait until somebody leaves.",
        "DENIED_UPPER_OCCUPANCY_LIMIT",
    ),
    "reader-decided": _reason(
        "Le lecteur a décidé seul, coupé du service.",
        "The reader decided alone while it was cut off.",
        "NONE",
    ),
    "mustered": _reason(
        "Présence notée au point de rassemblement : restez-y.",
        "You are noted at the muster point: stay there.",
        "MUSTER",
    ),
    "lockdown": _reason(
        "Site confiné : personne n'entre. La sortie reste libre.",
        "Lockdown: nobody enters. The way out is free.",
        "DENIED_LOCKDOWN",
    ),
    "evacuation": _reason(
        "Évacuation : sortez et allez au point de rassemblement.",
        "Evacuation: leave and go to the muster point.",
        "DENIED_OTHER",
    ),
    "unattended": _reason(
        "Votre machine tourne sans vous : revenez, ou elle s'arrêtera.",
        "Your machine runs without you: come back, or it will stop.",
        "DENIED_OTHER",
    ),
    "out-of-service": _reason(
        "Hors service : voyez l'accueil.",
        "Out of service: see the front desk.",
        "OUT_OF_SERVICE",
    ),
    "pin-wrong": _reason(
        "Code faux : tapez-le à nouveau.",
        "Wrong PIN: type it again.",
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
    ),
    "machine-off": _reason(
        "Machine libérée, merci.",
        "The machine is free again, thank you.",
        "GRANTED",
    ),
    "machine-in-use": _reason(
        "Quelqu'un d'autre utilise cette machine : attendez.",
        "Somebody else uses this machine: wait.",
        "DENIED_OTHER",
    ),
    "passback": _reason(
        "Vous êtes déjà à l'intérieur : badgez d'abord pour sortir.",
        "You are inside already: badge out first.",
        "DENIED_PASSBACK",
    ),
    "already-released": _reason(
        "La porte vous est déjà ouverte : entrez.",
        "The door is open for you already: go in.",
        "DENIED_PASSBACK",
    ),
    "alone": _reason(
        "Jamais seul ici : revenez quand quelqu'un d'autre est là.",
        "Never alone here: come back when somebody else is here.",
        "DENIED_OTHER",
    ),
    "role-absent": _reason(
        "Un responsable doit être présent : attendez son arrivée.",
        "Somebody in charge must be here: wait until they come.",
        "DENIED_OTHER",
    ),
    "no-access-rights": _reason(
        "Aucune règle n'ouvre cet accès : voyez l'accueil.",
        "No rule opens this access point: see the front desk.",
        "DENIED_NO_ACCESS_RIGHTS",
    ),
}
