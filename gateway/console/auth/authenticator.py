"""The authentication of requests: from a browser's session or a program's token to a seat.

Each request is checked against the database, in a thread: the session by its hash, and the version
of the members, which grows with each change of them. So the end of a session and the loss of a role
take effect with the next request, and there is no cache to invalidate.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from typing import Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request

from gateway.adapters.accounts import accounts
from gateway.adapters.accounts.store import FILE, AccountStore, StoreError
from gateway.adapters.audit import FILE as AUDIT_FILE
from gateway.adapters.audit import AuditEntry, AuditError, AuditLog, Note
from gateway.adapters.directory import DirectoryError
from gateway.clock import Clock
from gateway.config import Settings
from gateway.console.auth import passwords, sessions, tokens
from gateway.console.auth.attempt_limit import Limiter
from gateway.console.auth.attendance import Attendance
from gateway.console.auth.cookies import session_secret
from gateway.console.auth.oidc import Provider
from gateway.console.auth.pending import PendingStore
from gateway.console.auth.secrets import csrf_of
from gateway.console.auth.sessions import FRESH, LoginSession
from gateway.console.auth.staff import People, is_administrator
from gateway.console.identity import Principal
from gateway.console.web.errors import Problem
from gateway.core.model.names import SiteId
from gateway.phrase import Phrase

T = TypeVar("T")

SET_UP_SECOND: Final = "/me?second=missing#second"
_HASHES: Final = 2
"""Passwords that are checked at once: each takes 64 MiB and a core for 50 ms."""
_BEARER: Final = "bearer "
NOBODY: Final = "nobody"
"""The author of an unauthenticated request, in the audit."""


class Files(Struct, frozen=True):
    """The files that are read and written at a sign-in; one caller at a time."""

    store: AccountStore
    people: People
    audit: AuditLog

    @contextmanager
    def changing(self, entry: AuditEntry) -> Iterator[tuple[Connection, Note]]:
        """Change accounts in one step that is recorded before it is done.

        Raises:
            AuditError, StoreError: Nothing was changed, and why.
        """
        with self.audit.noting(entry) as note, self.store.change() as connection:
            yield connection, note

    def close(self) -> None:
        """Close the files."""
        self.store.close()
        self.people.close()
        self.audit.close()


class SignIn:
    """The console's seats. `demo`: a browser on this machine is signed in without a password."""

    def __init__(self, settings: Settings, clock: Clock, *, demo: bool = False) -> None:
        self.settings = settings
        self.clock = clock
        self.demo = demo
        self.limiter = Limiter()
        self.attendance = Attendance()
        self.challenges: PendingStore[bytes] = PendingStore()
        self.provider = Provider(settings)
        self._files: Files | None = None
        self._one = asyncio.Lock()
        self._hashing = asyncio.Semaphore(_HASHES)

    async def of(self, request: Request) -> Principal | None:
        """Return a request's seat, by its token if there is one, else by the session's cookie."""
        sent = request.headers.get("authorization")
        now = self.clock.now()
        if sent is not None:
            if not sent.lower().startswith(_BEARER):
                return None
            token = sent[len(_BEARER) :].strip()
            return await self.do(lambda files: self._by_token(files, token, now))
        secret = session_secret(request)
        if secret is None:
            return None
        return await self.do(lambda files: self._by_session(files, secret, now))

    async def half(self, request: Request) -> tuple[str, LoginSession] | None:
        """Return the cookie's secret and the session whose second factor is still due."""
        secret = session_secret(request)
        if secret is None:
            return None
        now = self.clock.now()

        def look(files: Files) -> LoginSession | None:
            with files.store.read() as connection:
                return sessions.of_secret(connection, secret, now)

        session = await self.do(look)
        return None if session is None or session.stage != "code" else (secret, session)

    async def refused(
        self, request: Request, seat: Principal, site: SiteId | None, what: str
    ) -> None:
        """Record that a user asked for something that they have no right to."""
        await self.note(
            request, "refused", seat.holder.id, detail=what, site=site, outcome="not-allowed"
        )

    def attended(self, seat: Principal) -> None:
        """Record that somebody uses the desk by hand."""
        self.attendance.used(seat.key, self.clock.now())

    async def mark(self) -> str:
        """Return the versions of the accounts and of the members."""
        return await self.do(lambda files: f"{files.store.version()} {files.people.version()}")

    async def do(self, use: Callable[[Files], T]) -> T:
        """Call `use` with the files in a thread, and return its result.

        Raises:
            Problem: They cannot be read or written, and why.
        """
        async with self._one:
            try:
                return await asyncio.to_thread(lambda: use(self._opened()))
            except (StoreError, DirectoryError, AuditError) as wrong:
                why = str(wrong)
                title = Phrase("Sign-in unavailable")
                raise Problem(
                    503, "no-accounts", title, why, headers={"Retry-After": "5"}
                ) from wrong

    async def is_right(self, password: str, kept: str | None) -> bool:
        """Return whether this is the password; takes equally long where there is no account."""
        async with self._hashing:
            return await asyncio.to_thread(passwords.is_right, password, kept)

    async def hashed(self, password: str) -> str:
        """Return the hash of a password, as it is stored."""
        async with self._hashing:
            return await asyncio.to_thread(passwords.hashed, password)

    async def note(
        self,
        request: Request,
        action: str,
        by: str | None,
        *,
        detail: str = "",
        subject: str | None = None,
        site: SiteId | None = None,
        outcome: str = "done",
    ) -> None:
        """Record in the audit what was tried or refused, before the response is sent.

        Raises:
            Problem: It cannot be written; what is not recorded is not done.
        """
        entry = self.entry(
            request, action, by, detail=detail, subject=subject, site=site, outcome=outcome
        )
        await self.do(lambda files: files.audit.record(entry))

    def entry(
        self,
        request: Request,
        action: str,
        by: str | None,
        *,
        detail: str = "",
        subject: str | None = None,
        site: SiteId | None = None,
        outcome: str = "done",
    ) -> AuditEntry:
        """Return an act's audit entry, with its address; `Files.changing` stores it."""
        where = request.client.host if request.client else "-"
        told = f"{detail}; from {where}" if detail else f"from {where}"
        return AuditEntry(self.clock.now(), by or NOBODY, action, site, subject, told, outcome)

    def close(self) -> None:
        """Close the files."""
        if self._files is not None:
            self._files.close()
            self._files = None

    def _opened(self) -> Files:
        if self._files is None:
            folder = self.settings.data_dir
            with ExitStack() as opened:
                store = opened.enter_context(closing(AccountStore(folder / FILE)))
                people = opened.enter_context(closing(People(self.settings)))
                audit = AuditLog(folder / AUDIT_FILE)
                opened.pop_all()  # all three are there, and stay open
            self._files = Files(store, people, audit)
        return self._files

    def _by_session(self, files: Files, secret: str, now: datetime) -> Principal | None:
        with files.store.read() as connection:
            session = sessions.of_secret(connection, secret, now)
            if session is None or session.stage != "in":
                return None
            if session.how == "demo" and not self.demo:
                return None
            account = accounts.of_holder(connection, session.holder)
        member = files.people.member(session.holder)
        if member is None:
            return None
        if now - session.seen > sessions.TOUCH:
            with files.store.change() as connection:
                sessions.touch(connection, session.key, now)
        owes = (
            session.how in ("password", "link")
            and is_administrator(member.holder)
            and (account is None or not account.has_second)
        )
        return Principal(
            holder=member.holder,
            name=member.name,
            key=session.key,
            csrf=csrf_of(secret),
            fresh_until=now + timedelta(days=1) if session.how == "demo" else session.fresh,
            used=None
            if session.how == "demo"
            else self.attendance.last(session.key, max(session.made, session.fresh - FRESH)),
            owes=SET_UP_SECOND if owes else "",
        )

    def _by_token(self, files: Files, secret: str, now: datetime) -> Principal | None:
        with files.store.read() as connection:
            token = tokens.of_secret(connection, secret, now)
        member = None if token is None else files.people.member(token.holder)
        maker = None if token is None else files.people.member(token.made_by)
        if token is None or member is None or maker is None:
            return None
        if token.used is None or now - token.used > tokens.USED:
            with files.store.change() as connection:
                tokens.use(connection, token.key, now)
        return Principal(
            holder=tokens.holder_with_less(member.holder, token, maker.holder),
            name=f"{member.name} ({token.name})",
            key=token.key,
            scopes=token.scopes,
        )
