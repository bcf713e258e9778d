"""The rules in plain words, for `seuil why`, the console and docs/rules.md."""

from typing import Final

from gateway.phrase import Phrase

RULE_TITLES: Final[dict[str, Phrase]] = {
    "exit_is_free": Phrase("The way out is always free."),
    "muster_is_noted": Phrase("Whoever badges at the muster point is noted as safe."),
    "event_is_fresh": Phrase(
        "The read is less than 5 seconds old and the reader's clock is right."
    ),
    "reader_enrols_no_badge": Phrase("The reader is not waiting for a badge to enrol."),
    "reader_guards_something": Phrase("The reader guards a door or a machine."),
    "mode_allows_entry": Phrase("The place is neither locked down nor being evacuated."),
    "point_is_in_service": Phrase("The door or machine is in service."),
    "attempts_are_left": Phrase("Nobody is guessing a PIN."),
    "credential_is_known": Phrase("The badge is enrolled and somebody holds it."),
    "credential_is_good": Phrase("The badge is valid: not lost, stolen, suspended or expired."),
    "credential_is_strong": Phrase("The badge or code is strong enough for this access point."),
    "pin_is_right": Phrase("The PIN that was typed is right."),
    "machine_is_free": Phrase("The machine is free; whoever uses it signs off with the badge."),
    "membership_is_active": Phrase("A membership is valid, or a booking stands in for it."),
    "plan_gives_right": Phrase("The plan, or a booking, includes this space or machine."),
    "hours_are_open": Phrase("It is the hour: the plan is open, or a booking is on."),
    "quota_is_left": Phrase("Days, hours or entries are left."),
    "training_is_valid": Phrase("The trainings that are asked for are done and up to date."),
    "booking_allows": Phrase("Nobody else has booked, and whoever must book has."),
    "user_is_here": Phrase("Whoever starts the machine is in its room."),
    "passback_is_clear": Phrase("The badge was not used to come in already, without leaving."),
    "interlock_is_clear": Phrase("The other door of the interlock is closed."),
    "zone_is_opened": Phrase("The space was opened today by somebody who may."),
    "escort_is_here": Phrase("A member is inside to receive a visitor."),
    "company_is_here": Phrase("Enough people are here, and the right ones."),
    "zone_has_room": Phrase("There is room."),
    "plan_opens": Phrase("Nothing speaks against it: the plan or booking opens."),
}
"""By the rule's name, in the order of the rules."""

BUTTON_TITLES: Final[dict[str, Phrase]] = {
    "exit_button_is_wired": Phrase("The exit button is wired to this device: no rule is asked."),
}
"""The texts for a press of an exit button, which no rule may refuse."""
