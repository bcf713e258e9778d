"""`seuil request`: an operator's orders to a running gateway, and its answers in words.

Each command only builds its order from its arguments; `ask_and_tell` does the rest.
"""

from typing import Annotated, Final

import typer

from gateway.cli.request_options import (
    AsJson,
    By,
    DataDir,
    SiteOption,
    Why,
    ask_and_tell,
    holder_named,
    words_of,
)
from gateway.config import ConfigError, ConfigFault, Settings
from gateway.core.model.directory import HolderId
from gateway.core.model.names import AccessPointId, DoorId, MachineId, ZoneId
from gateway.core.requests import (
    AcknowledgeAlarm,
    MarkLeft,
    MarkMustered,
    Mode,
    OpenDoor,
    PowerOff,
    SetMode,
    SetPeople,
    SetService,
    TellVacant,
)

app = typer.Typer(
    help="Ask a running gateway: change the mode, open a door, see to an alarm, mark who is safe.",
    no_args_is_help=True,
)

ID_MAX: Final = 32
"""In characters."""

HolderArgument = Annotated[str, typer.Argument(help="A member's ref or pseudonym.")]


@app.command("mode")
def set_mode(
    mode: Annotated[Mode, typer.Argument(help="normal, lockdown or evacuation.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Put the site into a mode: lockdown shuts every entry, evacuation releases the doors."""
    ask_and_tell(lambda _: SetMode(mode, words_of(why)), site, by, data_dir, as_json=as_json)


@app.command("open")
def open_door(
    door: Annotated[str, typer.Argument(help="The door's id.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Release a door once, as for a granted badge."""
    ask_and_tell(
        lambda _: OpenDoor(DoorId(door), words_of(why)), site, by, data_dir, as_json=as_json
    )


@app.command("muster")
def mark_mustered(
    holder: HolderArgument,
    *,
    site: SiteOption,
    by: By,
    missing: Annotated[
        bool, typer.Option("--missing", help="They were marked by mistake: look for them again.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """In an evacuation: somebody was seen at the muster point."""
    ask_and_tell(
        lambda settings: MarkMustered(_holder(holder, settings), seen=not missing),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("left")
def mark_left(
    holder: HolderArgument,
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Somebody is outside: they forgot to badge out."""
    ask_and_tell(
        lambda settings: MarkLeft(_holder(holder, settings), words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("people")
def set_people(
    zone: Annotated[str, typer.Argument(help="The zone's id.")],
    people: Annotated[int, typer.Argument(min=0, max=100_000, help="How many are there.")],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Somebody counted a zone by eye: the estimate begins anew from there."""
    ask_and_tell(
        lambda _: SetPeople(ZoneId(zone), people, words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("vacant")
def tell_vacant(
    zone: Annotated[str, typer.Argument(help="The zone's id.")],
    *,
    site: SiteOption,
    by: By,
    why: Why,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """A zone is empty: the alarm is armed, the last one locked up. Evidence, not a reset."""
    ask_and_tell(
        lambda _: TellVacant(ZoneId(zone), _reason(why)), site, by, data_dir, as_json=as_json
    )


@app.command("service")
def set_service(
    access_point: Annotated[str, typer.Argument(help="The access point's id.")],
    *,
    on: Annotated[bool, typer.Option("--on/--off", help="In service, or out of it.")],
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take an access point out of service, or put it back."""
    ask_and_tell(
        lambda _: SetService(AccessPointId(access_point), in_service=on, why=words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("power-off")
def power_off(
    machine: Annotated[str, typer.Argument(help="The machine's id.")],
    *,
    site: SiteOption,
    by: By,
    even_running: Annotated[
        bool, typer.Option("--even-running", help="Cut it also while it is known to run.")
    ] = False,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Switch a machine's power off, and end its use."""
    ask_and_tell(
        lambda _: PowerOff(MachineId(machine), even_running, words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


@app.command("acknowledge")
def acknowledge_alarm(
    kind: Annotated[str, typer.Argument(help="The alarm's kind: forced, held, device-silent …")],
    about: Annotated[
        str, typer.Argument(metavar="OBJECT", help="What it is about: a door, a zone, a device …")
    ],
    *,
    site: SiteOption,
    by: By,
    why: Why = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say that you look after an alarm; it stays on until what is wrong is over."""
    ask_and_tell(
        lambda _: AcknowledgeAlarm(_id(kind, "KIND"), _id(about, "OBJECT"), words_of(why)),
        site,
        by,
        data_dir,
        as_json=as_json,
    )


def _reason(why: str) -> str:
    """Return the reason of an order that requires one."""
    if not why:
        raise ConfigError([ConfigFault("", "--why", "is empty; say why, for the journal")])
    return words_of(why)


def _holder(named: str, settings: Settings) -> HolderId:
    return holder_named(named, "HOLDER", settings)


def _id(word: str, option: str) -> str:
    if not 0 < len(word) <= ID_MAX:
        raise ConfigError(
            [ConfigFault("", option, f"has 1 to {ID_MAX} characters, as in its topic")]
        )
    return word
