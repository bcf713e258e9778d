"""The rules in plain words, for `seuil why`, the console and docs/rules.md."""

from typing import Final

from gateway.phrase import Phrase

RULE_TITLES: Final[dict[str, Phrase]] = {
    "exit_is_free": Phrase("Exit is always allowed."),
    "muster_is_noted": Phrase("A badge at the muster point marks its holder as safe."),
    "event_is_fresh": Phrase(
        "The read is less than 5 seconds old and the reader's clock is right."
    ),
    "reader_enrols_no_badge": Phrase("The reader isn't waiting to enrol a badge."),
    "reader_guards_something": Phrase("The reader controls a door or a machine."),
    "mode_allows_entry": Phrase("No lockdown and no evacuation."),
    "point_is_in_service": Phrase("The door or machine is in service."),
    "attempts_are_left": Phrase("No PIN lockout."),
    "credential_is_known": Phrase("The badge is enrolled and assigned."),
    "credential_is_good": Phrase("The badge is valid: not lost, stolen, suspended or expired."),
    "credential_is_strong": Phrase("The badge or code is sufficient here."),
    "pin_is_right": Phrase("The PIN is correct."),
    "machine_is_free": Phrase("The machine is free, or its user is signing off."),
    "membership_is_active": Phrase("A membership or a booking is valid."),
    "plan_gives_right": Phrase("The plan, or a booking, includes this space or machine."),
    "hours_are_open": Phrase("Within opening hours of the plan or booking."),
    "quota_is_left": Phrase("Days, hours or entries are left."),
    "training_is_valid": Phrase("Required trainings are valid."),
    "booking_allows": Phrase("Not booked by someone else, and booked where required."),
    "user_is_here": Phrase("The user is in the machine's room."),
    "passback_is_clear": Phrase("The badge isn't already inside."),
    "interlock_is_clear": Phrase("The other airlock door is closed."),
    "zone_is_opened": Phrase("The space was opened today by a manager."),
    "escort_is_here": Phrase("A visitor's host is inside."),
    "company_is_here": Phrase("Enough people are here, including those required."),
    "zone_has_room": Phrase("There is room."),
    "plan_opens": Phrase("No objection: access granted."),
}
"""By the rule's name, in the order of the rules."""

BUTTON_TITLES: Final[dict[str, Phrase]] = {
    "exit_button_is_wired": Phrase("Exit button: no rule is checked."),
}
"""The texts for a press of an exit button, which no rule may refuse."""
