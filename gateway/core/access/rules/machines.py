"""Rules about machines: a user signs off with the same badge, and stands beside the machine."""

from gateway.core.access.company import is_inside
from gateway.core.access.request import AccessRequest
from gateway.core.access.rules.verdicts import denied, granted, passed
from gateway.core.facts import RuleVerdict
from gateway.core.state import MachineUse


def machine_is_free(question: AccessRequest) -> RuleVerdict:
    """Check that no other holder uses the machine; its own user signs off."""
    use, machine = _use(question), question.here.machine
    if use is None:
        return passed("machine_is_free", machine=machine)
    if use.holder == question.asker.id:
        return granted("machine_is_free", "machine-off", machine=machine)
    return denied("machine_is_free", "machine-in-use", machine=machine, user=use.holder)


def user_is_here(question: AccessRequest) -> RuleVerdict:
    """Check that the user is known to be in the machine's zone, if the machine requires it."""
    site = question.site
    machine = site.machine[question.here.machine] if question.here.machine is not None else None
    if machine is None or not machine.demands.check_in:
        return passed("user_is_here")
    if not is_inside(site, question.state, question.asker.id, machine.zone):
        inside = question.whereabouts.zone if question.whereabouts else None
        return denied("user_is_here", "not-checked-in", zone=machine.zone, inside=inside)
    return passed("user_is_here", zone=machine.zone)


def signs_off(question: AccessRequest) -> bool:
    """Return whether this badge is the machine's user's, who may always sign off."""
    use, holder = _use(question), question.holder
    return use is not None and holder is not None and use.holder == holder.id


def _use(question: AccessRequest) -> MachineUse | None:
    machine = question.here.machine
    return question.state.machines.get(machine) if machine is not None else None
