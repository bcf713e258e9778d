"""Records what shows that people are still there, and that somebody may have left unseen.

`gateway.core.access.company` judges by it. Only a site with `company_trust_s` keeps it.
"""

from immutables import Map

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import Ruling
from gateway.core.model.names import ZoneId
from gateway.core.model.places import Door
from gateway.core.state import CountSeen
from gateway.core.step_context import StepContext

AT_HAND = ("machine", "here")
"""Access points whose readers hang in the room itself."""


def shown(context: StepContext, question: AccessRequest, ruling: Ruling) -> None:
    """Note that a holder badged at a reader inside the room, granted or not."""
    point, holder = question.point, question.holder
    if (
        context.site.company_trust_s is None
        or point is None
        or holder is None
        or point.direction not in AT_HAND
        or not any(
            said.rule == "pin_is_right" and said.outcome != "deny" for said in ruling.verdicts
        )
    ):
        return
    if holder.id in context.presence:
        context.proofs = context.proofs.set(holder.id, context.now)
        context.stirred = True


def went_unseen(context: StepContext, door: Door) -> None:
    """Note that somebody may have left by a door, and nobody knows who."""
    if context.site.company_trust_s is not None:
        context.unseen = context.unseen.set(door.id, context.now)
        context.stirred = True


def counted(context: StepContext, zone: ZoneId | None, people: int) -> None:
    """Note how many people a sensor counts in a zone."""
    if context.site.company_trust_s is not None and zone is not None:
        context.counted = context.counted.set(zone, CountSeen(people, context.now))


def run_timers(context: StepContext) -> None:
    """Have running machines looked at again: presence ages."""
    if context.machines and context.site.company_trust_s is not None:
        context.stirred = True


def space_changed(context: StepContext) -> None:
    """Forget doors and zones that were removed."""
    site = context.site
    context.unseen = Map({id_: at for id_, at in context.unseen.items() if id_ in site.door})
    context.counted = Map({id_: seen for id_, seen in context.counted.items() if id_ in site.zone})
