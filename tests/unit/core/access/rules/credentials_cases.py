"""Cases of the rules about badges, codes and PINs."""

from datetime import datetime

from immutables import Map
from msgspec import structs

from gateway.core.model.directory import CredentialHash
from gateway.core.state import Attempts
from tests.world.engine import MONDAY
from tests.world.makerspace import HOUR, MINUTE, Grant, Parts, Refusal, Saw, ask, badge, with_point

MOMENT = MINUTE / 60_000_000
PIN, DURESS_PIN = CredentialHash("1234"), CredentialHash("4321")
WITH_PIN = badge(pin=PIN, duress_pin=DURESS_PIN)
CODE = badge(kind="pin")
STRICT = with_point("front-in", min_credential="number-and-pin")
LAX = with_point("front-in", min_credential="pin")
ADA, KEYPAD = "hash-ada", "front-keypad"


def wrong(key: str, *times: datetime) -> Parts:
    """Wrong PINs of a badge or at a keypad."""
    return {"attempts": Map({key: Attempts(times)})}


def guessing(last: datetime, key: str = ADA, count: int = 5) -> Parts:
    """So many wrong PINs within ten minutes, the last one at `last`."""
    if count == 1:
        return wrong(key, last)
    between = 10 * MINUTE / (count - 1)
    return wrong(key, *(last - between * back for back in range(count - 1, -1, -1)))


TOO_MANY: Saw = {"wrong": 5, "again": "2026-11-23T10:09:00+00:00"}

REFUSALS = {
    "five wrong PINs in ten minutes, the last a minute ago": Refusal(
        ask(**guessing(MONDAY - MINUTE)), "attempts_are_left", "too-many-attempts", TOO_MANY
    ),
    "five wrong PINs, the last 9 min 59 s ago": Refusal(
        ask(**guessing(MONDAY - 10 * MINUTE + MINUTE / 60)),
        "attempts_are_left",
        "too-many-attempts",
        {"wrong": 5, "again": "2026-11-23T10:00:01+00:00"},
    ),
    "a sixth one, long after the first": Refusal(
        ask(**wrong(ADA, MONDAY - HOUR, *(MONDAY - MINUTE,) * 5)),
        "attempts_are_left",
        "too-many-attempts",
        TOO_MANY,
    ),
    "five codes that nobody has, at this keypad": Refusal(
        ask(reader=KEYPAD, stranger=True, **guessing(MONDAY - MINUTE, KEYPAD)),
        "attempts_are_left",
        "too-many-attempts",
        TOO_MANY,
    ),
    "a right code at a keypad where somebody guesses": Refusal(
        ask(reader=KEYPAD, site=LAX, credential=CODE, **guessing(MONDAY - MINUTE, KEYPAD)),
        "attempts_are_left",
        "too-many-attempts",
        TOO_MANY,
    ),
    "a badge that nobody enrolled": Refusal(
        ask(stranger=True), "credential_is_known", "credential-unknown", {}
    ),
    "a badge whose holder is gone": Refusal(
        structs.replace(ask(), holder=None), "credential_is_known", "credential-unknown", {}
    ),
    "a holder without a badge": Refusal(
        structs.replace(ask(), credential=None), "credential_is_known", "credential-unknown", {}
    ),
    "a lost badge": Refusal(
        ask(credential=badge(status="lost")),
        "credential_is_good",
        "credential-lost",
        {"status": "lost"},
    ),
    "a stolen badge": Refusal(
        ask(credential=badge(status="stolen")),
        "credential_is_good",
        "credential-stolen",
        {"status": "stolen"},
    ),
    "a suspended badge": Refusal(
        ask(credential=badge(status="suspended")),
        "credential_is_good",
        "credential-suspended",
        {"status": "suspended"},
    ),
    "a badge that begins in a moment": Refusal(
        ask(credential=badge(starts=MONDAY + MOMENT)),
        "credential_is_good",
        "credential-not-started",
        {"starts": "2026-11-23T10:00:00.000001+00:00"},
    ),
    "a QR code that ends now": Refusal(
        ask(credential=badge(kind="qr", ends=MONDAY)),
        "credential_is_good",
        "credential-expired",
        {"ends": "2026-11-23T10:00:00+00:00"},
    ),
    "a code alone, where a badge is asked for": Refusal(
        ask(credential=CODE),
        "credential_is_strong",
        "credential-weak",
        {"shown": "pin", "needed": "number"},
    ),
    "a badge alone, where its PIN is asked for too": Refusal(
        ask(site=STRICT, credential=WITH_PIN),
        "credential_is_strong",
        "credential-weak",
        {"shown": "number", "needed": "number-and-pin"},
    ),
    "a badge that has no PIN, and one typed": Refusal(
        ask(site=STRICT, pin=PIN),
        "credential_is_strong",
        "credential-weak",
        {"shown": "number", "needed": "number-and-pin"},
    ),
    "a code alone with a PIN, where badge and PIN are asked for": Refusal(
        ask(site=STRICT, credential=badge(kind="pin", pin=PIN), pin=PIN),
        "credential_is_strong",
        "credential-weak",
        {"shown": "pin", "needed": "number-and-pin"},
    ),
    "a wrong PIN": Refusal(
        ask(site=STRICT, credential=WITH_PIN, pin="0000"), "pin_is_right", "pin-wrong", {}
    ),
    "a wrong PIN where none is asked for": Refusal(
        ask(credential=WITH_PIN, pin="0000"), "pin_is_right", "pin-wrong", {}
    ),
}

GRANTS = {
    "nobody guessed": Grant(ask(), "attempts_are_left", {}),
    "four wrong PINs": Grant(ask(**guessing(MONDAY - MINUTE, count=4)), "attempts_are_left", {}),
    "five wrong PINs over more than ten minutes": Grant(
        ask(**wrong(ADA, MONDAY - 11 * MINUTE - MOMENT, *(MONDAY - MINUTE,) * 4)),
        "attempts_are_left",
        {},
    ),
    "four wrong PINs, and one long after them": Grant(
        ask(**wrong(ADA, *(MONDAY - 12 * MINUTE,) * 4, MONDAY - MINUTE)), "attempts_are_left", {}
    ),
    "five wrong PINs, the last ten minutes ago": Grant(
        ask(**guessing(MONDAY - 10 * MINUTE)), "attempts_are_left", {}
    ),
    "five wrong PINs of somebody else's badge": Grant(
        ask(**guessing(MONDAY - MINUTE, "hash-bob")), "attempts_are_left", {}
    ),
    "a badge at a reader where codes were guessed, and which is no keypad": Grant(
        ask(**guessing(MONDAY - MINUTE, "front-in")), "attempts_are_left", {}
    ),
    "a keypad where nobody guessed": Grant(
        ask(reader=KEYPAD, site=LAX, credential=CODE), "attempts_are_left", {}
    ),
    "a reader that the space file no longer has": Grant(
        ask(reader="gone"), "attempts_are_left", {}
    ),
    "somebody's badge": Grant(ask(), "credential_is_known", {"holder": "ada", "kind": "badge"}),
    "a QR code": Grant(
        ask(credential=badge(kind="qr")), "credential_is_known", {"holder": "ada", "kind": "qr"}
    ),
    "a badge without dates": Grant(ask(), "credential_is_good", {"status": "active"}),
    "a badge that begins now and ends in a moment": Grant(
        ask(credential=badge(starts=MONDAY, ends=MONDAY + MOMENT)),
        "credential_is_good",
        {"status": "active"},
    ),
    "a badge where a badge is asked for": Grant(
        ask(), "credential_is_strong", {"shown": "number", "needed": "number"}
    ),
    "a code where a code is enough": Grant(
        ask(site=LAX, credential=CODE), "credential_is_strong", {"shown": "pin", "needed": "pin"}
    ),
    "a badge where a code is enough": Grant(
        ask(site=LAX), "credential_is_strong", {"shown": "number", "needed": "pin"}
    ),
    "a badge and its PIN": Grant(
        ask(site=STRICT, credential=WITH_PIN, pin=PIN),
        "credential_is_strong",
        {"shown": "number-and-pin", "needed": "number-and-pin"},
    ),
    "no PIN": Grant(ask(credential=WITH_PIN), "pin_is_right", {"typed": False}),
    "the right PIN": Grant(ask(credential=WITH_PIN, pin=PIN), "pin_is_right", {"typed": True}),
    "some PIN, where the badge has none": Grant(ask(pin="0000"), "pin_is_right", {"typed": True}),
    "the PIN for being under threat": Grant(
        ask(site=STRICT, credential=WITH_PIN, pin=DURESS_PIN), "pin_is_right", {"noted": "duress"}
    ),
    "the code for being under threat": Grant(
        ask(site=LAX, credential=badge(kind="pin", duress=True)),
        "pin_is_right",
        {"noted": "duress"},
    ),
}
