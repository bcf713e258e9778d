"""A member in a reader's language: plans, trainings, roles, badges, and changes to them.

Never a number, a PIN or a hash.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from msgspec import Struct

from gateway.adapters.directory import Member, Tag
from gateway.adapters.journal.queries import LastUse
from gateway.core.model.directory import Credential, Membership
from gateway.core.model.names import ADMINISTRATOR, OPERATOR, VIEWER, AccessPointId, SiteId
from gateway.core.model.site import Site
from gateway.phrase import Phrase
from gateway.translation import LOCALES, Lang, Translator, in_lang, words

Tone = Literal["calm", "warm", "alert", "soft"]
STANDING: Final = {
    VIEWER: Phrase("Viewer"),
    OPERATOR: Phrase("Operator"),
    ADMINISTRATOR: Phrase("Administrator"),
}
"""The roles that every site has."""
_KINDS: Final = {"badge": Phrase("Badge"), "pin": Phrase("Code"), "qr": Phrase("QR code")}


class HoldingLine(Struct, frozen=True):
    """A line about something that a member has: name, time, sites, and current state."""

    name: str
    when: str
    state: str
    tone: Tone
    where: str = ""
    by: str = ""
    id: str = ""
    place: int = 0
    more: str = ""


class Teller:
    """Describes members at one site, in one language, at one moment."""

    def __init__(self, site: Site, sites: Iterable[Site], lang: Lang, now: datetime) -> None:
        self._site = site
        self._sites = {each.id: each for each in sites}
        self._zone = ZoneInfo(site.timezone)
        self._lang = lang
        self._now = now
        self._say: Translator = words(lang)

    def plans(self, member: Member) -> list[HoldingLine]:
        """Return the purchased plans."""
        return [
            HoldingLine(
                self.plan_name(plan.plan),
                self._period(plan.starts, plan.ends),
                *self._plan_state(plan),
                where=self.where(plan.sites),
                place=place,
            )
            for place, plan in enumerate(member.holder.memberships)
        ]

    def trainings(self, member: Member, names: dict[str, str]) -> list[HoldingLine]:
        """Return the completed trainings, with the trainers' names."""
        found = []
        for each in member.holder.trainings:
            over = each.ends is not None and each.ends <= self._now
            state = self._say("expired") if over else self._say("valid")
            by = names.get(each.given_by, each.given_by) if each.given_by else ""
            when = self._period(each.given, each.ends)
            tone: Tone = "warm" if over else "calm"
            name = self.training_name(each.training)
            found.append(HoldingLine(name, when, state, tone, by=by, id=each.training))
        return found

    def roles(self, member: Member) -> list[HoldingLine]:
        """Return the member's roles here."""
        return [
            HoldingLine(self.role_name(each.role), "", "", "calm", where=self.where(each.sites))
            for each in member.holder.roles
        ]

    def credentials(self, member: Member, used: Mapping[str, LastUse]) -> list[HoldingLine]:
        """Return badges, codes and QR codes by their numbers, with what tells them apart."""
        return [
            HoldingLine(
                f"{self._kind(each)} {tag.number}",
                self._period(each.starts, each.ends) if each.starts or each.ends else "",
                *self._credential_state(each),
                where=tag.label,
                id=each.status,
                place=tag.number,
                more=self._history(tag, used.get(each.hash)),
            )
            for tag, each in member.tagged
        ]

    def _history(self, tag: Tag, used: LastUse | None) -> str:
        """Return the day of enrolment and the last use, in one line."""
        said = [self._say("enrolled %(day)s", day=self.day(tag.enrolled))] if tag.enrolled else []
        if used is None:
            said.append(self._say("not used lately"))
        else:
            when, where = self.day(used.at), self._point(used)
            said.append(self._say("last used %(when)s, %(where)s", when=when, where=where))
        return ", ".join(said)

    def _point(self, used: LastUse) -> str:
        """Return the name of the door or machine of a last use."""
        site = self._sites.get(SiteId(used.site))
        point = site.access_point.get(AccessPointId(used.access_point or "")) if site else None
        if site is None or point is None:
            return used.access_point or used.device
        return in_lang(site.name_of(point.door or point.machine or point.zone), self._lang)

    def standing(self, member: Member) -> tuple[str, Tone]:
        """Return the member's status, in a word."""
        states = [self._plan_state(plan) for plan in member.holder.memberships]
        if not states:
            return (
                (self._say("staff"), "calm")
                if member.holder.roles
                else (self._say("no plan"), "soft")
            )
        order = {"calm": 0, "soft": 1, "warm": 2, "alert": 3}
        return min(states, key=lambda state: order[state[1]])

    def groups(self, member: Member) -> list[str]:
        """Return the names of the groups."""
        known = {each.id: each.name for each in self._site.groups}
        return [in_lang(known[g], self._lang) if g in known else g for g in member.holder.groups]

    def changes(self, before: Member, after: Member) -> list[str]:
        """Return the changes to a member, one per line."""
        return list(self._changes(before, after))

    def plan_name(self, plan: str) -> str:
        """Return a plan's name at this site, or at any."""
        return self._named(plan, "plans")

    def training_name(self, training: str) -> str:
        """Return a training's name."""
        return self._named(training, "trainings")

    def role_name(self, role: str) -> str:
        """Return a role's name."""
        if role in STANDING:
            return in_lang(STANDING[role], self._lang)  # type: ignore[index] # a role it is
        return self._named(role, "roles")

    def where(self, sites: tuple[SiteId, ...]) -> str:
        """Return the names of sites; nothing where there is only one."""
        if len(self._sites) <= 1 and (not sites or sites == (self._site.id,)):
            return ""
        if not sites:
            return self._say("every site")
        known = self._sites
        return ", ".join(in_lang(known[s].name, self._lang) if s in known else s for s in sites)

    def day(self, at: datetime | None, *, last: bool = False) -> str:
        """Return a day, or a moment where it is none; `last`: the day that ends then."""
        if at is None:
            return ""
        local = at.astimezone(self._zone)
        if local.hour or local.minute:
            return format_datetime(local, "short", locale=LOCALES[self._lang])
        day = (local - timedelta(hours=12)).date() if last else local.date()
        return format_date(day, "medium", locale=LOCALES[self._lang])

    def _named(self, id_: str, kind: Literal["plans", "trainings", "roles"]) -> str:
        for site in (self._site, *self._sites.values()):
            for each in getattr(site, kind):
                if each.id == id_:
                    return in_lang(each.name, self._lang)
        return id_

    def _period(self, starts: datetime | None, ends: datetime | None) -> str:
        first, last = self.day(starts), self.day(ends, last=True)
        if first and last:
            return self._say("%(first)s to %(last)s", first=first, last=last)
        if last:
            return self._say("until %(last)s", last=last)
        return self._say("since %(first)s", first=first) if first else self._say("no expiry")

    def _plan_state(self, plan: Membership) -> tuple[str, Tone]:
        if plan.status == "suspended":
            return self._say("suspended"), "alert"
        if plan.status == "unpaid":
            return self._say("unpaid"), "alert"
        if plan.ends is not None and plan.ends <= self._now:
            return self._say("ended"), "warm"
        if plan.starts is not None and plan.starts > self._now:
            return self._say("not started"), "soft"
        return self._say("active"), "calm"

    def _credential_state(self, one: Credential) -> tuple[str, Tone]:
        if one.status != "active":
            said = {"suspended": "suspended", "lost": "lost", "stolen": "stolen"}[one.status]
            return self._say(said), "alert"
        if one.ends is not None and one.ends <= self._now:
            return self._say("ended"), "warm"
        return self._say("valid"), "calm"

    def _kind(self, one: Credential) -> str:
        kind = _KINDS[one.kind]
        said = self._say(kind)
        return self._say("%(badge)s with a PIN", badge=said) if one.pin else said

    def _changes(self, before: Member, after: Member) -> Iterator[str]:
        say, old, new = self._say, before.holder, after.holder
        if before.name != after.name:
            yield say("name: %(old)s → %(new)s", old=before.name, new=after.name)
        if before.email != after.email:
            yield say("e-mail: %(old)s → %(new)s", old=before.email or "—", new=after.email or "—")
        if old.kind != new.kind:
            yield say("becomes a visitor") if new.kind == "visitor" else say("becomes a member")
        yield from _difference(
            [self._plan(plan) for plan in old.memberships],
            [self._plan(plan) for plan in new.memberships],
        )
        yield from _difference(
            [
                f"{self.training_name(t.training)} {self._period(t.given, t.ends)}"
                for t in old.trainings
            ],
            [
                f"{self.training_name(t.training)} {self._period(t.given, t.ends)}"
                for t in new.trainings
            ],
        )
        yield from _difference(
            [f"{self.role_name(r.role)} {self.where(r.sites)}".strip() for r in old.roles],
            [f"{self.role_name(r.role)} {self.where(r.sites)}".strip() for r in new.roles],
        )
        yield from _difference(list(old.groups), list(new.groups))
        yield from self._badges(before, after)

    def _plan(self, plan: Membership) -> str:
        parts = (self.plan_name(plan.plan), self.where(plan.sites))
        said = " ".join(filter(None, (*parts, self._period(plan.starts, plan.ends))))
        return said if plan.status == "active" else f"{said}, {self._plan_state(plan)[0]}"

    def _badges(self, before: Member, after: Member) -> Iterator[str]:
        say = self._say
        old = {each.hash: each for each in before.credentials}
        new = {each.hash: each for each in after.credentials}
        if more := len(new.keys() - old.keys()):
            yield say("badges and codes: %(count)s more", count=more)
        if less := len(old.keys() - new.keys()):
            yield say("badges and codes: %(count)s less", count=less)
        for tag, each in after.tagged:
            if each.hash in old and old[each.hash] != each:
                yield say(
                    "%(badge)s: %(state)s",
                    badge=f"{self._kind(each)} {tag.number} {tag.label}".strip(),
                    state=self._credential_state(each)[0],
                )


def _difference(before: list[str], after: list[str]) -> Iterator[str]:
    old, new = Counter(before), Counter(after)
    yield from (f"- {each}" for each in (old - new).elements())
    yield from (f"+ {each}" for each in (new - old).elements())
