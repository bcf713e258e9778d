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
        Phrase("You're marked as safe"),
        "MUSTER",
        Phrase("Stay at the muster point."),
    ),
    "still-here": ReasonText(
        Phrase("You are noted as still here"),
        "GRANTED",
        Phrase("Carry on."),
    ),
    "retained": ReasonText(
        Phrase("This read was kept by the broker"),
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
        Phrase("Badge read for enrolment"),
        "AUTHENTICATION_FACTOR_READ",
        Phrase("See the front desk's screen."),
    ),
    "point-unknown": ReasonText(
        Phrase("This reader controls nothing"),
        "OUT_OF_SERVICE",
        Phrase("Tell the front desk."),
    ),
    "lockdown": ReasonText(
        Phrase("The site is in lockdown"),
        "DENIED_DENY_ALL",
        Phrase("Stay safe and follow instructions."),
    ),
    "evacuation": ReasonText(
        Phrase("Evacuation"),
        "DENIED_DENY_ALL",
        Phrase("Don't come in. Go to the muster point."),
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
        Phrase("Ask the front desk to register it."),
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
        Phrase("A badge alone isn't enough here"),
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
        Phrase("Hold your badge, then type your PIN."),
    ),
    "pin-wrong": ReasonText(
        Phrase("Wrong PIN"),
        "DENIED_INCORRECT_AUTHENTICATION_FACTOR",
        Phrase("Type it again."),
    ),
    "machine-off": ReasonText(
        Phrase("You've signed off the machine"),
        "GRANTED",
        Phrase("Please leave it clean."),
    ),
    "machine-in-use": ReasonText(
        Phrase("The machine is in use"),
        "DENIED_OTHER",
        Phrase("Wait until its user signs off."),
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
        Phrase("Payment is due"),
        "DENIED_CREDENTIAL_DISABLED",
        Phrase("See the front desk."),
    ),
    "no-right": ReasonText(
        Phrase("Your plan doesn't include this"),
        "DENIED_ZONE_NO_ACCESS_RIGHTS",
        Phrase("Ask the front desk."),
    ),
    "outside-hours": ReasonText(
        Phrase("Your plan doesn't cover this hour"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("Come back during your plan's hours."),
    ),
    "public-holiday": ReasonText(
        Phrase("Your plan is closed on this public holiday"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("Come back another day."),
    ),
    "exceptional-day": ReasonText(
        Phrase("Closed today"),
        "DENIED_OUT_OF_TIME_RANGE",
        Phrase("See the posted hours."),
    ),
    "quota-used-up": ReasonText(
        Phrase("Your plan is used up for this period"),
        "DENIED_CREDENTIAL_MAX_USES",
        Phrase("Top it up at the front desk."),
    ),
    "training-missing": ReasonText(
        Phrase("Training required"),
        "DENIED_OTHER",
        Phrase("Sign up at the front desk."),
    ),
    "training-expired": ReasonText(
        Phrase("Your training has expired"),
        "DENIED_OTHER",
        Phrase("See the front desk to renew it."),
    ),
    "booked": ReasonText(
        Phrase("Booked by someone else right now"),
        "DENIED_OTHER",
        Phrase("Come back later or book another slot."),
    ),
    "booking-required": ReasonText(
        Phrase("Booking required"),
        "DENIED_OTHER",
        Phrase("Book a slot, then hold your badge again."),
    ),
    "not-checked-in": ReasonText(
        Phrase("Badge in at the room's door first, then at the machine"),
        "DENIED_UNEXPECTED_LOCATION_USAGE",
    ),
    "passback": ReasonText(
        Phrase("This badge is already inside"),
        "DENIED_PASSBACK",
        Phrase("Badge out when you leave, or see the front desk."),
    ),
    "passback-timed": ReasonText(
        Phrase("This badge has just been used to enter"),
        "DENIED_PASSBACK",
        Phrase("Wait a few minutes, or see the front desk."),
    ),
    "already-released": ReasonText(
        Phrase("A door is already open for you"),
        "DENIED_PASSBACK",
        Phrase("Go ahead."),
    ),
    "interlock": ReasonText(
        Phrase("The other airlock door isn't closed"),
        "DENIED_OTHER",
        Phrase("Wait until it closes."),
    ),
    "not-opened": ReasonText(
        Phrase("Not open yet today"),
        "DENIED_OTHER",
        Phrase("Please wait for a manager."),
    ),
    "escort-missing": ReasonText(
        Phrase("A member must let you in"),
        "DENIED_NO_ACCOMPANIMENT",
        Phrase("Ask your host to enter first."),
    ),
    "alone": ReasonText(
        Phrase("You can't be here alone"),
        "DENIED_LOWER_OCCUPANCY_LIMIT",
        Phrase("Come back with someone."),
    ),
    "role-absent": ReasonText(
        Phrase("The person in charge isn't here"),
        "DENIED_NO_ACCOMPANIMENT",
        Phrase("Wait for them."),
    ),
    "zone-full": ReasonText(
        Phrase("The space is full"),
        "DENIED_UPPER_OCCUPANCY_LIMIT",
        Phrase("Wait until someone leaves."),
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
        Phrase("No access right for this door or machine"),
        "DENIED_NO_ACCESS_RIGHTS",
        Phrase("See the front desk."),
    ),
    "fault": ReasonText(
        Phrase("Software error"),
        "DENIED_OTHER",
        Phrase("Please see the front desk."),
    ),
    "reader-decided": ReasonText(
        Phrase("The reader was offline and decided by itself"),
        "AUTHENTICATION_FACTOR_READ",
    ),
    "claimed": ReasonText(
        Phrase("The reader claims it decided by itself, without proof"),
        "AUTHENTICATION_FACTOR_READ",
    ),
}
"""In the order of the rules that give them; the last three are given by the engine."""
