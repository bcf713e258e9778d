"""Cases of the rules about the way, the moment and the access point."""

from datetime import timedelta

from immutables import Map
from msgspec import structs

from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.state import MachineUse, ModeState, PendingEnrolment
from tests.world.engine import LASER, MONDAY
from tests.world.makerspace import Grant, Parts, Refusal, ask

LOCKDOWN: Parts = {"mode": ModeState("lockdown")}
BROKEN: Parts = {"out_of_service": Map({AccessPointId("front-in"): "the hinge"})}
ENROLLING = Map({DeviceId("front-in"): PendingEnrolment("t", HolderId("bob"), MONDAY)})
ADA_AT_THE_LASER: Parts = {"machines": Map({LASER: MachineUse(HolderId("ada"), MONDAY)})}

REFUSALS = {
    "a read that the broker kept": Refusal(
        ask(retained=True), "event_is_fresh", "retained", {"retained": True}
    ),
    "a read of 5.001 seconds ago": Refusal(
        ask(age=timedelta(milliseconds=5001)),
        "event_is_fresh",
        "too-old",
        {"age_s": 5.001, "limit_s": 5.0},
    ),
    "a reader whose clock is 5.001 seconds ahead": Refusal(
        ask(age=timedelta(milliseconds=-5001)),
        "event_is_fresh",
        "clock-ahead",
        {"age_s": -5.001, "limit_s": -5.0},
    ),
    "a known badge at a reader that waits for one to enrol": Refusal(
        ask(enrolments=ENROLLING),
        "reader_enrols_no_badge",
        "enrolment",
        {"until": "2026-11-23T10:00:00+00:00"},
    ),
    "a reader that guards nothing": Refusal(
        ask(None), "reader_guards_something", "point-unknown", {}
    ),
    "a lockdown": Refusal(ask(**LOCKDOWN), "mode_allows_entry", "lockdown", {"mode": "lockdown"}),
    "an evacuation": Refusal(
        ask(mode=ModeState("evacuation")),
        "mode_allows_entry",
        "evacuation",
        {"mode": "evacuation"},
    ),
    "a machine to be started in a lockdown": Refusal(
        ask("laser-on", **LOCKDOWN), "mode_allows_entry", "lockdown", {"mode": "lockdown"}
    ),
    "a machine that somebody else uses, in a lockdown": Refusal(
        ask(
            "laser-on",
            **LOCKDOWN,
            machines=Map({LASER: MachineUse(HolderId("bob"), MONDAY)}),
        ),
        "mode_allows_entry",
        "lockdown",
        {"mode": "lockdown"},
    ),
    "a stranger's badge at a machine in a lockdown": Refusal(
        ask("laser-on", stranger=True, **LOCKDOWN, **ADA_AT_THE_LASER),
        "mode_allows_entry",
        "lockdown",
        {"mode": "lockdown"},
    ),
    "a door out of service": Refusal(
        ask(**BROKEN), "point_is_in_service", "out-of-service", {"why": "the hinge"}
    ),
    "a machine out of service, without a word why": Refusal(
        ask("laser-on", out_of_service=Map({AccessPointId("laser-on"): ""})),
        "point_is_in_service",
        "out-of-service",
        {"why": ""},
    ),
}

GRANTS = {
    "the way out": Grant(ask("front-out"), "exit_is_free", {"direction": "exit"}, "exit-free"),
    "the way in is not the way out": Grant(ask(), "exit_is_free", {"direction": "entry"}),
    "a muster point": Grant(ask("assembly"), "muster_is_noted", {"zone": "yard"}, "mustered"),
    "a stranger at a muster point": Grant(
        ask("assembly", stranger=True), "muster_is_noted", {"zone": "yard"}, "mustered"
    ),
    "a muster of an hour ago": Grant(
        ask("assembly", age=timedelta(hours=1)), "muster_is_noted", {"zone": "yard"}, "mustered"
    ),
    "a muster in an evacuation": Grant(
        ask("assembly", mode=ModeState("evacuation")),
        "muster_is_noted",
        {"zone": "yard"},
        "mustered",
    ),
    "who is still here": Grant(ask("still"), "pin_is_right", {"zone": "yard"}, "still-here"),
    "a door is no muster point": Grant(ask(), "muster_is_noted", {}),
    "a read of 5 seconds ago": Grant(
        ask(age=timedelta(seconds=5)), "event_is_fresh", {"age_s": 5.0}
    ),
    "a read of a millisecond ago": Grant(
        ask(age=timedelta(microseconds=1400)), "event_is_fresh", {"age_s": 0.001}
    ),
    "a reader whose clock is 5 seconds ahead": Grant(
        ask(age=timedelta(seconds=-5)), "event_is_fresh", {"age_s": -5.0}
    ),
    "another reader waits for a badge to enrol": Grant(
        ask("back-in", enrolments=ENROLLING), "reader_enrols_no_badge", {}
    ),
    "a reader of a door": Grant(ask(), "reader_guards_something", {"access_point": "front-in"}),
    "a normal day": Grant(ask(), "mode_allows_entry", {"mode": "normal"}),
    "who uses a machine signs off in a lockdown": Grant(
        ask("laser-on", **LOCKDOWN, **ADA_AT_THE_LASER),
        "mode_allows_entry",
        {"mode": "lockdown"},
        "machine-off",
    ),
    "another door is out of service": Grant(ask("back-in", **BROKEN), "point_is_in_service", {}),
    "who uses a machine signs off when it is out of service": Grant(
        ask(
            "laser-on", out_of_service=Map({AccessPointId("laser-on"): "smoke"}), **ADA_AT_THE_LASER
        ),
        "point_is_in_service",
        {},
        "machine-off",
    ),
}

WAYS_OUT = {
    "a member": ask("front-out"),
    "a badge that nobody enrolled": ask("front-out", stranger=True),
    "a badge whose holder is gone": structs.replace(ask("front-out"), holder=None),
    "a read of yesterday": ask("front-out", age=timedelta(days=1)),
    "a read that the broker kept": ask("front-out", retained=True),
    "a reader whose clock is a day ahead": ask("front-out", age=timedelta(days=-1)),
    "a lockdown": ask("front-out", **LOCKDOWN),
    "a badge to enrol": ask(
        "front-out",
        enrolments=Map({DeviceId("front-out"): PendingEnrolment("t", HolderId("bob"), MONDAY)}),
    ),
    "an evacuation": ask("front-out", mode=ModeState("evacuation")),
    "a door out of service": ask(
        "front-out", out_of_service=Map({AccessPointId("front-out"): "the hinge"})
    ),
    "out of the lab": ask("lab-out"),
}
