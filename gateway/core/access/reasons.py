"""The reason codes of all decisions, and the sentence that a member reads for each.

A sentence explains what to do next. `bacnet` is the nearest AccessEvent of ASHRAE 135-2020; its
*authentication factor* is our badge, and its *credential* everything that its holder may do.
docs/rules.md has the same table.
"""

from typing import Final

from msgspec import Struct

from gateway.core.model.names import Text

EXIT_BUTTON: Final = "exit-button"
"""The reason of a press of an exit button: the user is unknown, and no rule refuses it."""


class ReasonText(Struct, frozen=True):
    """A reason's sentence, and the standard's name for it."""

    text: Text
    bacnet: str


def _reason(fr: str, en: str, bacnet: str) -> ReasonText:
    return ReasonText(text=Text(fr=fr, en=en), bacnet=bacnet)


REASONS: Final[dict[str, ReasonText]] = {
    "exit-free": _reason("Bonne route, à bientôt.", "Goodbye, see you soon.", "GRANTED"),
    EXIT_BUTTON: _reason("Bouton de sortie actionné.", "Exit button pressed.", "GRANTED"),
    "mustered": _reason(
        "Vous êtes noté en sécurité : restez au point de rassemblement.",
        "You are noted as safe: stay at the muster point.",
        "MUSTER",
    ),
    "retained": _reason(
        "Passage conservé par le serveur : présentez le badge à nouveau.",
        "A read kept by the broker: hold your badge again.",
        "DENIED_OTHER",
    ),
    "too-old": _reason(
        "Ce passage date de plus de 5 secondes : présentez le badge à nouveau.",
        "This read is more than 5 seconds old: hold your badge again.",
        "DENIED_OTHER",
    ),
    "clock-ahead": _reason(
        "L'horloge du lecteur avance : prévenez l'accueil.",
        "The reader's clock is ahead: tell the front desk.",
        "DENIED_OTHER",
    ),
    "enrolment": _reason(
        "Badge lu pour l'enregistrement : suivez l'écran de l'accueil.",
        "Badge read for its enrolment: see the front desk's screen.",
        "AUTHENTICATION_FACTOR_READ",
    ),
    "point-unknown": _reason(
        "Ce lecteur ne commande aucun accès : prévenez l'accueil.",
        "This reader guards nothing: tell the front desk.",
        "OUT_OF_SERVICE",
    ),
    "lockdown": _reason(
        "Le lieu est confiné : restez à l'abri et suivez les consignes.",
        "The place is locked down: stay somewhere safe and follow instructions.",
        "DENIED_DENY_ALL",
    ),
    "evacuation": _reason(
        "Évacuation : n'entrez pas, rejoignez le point de rassemblement.",
        "Evacuation: do not come in, go to the muster point.",
        "DENIED_DENY_ALL",
    ),
    "out-of-service": _reason(
        "Hors service : passez par un autre accès ou voyez l'accueil.",
        "Out of service: use another door or machine, or see the front desk.",
        "OUT_OF_SERVICE",
    ),
    "too-many-attempts": _reason(
        "Trop de codes faux : réessayez dans 10 minutes ou voyez l'accueil.",
        "Too many wrong PINs: try again in 10 minutes, or see the front desk.",
        "DENIED_MAX_ATTEMPTS",
    ),
    "credential-unknown": _reason(
        "Badge inconnu : présentez-vous à l'accueil pour l'enregistrer.",
        "Unknown badge: ask the front desk to enrol it.",
        "DENIED_UNKNOWN_CREDENTIAL",
    ),
    "credential-lost": _reason(
        "Badge déclaré perdu : rapportez-le à l'accueil.",
        "This badge was reported lost: please bring it to the front desk.",
        "DENIED_AUTHENTICATION_FACTOR_LOST",
    ),
    "credential-stolen": _reason(
        "Badge déclaré volé : rapportez-le à l'accueil.",
        "This badge was reported stolen: please bring it to the front desk.",
        "DENIED_AUTHENTICATION_FACTOR_STOLEN",
    ),
    "credential-suspended": _reason(
        "Badge suspendu : voyez l'accueil.",
        "This badge is suspended: see the front desk.",
        "DENIED_AUTHENTICATION_FACTOR_DISABLED",
    ),
    "credential-not-started": _reason(
        "Ce badge n'est pas encore valable : revenez à la date prévue ou voyez l'accueil.",
        "This badge is not valid yet: come back on its first day, or see the front desk.",
        "DENIED_CREDENTIAL_NOT_YET_ACTIVE",
    ),
    "credential-expired": _reason(
        "Ce badge n'est plus valable : demandez-en un autre à l'accueil.",
        "This badge has expired: ask the front desk for another one.",
        "DENIED_CREDENTIAL_EXPIRED",
    ),
    "credential-weak": _reason(
        "Cela ne suffit pas ici : présentez votre badge et tapez votre code.",
        "That is not enough here: hold your badge and type your PIN too.",
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
    ),
    "pin-wrong": _reason(
        "Code faux : tapez-le à nouveau.",
        "Wrong PIN: type it again.",
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
    ),
    "machine-off": _reason(
        "Machine arrêtée : laissez la place propre, merci.",
        "Signed off the machine: please leave it clean.",
        "GRANTED",
    ),
    "machine-in-use": _reason(
        "Machine déjà utilisée : attendez que la personne badge pour la libérer.",
        "The machine is in use: wait until its user signs off with their badge.",
        "DENIED_OTHER",
    ),
    "membership-none": _reason(
        "Aucune adhésion pour ce lieu : voyez l'accueil.",
        "No membership for this place: see the front desk.",
        "DENIED_NO_ACCESS_RIGHTS",
    ),
    "membership-not-started": _reason(
        "Votre adhésion n'a pas encore commencé : revenez à sa date ou voyez l'accueil.",
        "Your membership has not started yet: come back on its first day, or see the front desk.",
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
    "membership-unpaid": _reason(
        "Votre adhésion n'est pas réglée : passez à l'accueil.",
        "Your membership is not paid: see the front desk.",
        "DENIED_CREDENTIAL_DISABLED",
    ),
    "no-right": _reason(
        "Votre formule ne comprend pas cet accès : demandez à l'accueil.",
        "Your plan does not include this: ask the front desk.",
        "DENIED_ZONE_NO_ACCESS_RIGHTS",
    ),
    "outside-hours": _reason(
        "Votre formule n'ouvre pas cet accès à cette heure : revenez à ses heures.",
        "Your plan does not open this at this hour: come back during its hours.",
        "DENIED_OUT_OF_TIME_RANGE",
    ),
    "public-holiday": _reason(
        "Fermé pour votre formule ce jour férié : revenez un autre jour.",
        "Your plan is closed on this public holiday: come back another day.",
        "DENIED_OUT_OF_TIME_RANGE",
    ),
    "exceptional-day": _reason(
        "Fermeture exceptionnelle aujourd'hui : voyez les horaires affichés.",
        "Closed today by exception: see the hours on display.",
        "DENIED_OUT_OF_TIME_RANGE",
    ),
    "quota-used-up": _reason(
        "Votre formule est épuisée pour cette période : complétez-la à l'accueil.",
        "Your plan is used up for this period: top it up at the front desk.",
        "DENIED_CREDENTIAL_MAX_USES",
    ),
    "training-missing": _reason(
        "Il faut une formation pour cet accès : inscrivez-vous à l'accueil.",
        "This needs a training: sign up for it at the front desk.",
        "DENIED_OTHER",
    ),
    "training-expired": _reason(
        "Votre formation n'est plus à jour : refaites-la, voyez l'accueil.",
        "Your training has expired: renew it, see the front desk.",
        "DENIED_OTHER",
    ),
    "booked": _reason(
        "C'est réservé en ce moment : revenez après ou choisissez un autre créneau.",
        "This is booked by somebody else now: come back later or book another time.",
        "DENIED_OTHER",
    ),
    "booking-required": _reason(
        "Il faut une réservation : réservez un créneau, puis badgez à nouveau.",
        "A booking is needed: book a time, then hold your badge again.",
        "DENIED_OTHER",
    ),
    "not-checked-in": _reason(
        "Badgez d'abord à l'entrée de l'espace, puis à la machine.",
        "Badge in at the door of the room first, then at the machine.",
        "DENIED_UNEXPECTED_LOCATION_USAGE",
    ),
    "passback": _reason(
        "Ce badge est déjà à l'intérieur : badgez en sortant, ou voyez l'accueil.",
        "This badge is inside already: badge out when you leave, or see the front desk.",
        "DENIED_PASSBACK",
    ),
    "passback-timed": _reason(
        "Ce badge vient d'entrer : patientez quelques minutes ou voyez l'accueil.",
        "This badge came in just now: wait a few minutes, or see the front desk.",
        "DENIED_PASSBACK",
    ),
    "already-released": _reason(
        "La porte vous est déjà ouverte : passez.",
        "A door is open for you already: go through it.",
        "DENIED_PASSBACK",
    ),
    "interlock": _reason(
        "L'autre porte du sas n'est pas fermée : attendez qu'elle le soit.",
        "The other door of the interlock is not closed: wait until it is.",
        "DENIED_OTHER",
    ),
    "not-opened": _reason(
        "L'espace n'est pas encore ouvert aujourd'hui : attendez un responsable.",
        "The space is not opened yet today: wait for somebody in charge.",
        "DENIED_OTHER",
    ),
    "escort-missing": _reason(
        "Un membre doit vous accueillir : demandez-lui d'entrer d'abord.",
        "A member must receive you: ask them to go in first.",
        "DENIED_NO_ACCOMPANIMENT",
    ),
    "alone": _reason(
        "Jamais seul ici : revenez avec quelqu'un.",
        "Never alone here: come back with somebody.",
        "DENIED_LOWER_OCCUPANCY_LIMIT",
    ),
    "role-absent": _reason(
        "La personne responsable n'est pas là : attendez son arrivée.",
        "The person in charge is not here: wait for them.",
        "DENIED_NO_ACCOMPANIMENT",
    ),
    "zone-full": _reason(
        "L'espace est complet : attendez que quelqu'un sorte.",
        "The space is full: wait until somebody leaves.",
        "DENIED_UPPER_OCCUPANCY_LIMIT",
    ),
    "plan": _reason("Bienvenue.", "Welcome.", "GRANTED"),
    "booking": _reason(
        "Bienvenue, votre réservation vous attend.",
        "Welcome, your booking is ready.",
        "GRANTED",
    ),
    "no-access-rights": _reason(
        "Aucune règle n'ouvre cet accès : voyez l'accueil.",
        "No rule opens this access point: see the front desk.",
        "DENIED_NO_ACCESS_RIGHTS",
    ),
    "fault": _reason(
        "Défaut du logiciel : voyez l'accueil.",
        "Software fault: please see the front desk.",
        "DENIED_OTHER",
    ),
    "reader-decided": _reason(
        "Le lecteur était coupé du réseau et a décidé seul.",
        "The reader was cut off and decided alone.",
        "AUTHENTICATION_FACTOR_READ",
    ),
    "claimed": _reason(
        "Le lecteur dit avoir décidé seul ; rien ne le prouve.",
        "The reader says that it decided alone; nothing proves it.",
        "AUTHENTICATION_FACTOR_READ",
    ),
}
"""In the order of the rules that give them; the last three are given by the engine."""
