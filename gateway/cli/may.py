"""`seuil may`: the answer that a member would get at an access point."""

import json
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from msgspec import structs
from rich.console import Console

from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryStore
from gateway.analysis.access_check import AccessCheck, evaluate
from gateway.cli import decision_output, errors
from gateway.cli.journal_option import open_journal
from gateway.cli.time_options import moment
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, load_settings, load_space
from gateway.config.faults import unknown
from gateway.core.engine import step
from gateway.core.events import SpaceChanged
from gateway.core.model.names import AccessPointId
from gateway.core.model.site import Site
from gateway.core.state import State
from gateway.service.recovery import recover
from gateway.wire.explanation import as_data


def may(
    member: Annotated[str, typer.Argument(help="A member's reference, or a holder's pseudonym.")],
    point: Annotated[str, typer.Argument(help="An access point of the space file.")],
    *,
    at: Annotated[
        str | None, typer.Option(help="A date or time, local to the site; by default now.")
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="By this space file, not by the one in force.", exists=True)
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The gateway's data folder.")
    ] = None,
    language: decision_output.Language = "en",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Say whether a member may pass an access point, and every rule's word on it.

    The people and doors are as the journal last knew them; the badge is the member's best one, with
    its PIN typed right. Exits with 1 where the answer is no.
    """
    with errors.told(as_json=as_json):
        asked = _asked(member, point, at, space, data_dir)
        ruling = evaluate(asked)
    decision = "granted" if ruling.granted else "denied"
    if as_json:
        data = as_data(decision, ruling.reason, ruling.verdicts)
        about = {"holder": asked.holder, "access_point": point, "at": asked.at.isoformat()}
        typer.echo(json.dumps(about | data, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        decision_output.show_answer(console, decision, ruling.reason)
        console.print(f"holder {asked.holder}, access point {point}, at {asked.at.isoformat()}\n")
        decision_output.show_verdicts(console, ruling.verdicts, language)
    if not ruling.granted:
        raise typer.Exit(errors.FOUND)


def _asked(
    member: str, point: str, at: str | None, space: Path | None, data_dir: Path | None
) -> AccessCheck:
    settings = load_settings() if data_dir is None else load_settings(data_dir=data_dir)
    now = SystemClock().now()
    site, state = _place(settings.data_dir, space, point, now)
    file = settings.data_dir / MEMBERS_FILE
    if not file.is_file():
        right = "seuil members import, or name the gateway's folder with --data-dir"
        raise ConfigError((ConfigFault(str(file), "", f"no members here; {right}"),))
    with closing(DirectoryStore(file)) as members:
        directory, found = members.load(), members.find(member)
    if found is None:
        raise ConfigError(
            (ConfigFault("", "MEMBER", f'"{member}" is no member; seuil members list'),)
        )
    zone = ZoneInfo(site.timezone)
    return AccessCheck(
        site=site,
        state=structs.replace(state, directory=directory),
        point=AccessPointId(point),
        holder=found.holder.id,
        at=moment(at, now, zone) if at else now.astimezone(zone),
    )


def _place(data_dir: Path, space: Path | None, point: str, now: datetime) -> tuple[Site, State]:
    """Return the site that has this access point, and its state."""
    if space is not None:
        site = _with_point(load_space(space), point)
        try:
            with open_journal(data_dir) as file:
                state = recover(file, [site.id], now).sites[site.id].state
        except ConfigError:
            state = State()  # no event has happened yet: an empty place
        return site, step(site, state, SpaceChanged(site), now).state
    with open_journal(data_dir) as file:
        found = recover(file, file.sites(), now).sites
    in_force = {each.site.id: each for each in found.values() if each.site is not None}
    site = _with_point([each.site for each in in_force.values() if each.site], point)
    return site, in_force[site.id].state


def _with_point(sites: Iterable[Site], point: str) -> Site:
    sites = list(sites)
    having = [site for site in sites if point in site.access_point]
    if len(having) == 1:
        return having[0]
    if having:
        message = f'"{point}" is at several sites; name one site\'s file with --space'
    else:
        known = [each.id for site in sites for each in site.access_points]
        message = unknown(point, "access point", known)
    raise ConfigError((ConfigFault("", "POINT", message),))
