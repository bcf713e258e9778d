"""Is an event of now? What is old opens nothing, and a reader's wrong clock locks nobody in.

A badge is late when its reader's clock says so. That clock may be wrong: an ESP that has not
reached its time server is behind by a minute or by years. An event is *live* when nothing of its
device waited before it (`gateway.service.inbox`): then a late one tells of a wrong clock, and its
refusal is delivered. The way out is released, too, unless it may have been kept for us meanwhile:
by the broker, or by a reader that has just come back.
"""

from datetime import timedelta
from typing import Final

from gateway.core.access.rules import LATE
from gateway.core.events import Reported
from gateway.core.state import DeviceState
from gateway.core.step_context import StepContext

STEADY_LOOKS: Final = 3
STEADY_WITHIN: Final = timedelta(seconds=2)
"""So many events that are late by the same time, give or take: the reader's clock is behind."""
BACK_FOR: Final = timedelta(seconds=10)
"""A reader that has been online for so long has sent what it kept."""


def is_late(context: StepContext, event: Reported) -> bool:
    """Return whether nothing may be started by this any more: it is old, or the broker kept it."""
    return event.retained or context.now - event.at > LATE


def is_told(context: StepContext, event: Reported) -> bool:
    """Return whether an answer is of any use: somebody still stands there."""
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


def is_behind(device: DeviceState) -> bool:
    """Return whether a device's last events were all late by the same time: its clock is behind."""
    last = device.clock[-STEADY_LOOKS:]
    return (
        len(last) == STEADY_LOOKS
        and device.online is not False
        and max(last) < -LATE.total_seconds()
        and max(last) - min(last) <= STEADY_WITHIN.total_seconds()
    )
