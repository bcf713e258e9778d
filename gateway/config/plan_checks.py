"""Claims about plans: their rights, and their quotas."""

from collections.abc import Iterator

from gateway.config.check_types import Claim, singular
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown
from gateway.config.schema.plans import QuotaTable

_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
"""The most days in a period."""
_A_DAY = {"days": 1, "half-days": 2, "hours": 24}
"""The most of each kind in a day; entries have no limit."""
_STEPS = {"days": 0.5, "half-days": 1.0, "entries": 1.0}


def plans_have_rights(draft: Draft) -> Iterator[ConfigFault]:
    """Check that every plan gives a right."""
    for index, plan in draft.plans.items():
        if not plan.rights:
            yield draft.fault(f"plans[{index}].rights", "is empty: add [[plans.rights]]")


def rights_name_what_exists(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a right opens something that is in the file."""
    for index, plan in draft.plans.items():
        for order, right in enumerate(plan.rights):
            path = f"plans[{index}].rights[{order}]"
            for key, named in (("zones", right.zones), ("machines", right.machines)):
                for place, id_ in enumerate(named):
                    if id_ not in draft.ids[key]:
                        what = unknown(id_, singular(key), draft.ids[key])
                        yield draft.fault(f"{path}.{key}[{place}]", what)
            if not right.zones and not right.machines:
                yield draft.fault(path, "opens nothing: give zones or machines")


def quotas_can_be_used_up(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a quota can be counted, and can be used up within its period."""
    for index, plan in draft.plans.items():
        first: dict[tuple[str, str], str] = {}
        for order, quota in enumerate(plan.quotas):
            path = f"plans[{index}].quotas[{order}]"
            if wrong := _wrong_amount(quota):
                yield draft.fault(f"{path}.amount", wrong)
            same = (quota.kind, quota.per)
            if same in first:
                what = f"{quota.kind} per {quota.per} are given already at {first[same]}"
                yield draft.fault(path, what)
            first.setdefault(same, path)


CLAIMS: tuple[Claim, ...] = (plans_have_rights, rights_name_what_exists, quotas_can_be_used_up)


def _wrong_amount(quota: QuotaTable) -> str | None:
    step = _STEPS.get(quota.kind)
    if step is not None and quota.amount % step:
        return f"{quota.amount:g} {quota.kind} cannot be used up: they count {step:g} each"
    if quota.kind not in _A_DAY:
        return None
    most = _A_DAY[quota.kind] * _DAYS[quota.per]
    if quota.amount > most:
        return f"{quota.amount:g} is more than the {most} {quota.kind} that a {quota.per} can have"
    return None
