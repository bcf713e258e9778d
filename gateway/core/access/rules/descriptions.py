"""The rules in plain words, for `seuil why`, the console and docs/rules.md."""

from typing import Final

from gateway.core.model.names import Text


def _title(fr: str, en: str) -> Text:
    return Text(fr=fr, en=en)


RULE_TITLES: Final[dict[str, Text]] = {
    "exit_is_free": _title(
        "On sort toujours librement.",
        "The way out is always free.",
    ),
    "muster_is_noted": _title(
        "Qui badge au point de rassemblement est noté en sécurité.",
        "Whoever badges at the muster point is noted as safe.",
    ),
    "event_is_fresh": _title(
        "Le passage a moins de 5 secondes et l'horloge du lecteur est juste.",
        "The read is less than 5 seconds old and the reader's clock is right.",
    ),
    "reader_enrols_no_badge": _title(
        "Le lecteur n'attend pas un badge à enregistrer.",
        "The reader is not waiting for a badge to enrol.",
    ),
    "reader_guards_something": _title(
        "Le lecteur commande une porte ou une machine.",
        "The reader guards a door or a machine.",
    ),
    "mode_allows_entry": _title(
        "Le lieu n'est ni confiné ni en évacuation.",
        "The place is neither locked down nor being evacuated.",
    ),
    "point_is_in_service": _title(
        "La porte ou la machine est en service.",
        "The door or machine is in service.",
    ),
    "attempts_are_left": _title(
        "Personne n'est en train de deviner un code.",
        "Nobody is guessing a PIN.",
    ),
    "credential_is_known": _title(
        "Le badge est enregistré et quelqu'un le détient.",
        "The badge is enrolled and somebody holds it.",
    ),
    "credential_is_good": _title(
        "Le badge est valable : ni perdu, ni volé, ni suspendu, ni périmé.",
        "The badge is valid: not lost, stolen, suspended or expired.",
    ),
    "credential_is_strong": _title(
        "Le badge ou le code suffit pour cet accès.",
        "The badge or code is strong enough for this access point.",
    ),
    "pin_is_right": _title(
        "Le code tapé est le bon.",
        "The PIN that was typed is right.",
    ),
    "machine_is_free": _title(
        "La machine est libre ; qui l'utilise l'arrête en badgeant.",
        "The machine is free; whoever uses it signs off with the badge.",
    ),
    "membership_is_active": _title(
        "Une adhésion est en cours, ou une réservation en tient lieu.",
        "A membership is valid, or a booking stands in for it.",
    ),
    "plan_gives_right": _title(
        "La formule, ou une réservation, comprend cet espace ou cette machine.",
        "The plan, or a booking, includes this space or machine.",
    ),
    "hours_are_open": _title(
        "C'est l'heure : la formule est ouverte, ou une réservation a lieu.",
        "It is the hour: the plan is open, or a booking is on.",
    ),
    "quota_is_left": _title(
        "Il reste des jours, des heures ou des entrées.",
        "Days, hours or entries are left.",
    ),
    "training_is_valid": _title(
        "Les formations demandées sont faites et à jour.",
        "The trainings that are asked for are done and up to date.",
    ),
    "booking_allows": _title(
        "Personne d'autre n'a réservé, et qui doit réserver l'a fait.",
        "Nobody else has booked, and whoever must book has.",
    ),
    "user_is_here": _title(
        "Qui démarre la machine se trouve dans son espace.",
        "Whoever starts the machine is in its room.",
    ),
    "passback_is_clear": _title(
        "Le badge n'a pas déjà servi à entrer sans ressortir.",
        "The badge was not used to come in already, without leaving.",
    ),
    "interlock_is_clear": _title(
        "L'autre porte du sas est fermée.",
        "The other door of the interlock is closed.",
    ),
    "zone_is_opened": _title(
        "L'espace a été ouvert aujourd'hui par une personne habilitée.",
        "The space was opened today by somebody who may.",
    ),
    "escort_is_here": _title(
        "Un visiteur est attendu à l'intérieur par un membre.",
        "A member is inside to receive a visitor.",
    ),
    "company_is_here": _title(
        "Assez de personnes, et les bonnes, sont présentes.",
        "Enough people are here, and the right ones.",
    ),
    "zone_has_room": _title(
        "Il reste de la place.",
        "There is room.",
    ),
    "plan_opens": _title(
        "Rien ne s'y oppose : la formule ou la réservation ouvre.",
        "Nothing speaks against it: the plan or booking opens.",
    ),
}
"""By the rule's name, in the order of the rules."""

BUTTON_TITLES: Final[dict[str, Text]] = {
    "exit_button_is_wired": _title(
        "Le bouton de sortie est raccordé à cet appareil : aucune règle n'est consultée.",
        "The exit button is wired to this device: no rule is asked.",
    ),
}
"""The texts for a press of an exit button, which no rule may refuse."""
