"""`seuil members account`: a member's ways to sign in at the console, and a link to reset them."""

import json
from contextlib import closing
from typing import Annotated

import typer

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE, AccountStore, StoreError
from gateway.adapters.directory import Member
from gateway.cli import errors
from gateway.cli.members_options import AsJson, DataDir, Ref, member_of
from gateway.clock import SystemClock
from gateway.config import ConfigError, ConfigFault, Settings, load_settings
from gateway.console.auth import sessions
from gateway.console.auth.bootstrap import address, new_link
from gateway.console.auth.staff import is_staff


def account(
    ref: Ref,
    *,
    link: Annotated[
        bool, typer.Option("--link", help="Make a one-time link: an invitation, a new password.")
    ] = False,
    end: Annotated[bool, typer.Option("--end", help="End every session of theirs.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say how a member signs in at the console; make them a link, or end their sessions."""
    with errors.told(as_json=as_json):
        settings = load_settings(data_dir=data_dir)
        member = member_of(settings, ref)
        try:
            told = _told(settings, member, link=link, end=end)
        except StoreError as wrong:
            raise ConfigError([ConfigFault("", "", str(wrong))]) from wrong
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else _said(told))


def _told(settings: Settings, member: Member, *, link: bool, end: bool) -> dict[str, object]:
    clock, holder = SystemClock(), member.holder.id
    if link and not is_staff(member.holder):
        message = f"{member.ref} has no role at the console: viewer, operator or administrator"
        raise ConfigError([ConfigFault("", "--link", message)])
    with closing(AccountStore(settings.data_dir / FILE)) as store, store.change() as connection:
        ended = sessions.end(connection, holder) if end else 0
        known = accounts.of_holder(connection, holder)
        open_ = len(sessions.of_holder(connection, holder, clock.now()))
    return {
        "ok": True,
        "ref": member.ref,
        "holder": holder,
        "login": None if known is None else known.login,
        "second": known is not None and known.has_second,
        "sessions": open_,
        "ended": ended,
        "link": new_link(settings, clock, address(settings), holder) if link else None,
    }


def _said(told: dict[str, object]) -> str:
    if told["link"] is not None:
        return f"{told['link']}\nIt counts for an hour, once."
    login = told["login"] or "has no account yet: --link makes an invitation"
    second = "with a second factor" if told["second"] else "without a second factor"
    more = f", {second}, {told['sessions']} sessions" if told["login"] else ""
    ended = f"; {told['ended']} sessions ended" if told["ended"] else ""
    return f"{told['ref']} ({told['holder']}): {login}{more}{ended}"
