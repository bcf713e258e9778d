"""What zones, doors, machines and plans ask for in the space file, and every fault of it."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from gateway.config import ConfigError, load_space, site_from_json, site_to_json
from gateway.config.advice import advice
from gateway.core.model.equipment import Machine
from gateway.core.model.names import (
    AccessPointId,
    DoorId,
    MachineId,
    Named,
    RoleId,
    Text,
    TrainingId,
    ZoneId,
)
from gateway.core.model.places import AccessPoint, Demands, Interlock, Zone
from gateway.core.model.plans import Accounting, ExceptionalDay, Quota
from gateway.core.model.site import Site

SITE = '[site]\nid = "s"\nname = "S"\ntimezone = "Europe/Paris"\n'
HOLIDAYS = 'country = "FR"\nschool_zone = "A"\n'
ROOMS = """
[[zones]]
id = "hall"
name = "Hall"
[[zones]]
id = "lab"
name = "Lab"
"""
"""What follows is a key of the lab."""
LASER = '[[machines]]\nid = "laser"\nname = "L"\nzone = "lab"\n'
"""What follows is a key of the laser."""
DOORS = """
[[doors]]
id = "front"
name = "F"
zone = "hall"
[[doors]]
id = "lab-door"
name = "D"
zone = "lab"
outside = "hall"
"""
"""What follows is a key of the lab's door."""
CONTACT = '[[sensors]]\nid = "c"\ndoor = "front"\n'
ENTRIES = """
[[access_points]]
id = "front-in"
door = "front"
direction = "entry"
[[access_points]]
id = "lab-in"
door = "lab-door"
direction = "entry"
[[readers]]
id = "r1"
access_point = "front-in"
[[readers]]
id = "r2"
access_point = "lab-in"
"""
EXIT = """
[[access_points]]
id = "lab-out"
door = "lab-door"
direction = "exit"
[[readers]]
id = "r3"
access_point = "lab-out"
"""
TRAINING = '[[trainings]]\nid = "laser"\nname = "Laser"\n'
ROLE = '[[roles]]\nid = "manager"\nname = "Manager"\n'
PLAN = '[[plans]]\nid = "p"\nname = "P"\nquotas = [{}]\n[[plans.rights]]\nzones = ["hall"]\n'
CALENDAR = '[[calendars]]\nzone = "lab"\nfile = "lab.ics"\n'


def lab(keys: str, *more: str) -> str:
    """A file whose lab has these keys."""
    return SITE + ROOMS + keys + "\n" + DOORS + ENTRIES + "".join(more)


def laser(keys: str, *more: str) -> str:
    """A file whose laser has these keys."""
    return SITE + ROOMS + LASER + keys + "\n" + DOORS + ENTRIES + "".join(more)


def hours(said: str, site: str = HOLIDAYS) -> str:
    """A file with a plan of these hours."""
    return SITE + site + ROOMS + PLAN.format("") + f"hours = '{said}'\n"


def day(keys: str) -> str:
    """A file with an exceptional day."""
    return SITE + '[[exceptional_days]]\nname = "X"\n' + keys


def quota(keys: str) -> str:
    """A file with a plan of these quotas."""
    return SITE + ROOMS + PLAN.format(keys)


def point(keys: str, reader: str = "") -> str:
    """A file with an access point, and a reader there."""
    access_point = f'[[access_points]]\nid = "x"\n{keys}\n'
    return SITE + ROOMS + DOORS + access_point + (reader and READER + reader)


READER = '[[readers]]\nid = "r"\naccess_point = "x"\n'
KEYPAD = 'format = "pin"\n'
ESP = 'driver = "esp-rfid"\ntopic = "e"\noptions = { hostname = "h", ip = "10.0.0.2" }\n'
ENTRY = 'door = "front"\ndirection = "entry"\n'

DEMANDS = {
    "an unknown training": (
        lab('demands = { trainings = ["laser", "lazer"] }', TRAINING),
        "zones[1].demands.trainings[1]",
        '"lazer" is not a training; did you mean "laser"?',
    ),
    "an unknown training of a machine": (
        laser('demands = { trainings = ["lazer"] }'),
        "machines[0].demands.trainings[0]",
        '"lazer" is not a training; there are none',
    ),
    "an unknown role": (
        lab('demands = { role_present = "maneger" }', ROLE),
        "zones[1].demands.role_present",
        'did you mean "manager"? roles are: administrator, manager, operator, viewer',
    ),
    "an unknown zone for company": (
        laser('demands = { min_present = 2, present_in = "lap" }'),
        "machines[0].demands.present_in",
        '"lap" is not a zone; did you mean "lab"?',
    ),
    "an unknown role that opens": (
        lab('opened_by = "manager"'),
        "zones[1].opened_by",
        '"manager" is not a role;',
    ),
    "a misspelt demand": (
        lab("demands = { min_presnt = 2 }"),
        "zones[1].demands.min_presnt",
        'did you mean "min_present"?',
    ),
    "a machine's demand of a zone": (
        lab("demands = { check_in = true }"),
        "zones[1].demands.check_in",
        "is not a key",
    ),
    "a role that is built in": (
        lab("", '[[roles]]\nid = "operator"\nname = "O"\n'),
        "roles[0].id",
        '"operator" is built in',
    ),
    "one id for two trainings": (
        lab("", TRAINING, TRAINING),
        "trainings[1].id",
        "is given already at trainings[0].id",
    ),
    "company that nobody could be the first of": (
        lab("demands = { min_present = 2 }"),
        "zones[1].demands.min_present",
        "Nobody could be the first in lab",
    ),
    "company behind the same door": (
        lab('demands = { min_present = 2, present_in = "lab" }'),
        "zones[1].demands.present_in",
        '"lab" lies behind the same door: name a zone around lab or beside it',
    ),
    "company in a room behind the same door": (
        lab(
            'demands = { min_present = 2, present_in = "booth" }',
            '[[zones]]\nid = "booth"\nname = "B"\nparent = "lab"\n[[doors]]\nid = "b"\nname = "B"\n'
            'zone = "booth"\noutside = "lab"\n[[access_points]]\nid = "b-in"\ndoor = "b"\n'
            'direction = "entry"\n[[readers]]\nid = "r4"\naccess_point = "b-in"\n',
        ),
        "zones[1].demands.present_in",
        '"booth" lies behind the same door',
    ),
    "more company than the room holds": (
        laser("demands = { min_present = 3 }").replace(
            'name = "Lab"', 'name = "Lab"\ncapacity = 2\ncapacity_source = "x"'
        ),
        "machines[0].demands.min_present",
        "3 people are more than 2, the capacity of lab",
    ),
    "company next door that has no room": (
        lab('demands = { min_present = 3, present_in = "hall" }').replace(
            'name = "Hall"', 'name = "Hall"\ncapacity = 1\ncapacity_source = "x"'
        ),
        "zones[1].demands.min_present",
        "2 others are more than 1, the capacity of hall",
    ),
    "company that no reader sees": (
        SITE + ROOMS + LASER + "demands = { min_present = 2 }\n" + DOORS,
        "machines[0].demands.min_present",
        "nobody is known to be in lab",
    ),
    "a role that no reader sees": (
        SITE + ROOMS + LASER + 'demands = { role_present = "manager" }\n' + ROLE,
        "machines[0].demands.role_present",
        'no access point with direction = "entry" and a reader leads into it',
    ),
    "a check-in that no reader sees": (
        SITE + ROOMS + LASER + "demands = { check_in = true }\n" + DOORS,
        "machines[0].demands.check_in",
        "nobody is known to be in lab",
    ),
    "no grace": (
        laser("demands = { grace_s = 0 }"),
        "machines[0].demands.grace_s",
        "must be at least 5, is 0",
    ),
    "grace for hours": (
        laser("demands = { grace_s = 7200 }"),
        "machines[0].demands.grace_s",
        "must be at most 3600, is 7200",
    ),
    "a booking without a calendar": (
        lab('demands = { booking = "required" }', CALENDAR.replace("lab", "hall")),
        "zones[1].demands.booking",
        '"required" needs [[calendars]] with zone = "lab"',
    ),
    "a machine's booking without a calendar": (
        laser('demands = { booking = "respected" }', CALENDAR),
        "machines[0].demands.booking",
        '"respected" needs [[calendars]] with machine = "laser"',
    ),
    "a timed passback without a time": (
        lab('passback = "timed"', EXIT),
        "zones[1].passback_s",
        'is required with passback = "timed"',
    ),
    "a time without a timed passback": (
        lab('passback = "hard"\npassback_s = 60', EXIT),
        "zones[1].passback_s",
        'belongs to passback = "timed"',
    ),
    "hard passback where people leave unseen": (
        lab('passback = "hard"'),
        "zones[1].passback",
        '"hard" needs an exit reader at lab-door: who leaves there is not seen',
    ),
    "timed passback where people leave unseen": (
        lab('passback = "timed"\npassback_s = 60'),
        "zones[1].passback",
        '"timed" needs an exit reader at lab-door',
    ),
    "hard passback of a house whose rooms have the doors": (
        SITE + '[[zones]]\nid = "house"\nname = "H"\npassback = "hard"\n'
        '[[zones]]\nid = "hall"\nname = "Hall"\nparent = "house"\n'
        '[[zones]]\nid = "lab"\nname = "Lab"\nparent = "house"\n' + DOORS + ENTRIES,
        "zones[0].passback",
        "needs an exit reader at front:",
    ),
}

DOORS_AND_POINTS = {
    "a reader out of a door that stays locked": (
        lab("", EXIT).replace('outside = "hall"\n', 'exit = "reader"\nfail_mode = "secure"\n'),
        "doors[1].fail_mode",
        '"secure" needs exit = "handle": in an evacuation nobody may depend on a reader to get out',
    ),
    "a button out of a door that stays locked": (
        lab("").replace('outside = "hall"\n', 'exit = "button"\nfail_mode = "secure"\n'),
        "doors[1].fail_mode",
        "nobody may depend on a button",
    ),
    "an interlock of one door": (
        lab("", '[[interlocks]]\ndoors = ["front", "front"]\n'),
        "interlocks[0].doors",
        "needs two doors or more",
    ),
    "an interlock of an unknown door": (
        lab("", CONTACT, '[[interlocks]]\ndoors = ["front", "lap-door"]\n'),
        "interlocks[0].doors[1]",
        '"lap-door" is not a door; did you mean "lab-door"?',
    ),
    "an interlock of a door that may stand open": (
        lab("", CONTACT, '[[interlocks]]\ndoors = ["front", "lab-door"]\n'),
        "interlocks[0].doors[1]",
        '"lab-door" has no contact: nobody would know that it stands open',
    ),
    "a muster point of an unknown zone": (
        point('muster = "house"'),
        "access_points[0].muster",
        '"house" is not a zone',
    ),
    "a muster point with a direction": (
        point('muster = "hall"\ndirection = "exit"'),
        "access_points[0].direction",
        "a muster point has none",
    ),
    "a muster point that is a machine": (
        point('muster = "hall"\nmachine = "laser"') + LASER,
        "access_points[0]",
        "give door and direction, or machine, or muster, or here",
    ),
    "a strong credential on the way out": (
        point('door = "front"\ndirection = "exit"\nmin_credential = "number-and-pin"'),
        "access_points[0].min_credential",
        "is not asked here: the way out is free",
    ),
    "a strong credential at a muster point": (
        point('muster = "hall"\nmin_credential = "number"'),
        "access_points[0].min_credential",
        "is not asked here: a muster point is free",
    ),
    "a PIN at a keypad that takes no badge": (
        point(ENTRY + 'min_credential = "number-and-pin"', KEYPAD),
        "access_points[0].min_credential",
        'none of its readers takes a badge and a PIN: that needs driver = "native"',
    ),
    "a PIN at a reader that has no keys": (
        point(ENTRY + 'min_credential = "number-and-pin"', ESP),
        "access_points[0].min_credential",
        "none of its readers takes a badge and a PIN",
    ),
    "a keypad where a badge is asked for": (
        point(ENTRY, KEYPAD),
        "access_points[0].min_credential",
        'its readers take codes alone (format = "pin"): write min_credential = "pin"',
    ),
}

PLANS_AND_TIMES = {
    "an unknown kind of quota": (
        quota('{ kind = "day", amount = 1, per = "week" }'),
        "plans[0].quotas[0].kind",
        'did you mean "days"?',
    ),
    "a quota of nothing": (
        quota('{ kind = "days", amount = 0, per = "week" }'),
        "plans[0].quotas[0].amount",
        "must be more than 0, is 0",
    ),
    "a quota that cannot be used up": (
        quota('{ kind = "days", amount = 8, per = "week" }'),
        "plans[0].quotas[0].amount",
        "8 is more than the 7 days that a week can have",
    ),
    "a third of a day": (
        quota('{ kind = "days", amount = 0.3, per = "week" }'),
        "plans[0].quotas[0].amount",
        "0.3 days cannot be used up: they count 0.5 each",
    ),
    "the same quota twice": (
        quota(
            '{ kind = "days", amount = 2, per = "week" },{ kind = "days", amount = 3, per="week" }'
        ),
        "plans[0].quotas[1]",
        "days per week are given already at plans[0].quotas[0]",
    ),
    "half a day that is longer than a whole one": (
        SITE + "[site.accounting]\nhalf_from_min = 400\n",
        "site.accounting.whole_from_min",
        "300 is less than 400, from which a day counts half",
    ),
    "a school zone outside France": (
        SITE + 'country = "DE"\nschool_zone = "A"\n',
        "site.school_zone",
        'is a zone of France: it needs country = "FR"',
    ),
    "a school zone that is none": (
        SITE + 'country = "FR"\nschool_zone = "D"\n',
        "site.school_zone",
        "choices are: A, B, C",
    ),
    "a margin of two days": (
        SITE + "booking_margin_s = 172800\n",
        "site.booking_margin_s",
        "must be at most 86400",
    ),
    "public holidays of nowhere": (
        hours("Mo-Fr 08:00-20:00; PH off", ""),
        "plans[0].rights[0].hours",
        '"PH" needs to know whose public holidays: give [site] country = "FR"',
    ),
    "school holidays of nowhere": (
        hours("SH Mo-Fr 08:00-20:00", 'country = "FR"\n'),
        "plans[0].rights[0].hours",
        '"SH" needs to know whose school holidays: give [site] school_zone = "A", "B" or "C"',
    ),
    "opening hours of the site that cannot be read": (
        SITE + 'opening_hours = "9 to 5"\n',
        "site.opening_hours",
        "is not in opening_hours syntax",
    ),
    "opening hours of the site with holidays of nowhere": (
        SITE + 'opening_hours = "Mo-Fr 08:00-20:00; PH off"\n',
        "site.opening_hours",
        '"PH" needs to know whose public holidays: give [site] country = "FR"',
    ),
    "weekdays before a holiday": (
        hours("Mo-Fr SH 08:00-20:00"),
        "plans[0].rights[0].hours",
        'write "Mo-Fr,SH" for either, or "SH Mo-Fr" for such holidays on these weekdays',
    ),
    "weekdays in small letters before a holiday": (
        hours("mo-fr PH 08:00-20:00"),
        "plans[0].rights[0].hours",
        'write "mo-fr,PH" for either',
    ),
    "the day after a first Monday before a holiday": (
        hours("Mo[1] +1 day PH 08:00-20:00"),
        "plans[0].rights[0].hours",
        "is not in opening_hours syntax",
    ),
    "a holiday counted like a weekday": (
        hours("PH[1] 08:00-20:00"),
        "plans[0].rights[0].hours",
        "is not in opening_hours syntax",
    ),
    "a holiday in small letters": (
        hours("Mo-Fr 08:00-20:00; ph off"),
        "plans[0].rights[0].hours",
        "is not in opening_hours syntax",
    ),
    "the sun": (
        hours("Mo-Fr sunrise-20:00"),
        "plans[0].rights[0].hours",
        '"sunrise" is not known here: write a time',
    ),
    "hours that nobody knows": (
        hours("Mo-Fr unknown"),
        "plans[0].rights[0].hours",
        '"unknown" opens nothing',
    ),
    "a day in quotes": (
        day('day = "2026-12-24"'),
        "exceptional_days[0].day",
        'must be a date without quotes, such as 2026-12-24, is "2026-12-24"',
    ),
    "a day with a time": (
        day("day = 2026-12-24T09:00:00"),
        "exceptional_days[0].day",
        "must be a date without quotes",
    ),
    **{
        f"by appointment: {said}": (
            hours(said),
            "plans[0].rights[0].hours",
            "alone means that it may be open",
        )
        for said in (
            'Mo-Fr 08:00-18:00 "sur rendez-vous"',
            'Mo-Fr 08:00-12:30, Mo-We 12:30-16:30 "sur rendez-vous"',
            'Tu,Th 09:00-11:00,14:00-16:00 || "by appointment"',
            '"sur rendez-vous"',
        )
    },
    "a day given twice": (
        day('day = 2026-12-24\n[[exceptional_days]]\nname = "Y"\nday = 2026-12-24'),
        "exceptional_days[1].day",
        "2026-12-24 is given already at exceptional_days[0].day",
    ),
    "a day that does not end at midnight": (
        day('day = 2026-12-24\nhours = "20:00-02:00"'),
        "exceptional_days[0].hours",
        '"20:00-02:00" are not hours of one day; write "off", or times until 24:00',
    ),
    "a day with a weekday": (
        day('day = 2026-12-24\nhours = "Th 09:00-12:00"'),
        "exceptional_days[0].hours",
        "are not hours of one day",
    ),
}
CASES = DEMANDS | DOORS_AND_POINTS | PLANS_AND_TIMES


@pytest.mark.parametrize(("text", "path", "message"), CASES.values(), ids=CASES)
def test_a_fault_names_its_place_and_what_would_be_right(
    tmp_path: Path, text: str, path: str, message: str
) -> None:
    """The file has exactly this one fault, told at its key."""
    with pytest.raises(ConfigError) as wrong:
        _loaded(tmp_path, text)
    assert [fault.path for fault in wrong.value.faults] == [path]
    assert message in wrong.value.faults[0].message


RIGHT = {
    "company around the room": lab('demands = { min_present = 2, present_in = "hall" }'),
    "a role that is the first itself": lab('demands = { role_present = "manager" }', ROLE),
    "a role that every site has": lab('opened_by = "operator"'),
    "company at a machine": laser("demands = { min_present = 2 }"),
    "hard passback with an exit reader": lab('passback = "hard"', EXIT),
    "soft passback without one": lab('passback = "soft"'),
    "hard passback of a zone without a reader": SITE + ROOMS + 'passback = "hard"\n' + DOORS,
    "a secure door with a handle": lab("").replace('outside = "hall"', 'fail_mode = "secure"'),
    "two muster points of a zone": point('muster = "hall"')
    + '[[access_points]]\nid = "y"\nmuster = "hall"\n',
    "a code at a keypad": point(ENTRY + 'min_credential = "pin"', KEYPAD),
    "a badge and a PIN": point(ENTRY + 'min_credential = "number-and-pin"', 'format = "hex"\n'),
    "two kinds of quota": quota(
        '{ kind = "days", amount = 10, per = "month" },{ kind = "entries", amount = 2, per = "day"}'
    ),
    "hours with a comment": hours('Mo-Fr 08:00-20:00 open "unknown at sunset; Mo PH"', ""),
    "holidays in every way": hours("Mo-Fr,PH 08:00-20:00; SH Mo[1] 10:00-12:00; PH -1 day off"),
    "hours until midnight": day('day = 2026-12-24\nhours = "09:00-12:00, 14:00-24:00"'),
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_can_be_met_is_no_fault(tmp_path: Path, text: str) -> None:
    """The claims refuse what nobody could use, and no more."""
    assert _loaded(tmp_path, text).id == "s"


WHOLE = (
    SITE
    + HOLIDAYS
    + "booking_margin_s = 600\naccounting = { half_from_min = 20, whole_from_min = 240 }\n"
    + ROOMS
    + """
passback = "timed"
passback_s = 300
opened_by = "manager"
escort = true
[zones.demands]
trainings = ["laser"]
min_present = 2
role_present = "manager"
present_in = "hall"
booking = "respected"
"""
    + LASER
    + "[machines.demands]\ncheck_in = true\ngrace_s = 90\n"
    + DOORS
    + 'contact = true\nfail_mode = "secure"\n'
    + ENTRIES
    + EXIT
    + CONTACT
    + """
[[access_points]]
id = "meadow"
muster = "hall"
[[access_points]]
id = "switch"
machine = "laser"
min_credential = "number-and-pin"
[[interlocks]]
doors = ["front", "lab-door"]
[[groups]]
id = "choir"
name = { fr = "Chorale", en = "Choir" }
[[exceptional_days]]
day = 2026-12-24
name = "Eve"
hours = "09:00-12:00"
"""
    + TRAINING
    + ROLE
    + CALENDAR
    + PLAN.format('{ kind = "hours", amount = 1.5, per = "day" }')
)


@pytest.fixture
def whole(tmp_path: Path) -> Site:
    """A site with every word."""
    return _loaded(tmp_path, WHOLE)


def test_zones_and_machines_say_what_they_ask(whole: Site) -> None:
    """Every key arrives, in the words of the engine."""
    assert whole.zone[ZoneId("lab")] == Zone(
        id=ZoneId("lab"),
        name=Text("Lab", "Lab"),
        demands=Demands(
            trainings=(TrainingId("laser"),),
            min_present=2,
            role_present=RoleId("manager"),
            present_in=ZoneId("hall"),
            booking="respected",
        ),
        passback="timed",
        passback_s=300,
        opened_by=RoleId("manager"),
        escort=True,
    )
    assert whole.machines == (
        Machine(
            MachineId("laser"),
            Text("L", "L"),
            ZoneId("lab"),
            Demands(check_in=True, grace_s=90),
            is_followed=True,
        ),
    )


def test_doors_and_access_points_say_what_they_ask(whole: Site) -> None:
    """A muster point is a direction, with the zone whose people gather there."""
    assert whole.door[DoorId("lab-door")].fail_mode == "secure"
    assert whole.door[DoorId("front")].fail_mode == "safe"
    assert whole.interlocks == (Interlock((DoorId("front"), DoorId("lab-door"))),)
    assert whole.access_points[-2:] == (
        AccessPoint(AccessPointId("meadow"), "muster", ZoneId("hall")),
        AccessPoint(
            AccessPointId("switch"),
            "machine",
            ZoneId("lab"),
            machine=MachineId("laser"),
            min_credential="number-and-pin",
        ),
    )


def test_the_site_says_its_days_and_names(whole: Site) -> None:
    """Minutes become seconds; names stay in two languages."""
    assert (whole.country, whole.school_zone) == ("FR", "A")
    assert whole.accounting == Accounting(half_from_s=1200, whole_from_s=14_400)
    assert whole.booking_margin_s == 600
    assert whole.plans[0].quotas == (Quota("hours", 1.5, "day"),)
    assert whole.groups == (Named("choir", Text("Chorale", "Choir")),)
    assert [each.id for each in (*whole.trainings, *whole.roles)] == ["laser", "manager"]
    assert whole.exceptional_days == (
        ExceptionalDay(date(2026, 12, 24), Text("Eve", "Eve"), "09:00-12:00"),
    )


def test_it_survives_the_journal(whole: Site) -> None:
    """A site as JSON comes back equal, and holds no calendar."""
    text = site_to_json(whole)
    assert site_from_json(text) == whole
    assert "lab.ics" not in text


def test_without_a_word_nothing_is_asked(tmp_path: Path) -> None:
    """The defaults of the file are the engine's."""
    site = _loaded(tmp_path, laser(""))
    assert {zone.demands for zone in site.zones} == {Demands()}
    assert site.machines[0].demands == Demands()
    plain = Site(site.id, site.name, site.timezone)
    for key in (
        "country",
        "school_zone",
        "opening_hours",
        "accounting",
        "booking_margin_s",
        "exceptional_days",
    ):
        assert getattr(site, key) == getattr(plain, key)
    assert msgspec.structs.replace(site.zones[0], id=ZoneId("x")) == Zone(
        ZoneId("x"), Text("Hall", "Hall")
    )


def _loaded(folder: Path, text: str) -> Site:
    file = folder / "space.toml"
    file.write_text(text, encoding="utf-8")
    (site,) = load_space(file)
    return site


ENROLLING = (
    SITE
    + ROOMS
    + DOORS
    + CONTACT
    + """
[[access_points]]
id = "{direction}"
door = "{door}"
direction = "{direction}"
[[readers]]
id = "r"
access_point = "{direction}"
{keys}
"""
)


def _enrolling(tmp_path: Path, door: str, keys: str, direction: str = "entry") -> Site:
    file = tmp_path / "space.toml"
    file.write_text(ENROLLING.format(door=door, keys=keys, direction=direction), encoding="utf-8")
    return load_space(file)[0]


@pytest.mark.parametrize(
    ("direction", "keys", "right"),
    [
        pytest.param("exit", "enrols = true", "is of an entry: at the way out", id="a way out"),
        pytest.param(
            "entry", 'enrols = true\nformat = "qr"', "needs a reader of badges", id="a QR scanner"
        ),
    ],
)
def test_where_nobody_can_enrol(tmp_path: Path, direction: str, keys: str, right: str) -> None:
    """A fault, with its key."""
    with pytest.raises(ConfigError) as wrong:
        _enrolling(tmp_path, "front", keys, direction)
    assert any(
        fault.path == "readers[0].enrols" and right in fault.message for fault in wrong.value.faults
    )


@pytest.mark.parametrize(
    ("door", "keys", "warned"),
    [
        pytest.param("lab-door", "enrols = true", None, id="inside"),
        pytest.param("front", "enrols = true", "stands in the street", id="in the street"),
        pytest.param("lab-door", "", "at any of these readers: r.", id="none is declared"),
    ],
)
def test_where_badges_had_better_be_enrolled(
    tmp_path: Path, door: str, keys: str, warned: str | None
) -> None:
    """In a staffed room: a warning says so where it is not, and no fault."""
    said = advice(_enrolling(tmp_path, door, keys))
    assert len(said) == (warned is not None)
    assert all(warned in each and "staffed room" in each for each in said if warned)
