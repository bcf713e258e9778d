"""The reason codes of all decisions, and what a member reads for each: the reason, and the advice.

The advice says what to do next. `bacnet` is the nearest AccessEvent of ASHRAE 135-2020; its
*authentication factor* is our badge, and its *credential* everything that its holder may do.
docs/rules.md has the same table.
"""

from functools import cached_property
from typing import Final

from msgspec import Struct

from gateway.phrase import Phrase

EXIT_BUTTON: Final = "exit-button"
"""The reason of a press of an exit button: the user is unknown, and no rule refuses it."""


class ReasonText(Struct, frozen=True, dict=True):
    """A reason in words, the standard's name for it, and what to do next (None: nothing)."""

    text: Phrase
    bacnet: str
    advice: Phrase | None = None

    @cached_property
    def sentence(self) -> Phrase:
        """The reason with its advice, as a reader shows it."""
        if self.advice is None:
            return Phrase("%(reason)s.", reason=self.text)
        return Phrase("%(reason)s. %(advice)s", reason=self.text, advice=self.advice)


REASONS: Final[dict[str, ReasonText]] = {
    "exit-free": ReasonText(
        Phrase("Goodbye, see you soon"),
        "GRANTED",
    ),
    EXIT_BUTTON: ReasonText(
        Phrase("Exit button pressed"),
        "GRANTED",
    ),
    "mustered": ReasonText(
        Phrase("You are noted as safe"),
        "MUSTER",
        Phrase("Stay at the muster point."),
    ),
    "still-here": ReasonText(
        Phrase("You are noted as still here"),
        "GRANTED",
        Phrase("Carry on."),
    ),
    "retained": ReasonText(
        Phrase("A read kept by the broker"),
        "DENIED_OTHER",
        Phrase("Hold your badge again."),
    ),
    "too-old": ReasonText(
        Phrase("This read is more than 5 seconds old"),
        "DENIED_OTHER",
        Phrase("Hold your badge again."),
    ),
    "clock-ahead": ReasonText(
        Phrase("The reader's clock is ahead"),
        "DENIED_OTHER",
        Phrase("Tell the front desk."),
    ),
    "enrolment": ReasonText(
        Phrase("Badge read for its enrolment"),
        "AUTHENTICATION_FACTOR_READ",
        Phrase("See the front desk's screen."),
    ),
    "point-unknown": ReasonText(
        Phrase("This reader guards nothing"),
        "OUT_OF_SERVICE",
        Phrase("Tell the front desk."),
    ),
    "lockdown": ReasonText(
        Phrase("The place is locked down"),
        "DENIED_DENY_ALL",
        Phrase("Stay somewhere safe and follow instructions."),
    ),
    "evacuation": ReasonText(
        Phrase("Evacuation"),
        "DENIED_DENY_ALL",
        Phrase("Do not come in, go to the muster point."),
    ),
    "out-of-service": ReasonText(
        Phrase("Out of service"),
        "OUT_OF_SERVICE",
        Phrase("Use another door or machine, or see the front desk."),
    ),
    "too-many-attempts": ReasonText(
        Phrase("Too many wrong PINs"),
        "DENIED_MAX_ATTEMPTS",
        Phrase("Try again in 10 minutes, or see the front desk."),
    ),
    "credential-unknown": ReasonText(
        Phrase("Unknown badge"),
        "DENIED_UNKNOWN_CREDENTIAL",
        Phrase("Ask the front desk to enrol it."),
    ),
    "credential-lost": ReasonText(
        Phrase("This badge was reported lost"),
        "DENIED_AUTHENTICATION_FACTOR_LOST",
        Phrase("Please bring it to the front desk."),
    ),
    "credential-stolen": ReasonText(
        Phrase("This badge was reported stolen"),
        "DENIED_AUTHENTICATION_FACTOR_STOLEN",
        Phrase("Please bring it to the front desk."),
    ),
    "credential-suspended": ReasonText(
        Phrase("This badge is suspended"),
        "DENIED_AUTHENTICATION_FACTOR_DISABLED",
        Phrase("See the front desk."),
    ),
    "credential-not-started": ReasonText(
        Phrase("This badge is not valid yet"),
        "DENIED_CREDENTIAL_NOT_YET_ACTIVE",
        Phrase("Come back on its first day, or see the front desk."),
    ),
    "credential-expired": ReasonText(
        Phrase("This badge has expired"),
        "DENIED_CREDENTIAL_EXPIRED",
        Phrase("Ask the front desk for another one."),
    ),
    "credential-weak": ReasonText(
        Phrase("That is not enough here"),
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
        Phrase("Hold your badge and type your PIN too."),
    ),
    "pin-wrong": ReasonText(
        Phrase("Wrong PIN"),
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
        Phrase("Type it again."),
    ),
    "machine-off": ReasonText(
        Phrase("Signed off the machine"),
        "GRANTED",
        Phrase("Please leave it clean."),
    ),
    "machine-in-use": ReasonText(
        Phrase("The machine is in use"),
        "DENIED_OTHER",
        Phrase("Wait until its user signs off with their badge."),
    ),
    "membership-none": ReasonText(
        Phrase("No membership for this place"),
        "DENIED_NO_ACCESS_RIGHTS",
        Phrase("See the front desk."),
    ),
    "membership-not-started": ReasonText(
        Phrase("Your membership has not started yet"),
        "DENIED_CREDENTIAL_NOT_YET_ACTIVE",
        Phrase("Come back on its first day, or see the front desk."),
    ),
    "membership-expired": ReasonText(
        Phrase("Your membership has expired"),
        "DENIED_CREDENTIAL_EXPIRED",
        Phrase("Renew it at the front desk."),
    ),
    "membership-suspended": ReasonText(
        Phrase("Your membership is suspended"),
        "DENIED_CREDENTIAL_DISABLED",
        Phrase("See the front desk."),
    ),
    "membership-unpaid": ReasonText(
        Phrase("Your membership is not paid"),
        "DENIED_CREDENTIAL_DISABLED",
        Phrase("See the front desk."),
    ),
    "no-right": ReasonText(
        Phrase("Your plan does not include this"),
        "DENIED_ZONE_NO_ACCESS_RIGHTS",
        Phrase("Ask the front desk."),
    ),
    "outside-hours": ReasonText(
        Phrase("Your plan does not open this at this hour"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("Come back during its hours."),
    ),
    "public-holiday": ReasonText(
        Phrase("Your plan is closed on this public holiday"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("Come back another day."),
    ),
    "exceptional-day": ReasonText(
        Phrase("Closed today by exception"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("See the hours on display."),
    ),
    "quota-used-up": ReasonText(
        Phrase("Your plan is used up for this period"),
        "DENIED_CREDENTIAL_MAX_USES",
        Phrase("Top it up at the front desk."),
    ),
    "training-missing": ReasonText(
        Phrase("This needs a training"),
        "DENIED_OTHER",
        Phrase("Sign up for it at the front desk."),
    ),
    "training-expired": ReasonText(
        Phrase("Your training has expired"),
        "DENIED_OTHER",
        Phrase("Renew it, see the front desk."),
    ),
    "booked": ReasonText(
        Phrase("This is booked by somebody else now"),
        "DENIED_OTHER",
        Phrase("Come back later or book another time."),
    ),
    "booking-required": ReasonText(
        Phrase("A booking is needed"),
        "DENIED_OTHER",
        Phrase("Book a time, then hold your badge again."),
    ),
    "not-checked-in": ReasonText(
        Phrase("Badge in at the door of the room first, then at the machine"),
        "DENIED_UNEXPECTED_LOCATION_USAGE",
    ),
    "passback": ReasonText(
        Phrase("This badge is inside already"),
        "DENIED_PASSBACK",
        Phrase("Badge out when you leave, or see the front desk."),
    ),
    "passback-timed": ReasonText(
        Phrase("This badge came in just now"),
        "DENIED_PASSBACK",
        Phrase("Wait a few minutes, or see the front desk."),
    ),
    "already-released": ReasonText(
        Phrase("A door is open for you already"),
        "DENIED_PASSBACK",
        Phrase("Go through it."),
    ),
    "interlock": ReasonText(
        Phrase("The other door of the interlock is not closed"),
        "DENIED_OTHER",
        Phrase("Wait until it is."),
    ),
    "not-opened": ReasonText(
        Phrase("The space is not opened yet today"),
        "DENIED_OTHER",
        Phrase("Wait for somebody in charge."),
    ),
    "escort-missing": ReasonText(
        Phrase("A member must receive you"),
        "DENIED_NO_ACCOMPANIMENT",
        Phrase("Ask them to go in first."),
    ),
    "alone": ReasonText(
        Phrase("Never alone here"),
        "DENIED_LOWER_OCCUPANCY_LIMIT",
        Phrase("Come back with somebody."),
    ),
    "role-absent": ReasonText(
        Phrase("The person in charge is not here"),
        "DENIED_NO_ACCOMPANIMENT",
        Phrase("Wait for them."),
    ),
    "zone-full": ReasonText(
        Phrase("The space is full"),
        "DENIED_UPPER_OCCUPANCY_LIMIT",
        Phrase("Wait until somebody leaves."),
    ),
    "plan": ReasonText(
        Phrase("Welcome"),
        "GRANTED",
    ),
    "booking": ReasonText(
        Phrase("Welcome, your booking is ready"),
        "GRANTED",
    ),
    "no-access-rights": ReasonText(
        Phrase("No rule opens this access point"),
        "DENIED_NO_ACCESS_RIGHTS",
        Phrase("See the front desk."),
    ),
    "fault": ReasonText(
        Phrase("Software fault"),
        "DENIED_OTHER",
        Phrase("Please see the front desk."),
    ),
    "reader-decided": ReasonText(
        Phrase("The reader was cut off and decided alone"),
        "AUTHENTICATION_FACTOR_READ",
    ),
    "claimed": ReasonText(
        Phrase("The reader says that it decided alone; nothing proves it"),
        "AUTHENTICATION_FACTOR_READ",
    ),
}
"""In the order of the rules that give them; the last three are given by the engine."""
