"""The demo's words in French and English."""

from typing import Final

from gateway.core.model.names import Text
from gateway.translation import Lang, in_lang

WORDS: Final[dict[str, Text]] = {
    "starting": Text("La maison s'éveille…", "The house is waking up…"),
    "ending": Text("Tout se range…", "Putting everything away…"),
    "stop": Text("Ctrl-C pour finir", "Ctrl-C to end"),
    "rooms": Text("Espaces", "Rooms"),
    "sites": Text("Sites", "Sites"),
    "more": Text("et {n} de plus sur la page", "and {n} more on the page"),
    "known": Text("comptés", "counted"),
    "true": Text("en vrai", "in truth"),
    "passages": Text("Aux portes", "At the doors"),
    "none": Text("Les premières personnes arrivent…", "The first people are coming…"),
    "nobody": Text("inconnu", "unknown"),
    "badges": Text("{granted} accordés, {denied} refusés", "{granted} granted, {denied} refused"),
    "answers": Text("réponse {p50} ms (99 % : {p99})", "answer {p50} ms (99 %: {p99})"),
    "points": Text("{n} points ({store})", "{n} points ({store})"),
    "journal": Text("journal", "journal"),
    "influxdb": Text("InfluxDB", "InfluxDB"),
    "machines": Text("Machines : {list}", "Machines: {list}"),
    "machines.none": Text("aucune utilisée encore", "none used yet"),
    "switched on": Text("allumée {n}", "switched on {n}"),
    "switched off": Text("éteinte {n}", "switched off {n}"),
    "warned": Text("avertie {n}", "warned {n}"),
    "stopped": Text("priée de s'arrêter {n}", "asked to stop {n}"),
    "alarms": Text("Alarmes : {list}", "Alarms: {list}"),
    "alarms.none": Text("aucune", "none"),
    "faults": Text("Incidents simulés : {list}", "Simulated mishaps: {list}"),
    "faults.none": Text("aucun encore", "none yet"),
    "forgets": Text(
        "iotcore : le courtier oublie tout à l'arrêt ; pour un vrai lieu, installez mosquitto",
        "iotcore: this broker forgets everything at its stop; for a real place, install mosquitto",
    ),
    "begun": Text(
        "Seuil, démonstration : {page} (courtier : {broker})",
        "Seuil demo: {page} (broker: {broker})",
    ),
    "line": Text(
        "{seconds} s : présents {people}, accordés {granted}, refusés {denied}, points {points}",
        "{seconds} s: {people} inside, {granted} granted, {denied} refused, {points} points",
    ),
    "summary.time": Text("durée", "lasted"),
    "summary.seconds": Text(
        "{seconds} s, graine {seed}, {scenario}", "{seconds} s, seed {seed}, {scenario}"
    ),
    "summary.badges": Text("badges présentés", "badges presented"),
    "summary.decisions": Text("décisions au journal", "decisions in the journal"),
    "summary.denied": Text("refus", "refusals"),
    "summary.machines": Text("machines", "machines"),
    "summary.alone": Text("lecteurs coupés", "cut-off readers"),
    "summary.decided_alone": Text(
        "{n} décisions prises seuls, toutes au journal", "{n} decided alone, all in the journal"
    ),
    "summary.answers": Text("temps de réponse", "answer time"),
    "summary.ms": Text(
        "médiane {p50} ms, 99 % en {p99} ms, {late} en retard",
        "median {p50} ms, 99 % within {p99} ms, {late} late",
    ),
    "summary.people": Text("personnes", "people"),
    "summary.counted": Text("{known} comptées, {true} en vrai", "{known} counted, {true} in truth"),
    "summary.points": Text("points écrits", "points written"),
    "summary.journal": Text("journal", "journal"),
    "summary.rows": Text("{rows} lignes", "{rows} rows"),
    "summary.replay": Text(", rejoué à l'identique", ", replayed: equal"),
    "summary.wrong": Text("anomalie", "wrong"),
    "summary.ok": Text(
        "Chaque badge a reçu exactement une décision, et tout est sur le disque.",
        "Each badge got exactly one decision, and everything is on disk.",
    ),
    "tailgating": Text("entrée à deux", "tailgating"),
    "forgotten_exit": Text("sortie oubliée", "forgotten exit"),
    "missed_crossing": Text("passage manqué", "missed crossing"),
    "double_crossing": Text("passage compté deux fois", "double count"),
    "duplicate": Text("message doublé", "duplicate message"),
    "offline": Text("lecteur coupé", "reader offline"),
    "stuck_presence": Text("capteur bloqué", "stuck sensor"),
    "mistyped_pin": Text("code mal tapé", "mistyped PIN"),
    "low_battery": Text("pile faible", "low battery"),
}


def say(key: str, lang: Lang, **values: object) -> str:
    """Return a word or sentence, filled in; an unknown key is returned unchanged."""
    text = WORDS.get(key)
    return key if text is None else in_lang(text, lang).format(**values)
