"""The models of room sensors, and of reports by operators.

PIR and mmWave sensors distinguish empty from occupied. A PIR shows slightly more: it is silent less
often over several people than over one, which is enough to detect that one of five counted people
is left. A trigger raises the log odds of "occupied"; silence lowers them every second. A sensor
that stays on adds weight until it has given as much as a stuck one deserves; with no other sign of
life it then loses its vote, and what it gave is taken back. Cameras weigh each number of people.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, log
from typing import Literal

from immutables import Map
from msgspec import Struct, structs

from gateway.core.estimator import distribution as beliefs
from gateway.core.estimator import miss_rate
from gateway.core.estimator.evidence import DeviceHealth
from gateway.core.estimator.zone import (
    HOUR_S,
    SENSORS_MAX,
    STAY_H,
    EstimateReason,
    SensorState,
    ZoneEstimate,
    because,
)
from gateway.core.model.names import DeviceId

QUIET_DOOR_S = 7200.0
"""With people inside, one of them passes the door at least once in this time."""
TRIGGER_S = 300.0
"""A sensor's triggers are one person's movement, not independent: they count once in this time."""
STAYS_ON_S = 120.0
"""The mean duration of a false trigger."""
STUCK_SHARE = 0.02
"""The share of a sensor's times on without people in which it is stuck and stays on."""
PATIENCE_S = 900.0
"""A sensor that is on for this long without another sign of life loses its vote, if another sensor
would show life: twice the longest silence of a PIR over a person (7.5 min, UCI 864)."""
LONE_PATIENCE_S = 4 * HOUR_S
"""The same if only a door's counter could, or if another kind of sensor is on as well: half a day
at a desk without leaving it."""
SEVERAL_MOST = 4.0
"""The most log odds from PIRs for several against one until the next passage: 55 to 1. People who
sit where a PIR hardly looks are as silent after an hour as after ten minutes."""
WALKS_S, WALKING_S = 60.0, 30.0
"""A person who enters walks for a minute, and a PIR detects that within half of one, in the mean:
an entry that it does not detect was rather a ghost."""
HEADS_SPREAD, HEADS_SPREAD_PER_PERSON = 0.5, 0.08
"""The mean error of a camera: half a person, and one of twelve."""
HEADS_LOST = 0.05
"""The chance that a camera's number means nothing (a curtain, a crash, a poster)."""
HEADS_S = 60.0
"""A camera's frames show the same people: they count in full once in this time."""
HEADS_WEIGHT, SET_WEIGHT = 2.0, 10.0
"""The weights of a camera and an operator among reasons, in log odds."""


class Manner(Struct, frozen=True):
    """A kind of sensor: mean seconds between triggers with one person there, and with none.

    `several`: how many times as often it triggers with three and more. UCI 864's PIRs did so 3.4
    times as often (and 2.4 times with two); 2 is cautious, as people in a room move together.
    """

    occupied_s: float
    vacant_s: float
    several: float = 1.0


class Telling(Struct, frozen=True):
    """The log odds that a kind of sensor gives: for occupied, and for three and more against one.

    With Poisson triggers, one gives log(vacant_s / occupied_s), and each second of silence
    1 / vacant_s - 1 / occupied_s.
    """

    trigger: float
    silence: float
    """Per second."""
    several_trigger: float
    several_silence: float


def _telling(manner: Manner) -> Telling:
    return Telling(
        trigger=log(manner.vacant_s / manner.occupied_s),
        silence=1 / manner.vacant_s - 1 / manner.occupied_s,
        several_trigger=log(manner.several),
        several_silence=(1.0 - manner.several) / manner.occupied_s,
    )


MANNERS: dict[str, Manner] = {
    "motion": Manner(occupied_s=150.0, vacant_s=10_000.0, several=2.0),
    "presence": Manner(occupied_s=20.0, vacant_s=3_600.0),
}
TELLINGS: dict[str, Telling] = {kind: _telling(manner) for kind, manner in MANNERS.items()}


def sensed(
    zone: ZoneEstimate, kind: Literal["motion", "presence"], device: DeviceId, *, active: bool
) -> ZoneEstimate:
    """Apply a report of a PIR or mmWave sensor."""
    known = zone.sensors.get(device)
    if known is None and len(zone.sensors) >= SENSORS_MAX:
        return zone
    health = "well" if known is None or known.health == "offline" else known.health
    was_on = known is not None and known.active
    if not active:
        sensor = SensorState(kind, zone.at, health=health)
        return structs.replace(zone, sensors=zone.sensors.set(device, sensor))
    if known is not None and was_on and (not known.voting or health != "well"):
        return zone
    news = health == "well" and _is_news(zone, kind)
    before = known.lent if known is not None and was_on else 0.0
    lent = min(TELLINGS[kind].trigger, _most(kind) - before) if news else 0.0
    sensor = SensorState(
        kind,
        known.since if known is not None and was_on else zone.at,
        active=True,
        lent=lent + before,
        health=health,
    )
    several = _several(zone, TELLINGS[kind].several_trigger) if news else zone.several
    belief = (
        beliefs.update_log_odds(zone.belief, lent, several - zone.several) if news else zone.belief
    )
    zone = structs.replace(
        zone,
        belief=belief,
        several=several,
        sensors=zone.sensors.set(device, sensor),
        # A sensor that goes on is a sign of life; one that stays on is none.
        life_at=zone.life_at if was_on or health != "well" else zone.at,
    )
    if not news:
        return zone
    return structs.replace(
        zone,
        triggers=zone.triggers.set(kind, zone.at),
        reasons=because(zone, EstimateReason(zone.at, kind, device, zone.id, 0, lent)),
    )


def heads(zone: ZoneEstimate, device: DeviceId, people: int) -> ZoneEstimate:
    """Apply a camera's number; it keeps counting until the next one (`votes`)."""
    known = zone.sensors.get(device)
    if known is None and len(zone.sensors) >= SENSORS_MAX:
        return zone
    if known is not None and known.health == "stuck":
        return zone
    waited = HEADS_S if known is None else (zone.at - known.since).total_seconds()
    power = 1.0 if known is None or known.people != people else min(1.0, waited / HEADS_S)
    sensor = SensorState("count", zone.at, people=people)
    return structs.replace(
        zone,
        belief=beliefs.update_likelihood(
            zone.belief, _likelihoods(len(zone.belief), people, power)
        ),
        sensors=zone.sensors.set(device, sensor),
        life_at=zone.at if people else zone.life_at,
        reasons=because(
            zone, EstimateReason(zone.at, "count", device, zone.id, people, HEADS_WEIGHT)
        ),
    )


def vacancy(zone: ZoneEstimate, device: DeviceId, odds: float, why: str) -> ZoneEstimate:
    """Weigh a report that the zone is empty; it never resets the belief."""
    weight = log(max(odds, 1.0))
    return structs.replace(
        zone,
        belief=beliefs.update_log_odds(zone.belief, -weight),
        reasons=because(zone, EstimateReason(zone.at, "vacancy", device, zone.id, 0, weight, why)),
    )


def people_set(zone: ZoneEstimate, device: DeviceId, people: int) -> ZoneEstimate:
    """Set the zone to an operator's count."""
    return structs.replace(
        zone,
        belief=beliefs.point_mass(zone.belief, people),
        tally=miss_rate.known(zone.tally, people, zone.at),
        stays=(*(0.0,) * (STAY_H - 1), float(people)),
        life_at=zone.at if people else zone.life_at,
        reasons=because(zone, EstimateReason(zone.at, "set", device, zone.id, people, SET_WEIGHT)),
    )


def judged(zone: ZoneEstimate, device: DeviceId, health: DeviceHealth) -> ZoneEstimate:
    """Remove a device's vote while it is stuck or offline; take a stuck one's last vote back."""
    if device in zone.doors:
        doors = zone.doors.set(device, health)
        counted = any(each == "well" for each in doors.values())
        return structs.replace(zone, doors=doors, counted=counted)
    sensor = zone.sensors.get(device)
    if sensor is None or sensor.health == health:
        return zone
    if health == "stuck":
        zone = _taken_back(zone, device, sensor)
        sensor = zone.sensors[device]
    voting = health == "well" or sensor.voting
    changed = structs.replace(sensor, health=health, since=zone.at, voting=voting)
    return structs.replace(zone, sensors=zone.sensors.set(device, changed))


def looked_into(zone: ZoneEstimate) -> bool:
    """Return whether a working sensor would show that the zone is empty."""
    return any(each.health == "well" and each.voting for each in zone.sensors.values())


def votes(zone: ZoneEstimate, seconds: float) -> ZoneEstimate:
    """Return the zone after its sensors were quiet, or stayed on, for this time."""
    log_odds, more, sensors = _told(zone, seconds)
    several = _several(zone, more)
    belief = zone.belief
    if log_odds:
        belief = beliefs.update_log_odds(belief, log_odds, several - zone.several)
    for sensor in sensors.values():
        if sensor.kind == "count" and sensor.health == "well":
            power = min(1.0, seconds / TRIGGER_S)
            belief = beliefs.update_likelihood(
                belief, _likelihoods(len(belief), sensor.people, power)
            )
    return structs.replace(zone, belief=belief, several=several, sensors=sensors)


def without_stuck(zone: ZoneEstimate) -> ZoneEstimate:
    """Return the zone without votes of sensors that stayed on too long without signs of life."""
    for device, sensor in zone.sensors.items():
        if not sensor.active or not sensor.voting or sensor.health != "well":
            continue
        others = [
            other
            for other in zone.sensors.values()
            if other.kind != sensor.kind and other.voting and other.health == "well"
        ]
        agreed = not others or any(other.active for other in others)
        last = sensor.since if zone.life_at is None else max(sensor.since, zone.life_at)
        if (zone.at - last).total_seconds() >= (LONE_PATIENCE_S if agreed else PATIENCE_S):
            zone = _taken_back(zone, device, sensor)
    return zone


def _several(zone: ZoneEstimate, more: float) -> float:
    """Return the PIRs' log odds of three and more against one, `more` added, within bounds."""
    return min(SEVERAL_MOST, max(-SEVERAL_MOST, zone.several + more))


def _most(kind: str) -> float:
    """Return the most that a sensor can give until it drops: then it is as likely stuck."""
    return TELLINGS[kind].trigger - log(STUCK_SHARE)


def _taken_back(zone: ZoneEstimate, device: DeviceId, sensor: SensorState) -> ZoneEstimate:
    """Return the zone with a sensor's vote removed until it drops, and its contribution undone."""
    mute = structs.replace(sensor, voting=False, lent=0.0)
    return structs.replace(
        zone,
        belief=beliefs.update_log_odds(zone.belief, -sensor.lent) if sensor.lent else zone.belief,
        sensors=zone.sensors.set(device, mute),
        reasons=because(zone, EstimateReason(zone.at, "stuck", device, zone.id, 0, sensor.lent)),
    )


def _is_news(zone: ZoneEstimate, kind: str) -> bool:
    last = zone.triggers.get(kind)
    return last is None or (zone.at - last).total_seconds() >= TRIGGER_S


@lru_cache(maxsize=1024)
def _likelihoods(size: int, people: int, power: float) -> Sequence[float]:
    """Return a camera's likelihood for each true number: Laplace, with a constant tail."""
    spread = HEADS_SPREAD + HEADS_SPREAD_PER_PERSON * people
    return tuple(
        ((1 - HEADS_LOST) * exp(-abs(n - people) / spread) / (2 * spread) + HEADS_LOST / size)
        ** power
        for n in range(size)
    )


def _told(zone: ZoneEstimate, seconds: float) -> tuple[float, float, Map[DeviceId, SensorState]]:
    """Return the log odds from the sensors' states over this time, and the sensors after it.

    The second figure is for three and more against one (`distribution.update_log_odds`).
    Sensors of one kind look at the same people, so their silence counts once, and only while all
    of them are silent.
    """
    told, sensors = 0.0, zone.sensors
    silent: dict[str, bool] = {}
    for device, sensor in zone.sensors.items():
        if sensor.health != "well" or not sensor.voting or sensor.kind == "count":
            continue
        silent[sensor.kind] = silent.get(sensor.kind, True) and not sensor.active
        if sensor.active:
            more = min(seconds / STAYS_ON_S, _most(sensor.kind) - sensor.lent)
            told += more
            sensors = sensors.set(device, structs.replace(sensor, lent=sensor.lent + more))
    several = 0.0
    for kind, is_silent in silent.items():
        if is_silent:
            told += TELLINGS[kind].silence * seconds
            several += TELLINGS[kind].several_silence * seconds
    if zone.counted:
        told -= seconds / QUIET_DOOR_S
    if silent.get("motion") and zone.entered_at is not None:
        since = (zone.at - zone.entered_at).total_seconds()
        told -= max(0.0, min(seconds, WALKS_S - since)) / WALKING_S
    return told, several, sensors
