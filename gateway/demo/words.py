"""The demo's words in French and English."""

from typing import Final

from gateway.phrase import Phrase
from gateway.translation import Lang, in_lang

WORDS: Final[dict[str, Phrase]] = {
    "starting": Phrase("Starting up…"),
    "ending": Phrase("Shutting down…"),
    "stop": Phrase("Ctrl-C to stop"),
    "rooms": Phrase("Rooms"),
    "sites": Phrase("Sites"),
    "more": Phrase("and %(n)s more on the page"),
    "known": Phrase("counted"),
    "true": Phrase("actual"),
    "passages": Phrase("At the doors"),
    "none": Phrase("Waiting for the first people…"),
    "nobody": Phrase("unknown"),
    "badges": Phrase("%(granted)s granted, %(denied)s refused"),
    "answers": Phrase("answer %(p50)s ms (99 %%: %(p99)s)"),
    "points": Phrase("%(n)s points (%(store)s)"),
    "journal": Phrase("journal"),
    "influxdb": Phrase("InfluxDB"),
    "machines": Phrase("Machines: %(list)s"),
    "machines.none": Phrase("none used yet"),
    "switched on": Phrase("switched on %(n)s"),
    "switched off": Phrase("switched off %(n)s"),
    "warned": Phrase("warned %(n)s"),
    "stopped": Phrase("stopped %(n)s"),
    "alarms": Phrase("Alarms: %(list)s"),
    "alarms.none": Phrase("none"),
    "faults": Phrase("Simulated mishaps: %(list)s"),
    "faults.none": Phrase("none yet"),
    "forgets": Phrase(
        "iotcore: this broker forgets everything when it stops; install mosquitto for a real site"
    ),
    "begun": Phrase("Seuil demo: %(page)s (broker: %(broker)s)"),
    "line": Phrase(
        "%(seconds)s s: %(people)s inside, %(granted)s granted, %(denied)s refused, "
        "%(points)s points"
    ),
    "summary.time": Phrase("duration"),
    "summary.seconds": Phrase("%(seconds)s s, seed %(seed)s, %(scenario)s"),
    "summary.badges": Phrase("badges presented"),
    "summary.decisions": Phrase("decisions in the journal"),
    "summary.denied": Phrase("refusals"),
    "summary.machines": Phrase("machines"),
    "summary.alone": Phrase("cut-off readers"),
    "summary.decided_alone": Phrase("%(n)s decided alone, all in the journal"),
    "summary.answers": Phrase("answer time"),
    "summary.ms": Phrase("median %(p50)s ms, 99 %% within %(p99)s ms, %(late)s late"),
    "summary.people": Phrase("people"),
    "summary.counted": Phrase("%(known)s counted, %(true)s actual"),
    "summary.points": Phrase("points written"),
    "summary.journal": Phrase("journal"),
    "summary.rows": Phrase("%(rows)s rows"),
    "summary.replay": Phrase(", replayed: equal"),
    "summary.wrong": Phrase("wrong"),
    "summary.ok": Phrase("Each badge got exactly one decision, and everything is on disk."),
    "tailgating": Phrase("tailgating"),
    "forgotten_exit": Phrase("forgotten exit"),
    "missed_crossing": Phrase("missed crossing"),
    "double_crossing": Phrase("double count"),
    "duplicate": Phrase("duplicate message"),
    "offline": Phrase("reader offline"),
    "stuck_presence": Phrase("stuck sensor"),
    "mistyped_pin": Phrase("mistyped PIN"),
    "low_battery": Phrase("low battery"),
}


def say(key: str, lang: Lang, **values: object) -> str:
    """Return a word or sentence, filled in; an unknown key is returned unchanged."""
    text = WORDS.get(key)
    return key if text is None else in_lang(text.filled(**values), lang)
