"""The description of members and of their changes; never a number, a PIN or a hash.

Names appear in a change only on request.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeVar

from gateway.adapters.directory import Member, Tag
from gateway.adapters.journal.queries import LastUse
from gateway.core.model.directory import Credential, Membership, StaffRole, Training

KINDS: Final = {"badge": "badge", "pin": "code", "qr": "QR code"}
"""Names of the kinds of credential in plain language."""
_Of = TypeVar("_Of")


def plans(memberships: Iterable[Membership]) -> str:
    """Return plans in one line: "resident, fablab until 2026-12-31"."""
    return ", ".join(f"{membership.plan}{_validity(membership)}" for membership in memberships)


def training(one: Training) -> str:
    """Return a training in one line: "laser until 2027-01-30"."""
    return one.training + _until(one.ends)


def role(one: StaffRole) -> str:
    """Return a role in one line: "fab-manager@le-seuil"."""
    return one.role + ("@" + ",".join(one.sites) if one.sites else "")


def whole(member: Member, *, names: bool = False) -> str:
    """Return a member's rights in one line, with the name only on request."""
    holder = member.holder
    said = [f'"{member.name}"' if names else "", plans(holder.memberships)]
    said += ["; ".join(training(each) for each in holder.trainings)]
    said += ["; ".join(role(each) for each in holder.roles), ", ".join(holder.groups)]
    said += [credentials(member.credentials)]
    return "; ".join(filter(None, said))


def tagged(tag: Tag, one: Credential) -> str:
    """Return what tells a credential from the member's others: `badge 2 "blue fob"`."""
    return f"{KINDS[one.kind]} {tag.number}" + (f' "{tag.label}"' if tag.label else "")


def credential(tag: Tag, one: Credential, used: LastUse | None = None) -> str:
    """Return a credential in one line: `badge 2 "blue fob", lost, enrolled 2026-11-03`."""
    said = [tagged(tag, one), "" if one.status == "active" else one.status]
    said += [f"enrolled {tag.enrolled:%Y-%m-%d}" if tag.enrolled else ""]
    if used is not None:
        said += [f"last used {used.at:%Y-%m-%d %H:%M} UTC at {used.access_point or used.device}"]
    said += [_days(one) if one.starts or one.ends else ""]
    said += ["with a PIN" if one.pin else "", "with a duress PIN" if one.duress_pin else ""]
    said += ["typed under duress" if one.duress else ""]
    return ", ".join(filter(None, said))


def credentials(some: Iterable[Credential]) -> str:
    """Return the number of credentials of each kind: "2 badges (1 lost), 1 code"."""
    said = []
    by_kind: dict[str, list[Credential]] = {}
    for each in some:
        by_kind.setdefault(each.kind, []).append(each)
    for kind, each_of in by_kind.items():
        states = Counter(each.status for each in each_of if each.status != "active")
        aside = ", ".join(f"{count} {status}" for status, count in states.items())
        said.append(_count(len(each_of), KINDS[kind]) + (f" ({aside})" if aside else ""))
    return ", ".join(said)


def change(before: Member, after: Member, *, names: bool = False) -> str:
    """Return the changes of one member as old -> new."""
    old, new = before.holder, after.holder
    return "; ".join(
        chain(
            _identity(before, after, names=names),
            [f"{old.kind} -> {new.kind}"] if old.kind != new.kind else [],
            _entries(old.memberships, new.memberships, _same_plan, _plan),
            _entries(old.trainings, new.trainings, lambda one: one.training, training),
            _entries(old.roles, new.roles, lambda one: one.role, role),
            _entries(old.groups, new.groups, str, str),
            _credentials(before, after),
        )
    )


def _identity(before: Member, after: Member, *, names: bool) -> Iterable[str]:
    for column in ("name", "email"):
        old, new = getattr(before, column), getattr(after, column)
        if old != new:
            yield f'{column} "{old or ""}" -> "{new or ""}"' if names else f"{column} changed"


def _entries(
    before: Sequence[_Of],
    after: Sequence[_Of],
    key: Callable[[_Of], object],
    words: Callable[[_Of], str],
) -> Iterable[str]:
    old, new = {key(each): each for each in before}, {key(each): each for each in after}
    yield from (f"+ {words(each)}" for name, each in new.items() if name not in old)
    yield from (f"- {words(each)}" for name, each in old.items() if name not in new)
    for name, each in new.items():
        if name in old and old[name] != each:
            yield _step(words(old[name]), words(each))
    if before != after and old == new:
        yield "order"


def _step(was: str, now: str) -> str:
    """Return old -> new, with a shared name only once."""
    if was == now:
        return f"{now} (another hour or giver)"
    return f"{was} -> {now.removeprefix(was.split(maxsplit=1)[0] + ' ')}"


def _credentials(before: Member, after: Member) -> Iterable[str]:
    old, new = {each.hash: each for each in before.credentials}, dict[str, Credential]()
    for tag, each in after.tagged:
        new[each.hash] = each
        if each.hash in old:
            was = before.tags.get(each.hash, tag)
            steps = list(_steps(old[each.hash], each))
            steps += [f'label "{was.label}" -> "{tag.label}"'] if was.label != tag.label else []
            yield from (f"{tagged(tag, each)}: {step}" for step in steps)
    more = Counter(new[hash_].kind for hash_ in new.keys() - old.keys())
    less = Counter(old[hash_].kind for hash_ in old.keys() - new.keys())
    yield from (f"{_count(count, KINDS[kind])} more" for kind, count in sorted(more.items()))
    yield from (f"{_count(count, KINDS[kind])} less" for kind, count in sorted(less.items()))


def _steps(old: Credential, new: Credential) -> Iterable[str]:
    if old.kind != new.kind:
        yield f"is a {KINDS[new.kind]}"
    if old.status != new.status:
        yield f"{old.status} -> {new.status}"
    if (old.starts, old.ends) != (new.starts, new.ends):
        yield f"{_days(old)} -> {_days(new)}"
    for name, words in (("pin", "PIN"), ("duress_pin", "duress PIN")):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield f"{words} {'removed' if now is None else 'set' if was is None else 'changed'}"
    if old.duress != new.duress:
        yield "under duress" if new.duress else "no longer under duress"
    if old.reader_hash != new.reader_hash:
        yield "can be told to readers"


def _same_plan(membership: Membership) -> object:
    return (membership.plan, membership.sites, membership.starts)


def _plan(membership: Membership) -> str:
    return membership.plan + (_validity(membership) or " without an end")


def _validity(membership: Membership) -> str:
    """Return the variable part of a membership: its end, and whether it is suspended or unpaid."""
    words = _until(membership.ends)
    return words + (f" {membership.status}" if membership.status != "active" else "")


def _days(credential: Credential) -> str:
    """Return the validity to the minute, as a visitor's pass may be for one afternoon."""
    starts = f"from {credential.starts:%Y-%m-%d %H:%M} UTC" if credential.starts else ""
    ends = f"until {credential.ends:%Y-%m-%d %H:%M} UTC" if credential.ends else ""
    return f"{starts} {ends}".strip() or "no limit"


def _until(ends: datetime | None) -> str:
    # It ends at a local midnight: half a day before is the last day, in every zone but +13.
    return "" if ends is None else f" until {ends - timedelta(hours=12):%Y-%m-%d}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("s" if number > 1 else "")
