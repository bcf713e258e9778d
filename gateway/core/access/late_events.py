"""Late events: they open nothing, and a reader's wrong clock locks no user in.

A badge event is late by its reader's clock. That clock may be wrong: an ESP that has not reached
its time server is behind by a minute or by years. An event is *live* when no other event of its
device was queued before it (`gateway.service.inbox`): a late one then shows a wrong clock, and its
refusal is delivered. An exit is released, too, unless the event may have been stored meanwhile: by
the broker, or by a reader that has just reconnected.
"""

from datetime import timedelta
from typing import Final

from gateway.core.access.request import AccessRequest, Verdict, denied, passed
from gateway.core.events import Reported
from gateway.core.state import DeviceState
from gateway.core.step_context import StepContext

LATE = timedelta(seconds=5)
"""A credential event older than this is recorded and never opens anything."""
STEADY_LOOKS: Final = 3
STEADY_WITHIN: Final = timedelta(seconds=2)
"""If several events are late by the same time, within this, the reader's clock is behind."""
_BEHIND_S: Final = -LATE.total_seconds()
BACK_FOR: Final = timedelta(seconds=10)
"""A reader that has been online for this long has sent its stored events."""


def event_is_fresh(question: AccessRequest) -> Verdict:
    """Check that the event is fresh: not retained, not delayed, not dated by a wrong clock."""
    age = question.now - question.at
    age_s = round(age.total_seconds(), 3)
    if question.retained:
        return denied("retained", retained=True)
    if age > LATE:
        return denied("too-old", age_s=age_s, limit_s=LATE.total_seconds())
    if -age > LATE:
        return denied("clock-ahead", age_s=age_s, limit_s=-LATE.total_seconds())
    return passed(age_s=age_s)


def is_late(context: StepContext, event: Reported) -> bool:
    """Return whether the event may start nothing any more: it is old, or the broker retained it."""
    return event.retained or context.now - event.at > LATE


def is_told(context: StepContext, event: Reported) -> bool:
    """Return whether an answer is of any use: the user still stands at the reader."""
    return not is_late(context, event) or (event.live and not event.retained)


def lets_out(context: StepContext, event: Reported) -> bool:
    """Return whether a badge at a way out releases it."""
    if not is_late(context, event):
        return True
    device = context.devices.get(event.device)
    if device is None or not event.live or event.kept or event.retained:
        return False
    since = device.online_since
    return is_behind(device) or (since is not None and context.now - since > BACK_FOR)


def is_behind(device: DeviceState, clock: tuple[float, ...] | None = None) -> bool:
    """Return whether a device's clock is behind: its last events were all late by the same time.

    `clock` replaces the device's own offsets, in seconds, the newest last.
    """
    clock = device.clock if clock is None else clock
    if len(clock) < STEADY_LOOKS or clock[-1] >= _BEHIND_S:  # the usual case
        return False
    last = clock[-STEADY_LOOKS:]
    latest = max(last)
    return (
        device.online is not False
        and latest < _BEHIND_S
        and latest - min(last) <= STEADY_WITHIN.total_seconds()
    )
