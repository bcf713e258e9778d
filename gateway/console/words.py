"""The live view's words in French and English."""

from gateway.console.i18n import Lang, in_lang
from gateway.core.site import Text

WORDS: dict[str, Text] = {
    "skip": Text("Aller au contenu", "Skip to content"),
    "language": Text("Langue", "Language"),
    "site": Text("Site", "Site"),
    "show": Text("Afficher", "Show"),
    "spaces": Text("Espaces", "Spaces"),
    "doors": Text("Portes", "Doors"),
    "passages": Text("Passages", "Passages"),
    "alarms": Text("Alarmes", "Alarms"),
    "alarms.none": Text("Aucune alarme", "No alarm"),
    "passages.none": Text(
        "Le prochain passage s'affichera ici.", "The next passage will show here."
    ),
    "doors.none": Text("Aucune porte déclarée.", "No door is declared."),
    "people": Text("personnes", "people"),
    "person": Text("personne", "person"),
    "since": Text("depuis {time}", "since {time}"),
    "known": Text("{n} par badge", "{n} by badge"),
    "between": Text("entre {low} et {high}", "between {low} and {high}"),
    "trend.1": Text("en hausse, {time}", "rising, {time}"),
    "trend.-1": Text("en baisse, {time}", "falling, {time}"),
    "zone.unknown": Text("pas encore de compte", "no count yet"),
    "zone.empty": Text("vide", "empty"),
    "zone.open": Text("ouvert", "open"),
    "zone.nearly": Text("presque plein", "nearly full"),
    "zone.full": Text("plein", "full"),
    "zone.over": Text("au-delà de la limite", "over the limit"),
    "zone.stale": Text("compte incertain", "uncertain count"),
    "door.unknown": Text("état inconnu", "state unknown"),
    "door.locked": Text("verrouillée", "locked"),
    "door.unlocked": Text("déverrouillée", "unlocked"),
    "door.open": Text("ouverte", "open"),
    "door.held": Text("restée ouverte", "held open"),
    "door.forced": Text("forcée", "forced"),
    "granted": Text("Accordé", "Granted"),
    "denied": Text("Refusé", "Refused"),
    "entry": Text("entrée", "entry"),
    "exit": Text("sortie", "exit"),
    "machine": Text("machine", "machine"),
    "alarm.forced": Text("Porte forcée", "Door forced"),
    "alarm.held": Text("Porte restée ouverte", "Door held open"),
    "alarm.over-capacity": Text("Trop de monde", "Too many people"),
    "alarm.device-silent": Text("Appareil muet", "Device silent"),
    "alarm.device-offline": Text("Appareil hors ligne", "Device offline"),
    "alarm.tamper": Text("Boîtier ouvert", "Case opened"),
    "alarm.clock-skew": Text("Horloge décalée", "Clock is off"),
    "alarm.lone-worker": Text("Personne seule", "Person alone"),
    "alarm.unsupervised": Text("Machine sans responsable", "Machine unsupervised"),
    "alarm.unattended": Text("Machine sans personne", "Machine unattended"),
    "alarm.safe-stop": Text("Machine priée de s'arrêter", "Machine asked to stop"),
    "alarm.duress": Text("Badge sous la contrainte", "Badge under duress"),
    "alarm.battery-low": Text("Pile faible", "Battery low"),
    "alarm.tailgating": Text("Passage à deux", "Tailgating"),
    "seen-to": Text("prise en charge à {time}", "seen to since {time}"),
    "mode.lockdown": Text("Confinement : les entrées sont fermées", "Lockdown: entries are closed"),
    "mode.evacuation": Text(
        "Évacuation : sortez, les portes sont libres", "Evacuation: leave, the doors are free"
    ),
    "house.ok": Text("Passerelle en service", "Gateway running"),
    "house.unknown": Text("Passerelle : état inconnu", "Gateway: state unknown"),
    "house.offline": Text("Passerelle hors ligne", "Gateway offline"),
    "house.starting": Text("Passerelle en démarrage", "Gateway starting"),
    "house.journal-failing": Text("Passerelle : journal en panne", "Gateway: journal failing"),
    "house.broker-lost": Text("Passerelle coupée du réseau", "Gateway cut off"),
    "house.unreachable": Text("Messagerie injoignable", "Broker unreachable"),
    "link.waiting": Text("Connexion…", "Connecting…"),
    "link.live": Text("En direct", "Live"),
    "link.lost": Text("Connexion perdue", "Connection lost"),
    "link.last": Text("dernier message", "last message"),
    "link.never": Text("aucun message", "no message yet"),
    "times": Text("Heures locales du site ({timezone})", "Times are the site's ({timezone})"),
    "pseudonyms": Text(
        "Les personnes n'apparaissent que sous un pseudonyme.",
        "People appear under a pseudonym only.",
    ),
}


def say(key: str, lang: Lang, **values: str | int) -> str:
    """A word or sentence of `WORDS`, filled in."""
    return in_lang(WORDS[key], lang).format(**values)
