"""A laser that nobody may use alone, end to end over MQTT with simulated devices."""

from datetime import timedelta

from gateway.core.facts import MachineEnded
from tests.servers import until
from tests.world.gateway_process import GatewayProcess
from tests.world.members import ADA, BOB, CYD
from tests.world.play import GRACE_S, Play


async def _two_at_the_laser(place: Play) -> None:
    """Ada runs the laser, Bob is there."""
    await place.enter(ADA, BOB)
    assert (await place.badge("laser-on", ADA)).effect == "granted"
    await until(lambda: place.laser.power == "on", "the laser runs")


async def test_nobody_uses_the_laser_alone(workshop: GatewayProcess, place: Play) -> None:
    """Alone: refused, with the reason. A second person: granted. They leave: warning, grace, stop.

    The laser stops by itself; nothing else is ever ordered, least of all a cut of its power.
    """
    await place.enter(ADA)
    refused = await place.badge("laser-on", ADA)
    assert (refused.effect, refused.reason) == ("denied", "alone")
    assert place.laser.power == "off"

    await place.enter(BOB)
    granted = await place.badge("laser-on", ADA)
    assert (granted.effect, granted.reason) == ("granted", "plan")
    await until(lambda: place.laser.power == "on", "the laser runs")

    await place.leave(BOB)
    await until(lambda: place.laser.warning is not None, "Ada is warned")
    warning = place.laser.warning
    assert warning is not None
    assert (warning.reason, place.laser.power) == ("alone", "on")
    lone_since = await place.alarm("lone-worker", "laser")

    stopped_since = await place.alarm("safe-stop", "laser")
    assert stopped_since >= warning.stops_at
    assert stopped_since - lone_since >= timedelta(seconds=GRACE_S)
    await until(lambda: place.laser.power == "off", "it stands still")
    await place.no_alarm("safe-stop", "laser")
    await place.no_alarm("lone-worker", "laser")
    orders = place.orders("laser-on")
    assert orders[:3] == ["access", "access", "warning"]
    assert set(orders[3:]) == {"safe-stop"}
    assert [fact.why for fact in _uses_ended(workshop)] == ["safe-stop"]


async def test_the_warning_ends_when_somebody_comes(workshop: GatewayProcess, place: Play) -> None:
    """Within the grace time: the laser runs on, and its user signs off like any other."""
    await _two_at_the_laser(place)
    await place.leave(BOB)
    await until(lambda: place.laser.warning is not None, "Ada is warned")
    await place.enter(CYD)
    await until(lambda: place.laser.warning is None, "the warning is over")
    assert place.laser.power == "on"
    await place.no_alarm("lone-worker", "laser")
    signed_off = await place.badge("laser-on", ADA)
    assert (signed_off.effect, signed_off.reason) == ("granted", "machine-off")
    await until(lambda: _uses_ended(workshop), "the use is over")
    assert [fact.why for fact in _uses_ended(workshop)] == ["signed-off"]
    assert place.orders("laser-on") == ["access", "warning", "warning-over", "access"]


async def test_a_gateway_that_was_killed_still_asks_for_the_safe_stop(
    workshop: GatewayProcess, place: Play
) -> None:
    """In mid-grace: it warns again when it is back, and the safe stop comes in time."""
    await _two_at_the_laser(place)
    await place.leave(BOB)
    await until(lambda: place.laser.warning is not None, "Ada is warned")
    await workshop.kill()
    place.laser.warning = None  # as a reader that was switched off and on
    await workshop.start()
    await until(lambda: place.laser.power != "on", "it is asked to stop")
    await until(lambda: _uses_ended(workshop), "the use is over")
    assert [fact.why for fact in _uses_ended(workshop)] == ["safe-stop"]


async def test_a_safe_stop_that_nobody_heard_is_asked_for_again(
    workshop: GatewayProcess, place: Play
) -> None:
    """The gateway was killed before its machine had said that it is off: it asks once more."""
    await _two_at_the_laser(place)
    place.deaf.add("laser-on")
    await place.leave(BOB)
    await place.alarm("safe-stop", "laser")
    await workshop.kill()
    assert place.laser.power == "on"
    place.deaf.clear()
    await workshop.start()
    await until(lambda: place.laser.power == "off", "it stands still")
    await until(lambda: _uses_ended(workshop), "the use is over")


def _uses_ended(workshop: GatewayProcess) -> list[MachineEnded]:
    rows = workshop.ask(lambda file: [stored.row for stored in file.events_after(0)])
    return [fact for row in rows for fact in row.facts if isinstance(fact, MachineEnded)]
