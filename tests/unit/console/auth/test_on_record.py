"""A change at the console and its note in the audit stand or fall together."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.accounts.store import FILE as CONSOLE_FILE
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditEntry, AuditError, AuditLog
from gateway.adapters.directory import FILE as MEMBERS_FILE
from gateway.adapters.directory import DirectoryError, DirectoryStore
from gateway.console.auth import sessions
from tests.world.console_accounts import SignInPlace
from tests.world.signed_in import SignedIn

NEW = {"ref": "V-1", "name": "Eve", "kind": "member", "plan": "nomad", "from": "2026-01-01"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[SignInPlace]:
    """A console with its accounts."""
    place = SignInPlace(tmp_path)
    yield place
    place.close()


def kept(folder: Path) -> list[Any]:
    """Every row of accounts and members, but for when a session was last seen."""
    rows: list[Any] = []
    for name in (CONSOLE_FILE, MEMBERS_FILE):
        with closing(sqlite3.connect(folder / name)) as db:
            db.row_factory = sqlite3.Row
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
                found = [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]  # noqa: S608
                rows += [(table, {**row, "seen": None}) for row in found]
    return rows


def noted(folder: Path) -> list[tuple[str, str]]:
    """What is on record, the oldest first."""
    with closing(AuditLog(folder / AUDIT_FILE)) as log:
        return [(one.entry.action, one.entry.outcome) for one in reversed(log.search().lines)]


def changes(place: SignInPlace, bob: SignedIn) -> list[tuple[str, dict[str, str]]]:
    """A form of each kind that changes something."""
    members = f"/sites/{place.site}/members"
    return [
        (members, NEW),
        (f"{members}/{bob.holder}/identity", {"name": "Robert"}),
        (f"{members}/{bob.holder}/erase", {"ref": bob.ref}),
        ("/accounts/link", {"who": bob.ref}),
        ("/accounts/end", {"holder": bob.holder}),
        ("/accounts/second", {"holder": bob.holder}),
        ("/me/tokens", {"name": "x", "scope": "read", "days": "1"}),
        ("/me/password", {"password": "quite another four words"}),
        ("/me/sessions/end", {}),
        ("/me/totp/remove", {}),
        ("/me/recovery", {}),
        ("/sign-out", {}),
    ]


CASES = range(12)


@pytest.mark.parametrize("case", CASES)
async def test_what_cannot_be_put_on_record_is_not_done(
    place: SignInPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: int
) -> None:
    """audit.db is on a full disk: the answer is 503, and nothing has changed."""
    ada, bob = place.person(), place.person("operator", ref="bob", name="Bob")
    path, fields = changes(place, bob)[case]

    def full(_self: AuditLog, _entry: AuditEntry) -> int:
        raise AuditError("audit.db: database or disk is full")

    async with place.browser(ada) as browser:
        sent = {"csrf": ada.csrf, **fields}
        headers = {"origin": "http://localhost"}
        before = kept(tmp_path)
        monkeypatch.setattr(AuditLog, "record", full)
        answer = await browser.post(path, data=sent, headers=headers)
        assert answer.status_code == 503, answer.text
        assert "disk is full" in answer.text
        assert kept(tmp_path) == before
        monkeypatch.undo()
        answer = await browser.post(path, data=sent, headers=headers)
        assert answer.status_code in {200, 303}, answer.text
    assert kept(tmp_path) != before or path == "/me/sessions/end"  # there is no other
    assert [outcome for _, outcome in noted(tmp_path)] == ["done"]


async def test_nobody_is_let_in_off_the_record(
    place: SignInPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sign-in begins a session, which is a change."""
    ada = place.person(second=False)

    def full(_self: AuditLog, _entry: AuditEntry) -> int:
        raise AuditError("audit.db: database or disk is full")

    async with place.browser() as browser:
        await browser.get("/sign-in")
        before = kept(tmp_path)
        monkeypatch.setattr(AuditLog, "record", full)
        answer = await place.send(browser, "/sign-in", login=ada.login, password=ada.password)
    assert answer.status_code == 503
    assert kept(tmp_path) == before


async def test_a_change_that_fails_leaves_no_note(
    place: SignInPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The members' disk is full, the audit's is not; or an account's."""
    ada, bob = place.person(), place.person("operator", ref="bob", name="Bob")

    def full(*_arguments: object, **_named: object) -> None:
        raise DirectoryError("members.db: database or disk is full")

    monkeypatch.setattr(DirectoryStore, "apply", full)
    monkeypatch.setattr(sessions, "end", full)
    async with place.browser(ada) as browser:
        for case in (0, 1, 4):
            path, fields = changes(place, bob)[case]
            sent = {"csrf": ada.csrf, **fields}
            answer = await browser.post(path, data=sent, headers={"origin": "http://localhost"})
            assert answer.status_code == 503, answer.text
    assert noted(tmp_path) == []


async def test_what_changes_nothing_leaves_no_note(place: SignInPlace, tmp_path: Path) -> None:
    """A token that is not there, a member who is as they were."""
    ada = place.person()
    async with place.browser(ada) as browser:
        for path, fields in (
            ("/me/tokens/revoke", {"key": "none"}),
            (
                f"/sites/{place.site}/members/{ada.holder}/identity",
                {"name": "Ada", "email": ada.login},
            ),
        ):
            sent = {"csrf": ada.csrf, **fields}
            answer = await browser.post(path, data=sent, headers={"origin": "http://localhost"})
            assert answer.status_code == 303, answer.text
    assert noted(tmp_path) == []
