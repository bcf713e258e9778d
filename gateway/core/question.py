"""What the rules are asked: may this credential pass here, now?"""

from datetime import datetime

from msgspec import Struct

from gateway.core.directory import Credential, CredentialHash, Holder
from gateway.core.events import Reported
from gateway.core.readings import CredentialPresented
from gateway.core.site import AccessPoint, DeviceId, Site
from gateway.core.state import State


class Question(Struct, frozen=True):
    """A credential at a reader, and all that a rule may look at.

    `at` is the event's time and `now` ours. `credential` and `holder` are None when nobody is known
    by it; `point` is None for a reader that guards nothing. `pin` is the keyed hash of what was
    typed. `state` is the site as it was before this event.
    """

    site: Site
    state: State
    device: DeviceId
    point: AccessPoint | None
    credential: Credential | None
    holder: Holder | None
    at: datetime
    now: datetime
    pin: CredentialHash | None = None
    retained: bool = False


def asked(site: Site, state: State, event: Reported, now: datetime) -> Question:
    """The question that a credential event asks of a site in this state."""
    reading = event.reading
    assert isinstance(reading, CredentialPresented)  # noqa: S101 - nothing else asks
    credential = state.directory.credentials.get(CredentialHash(reading.credential))
    device = site.device.get(event.device)
    point = device.access_point if device else None
    return Question(
        site=site,
        state=state,
        device=event.device,
        point=site.access_point.get(point) if point else None,
        credential=credential,
        holder=state.directory.holders.get(credential.holder) if credential else None,
        at=event.at,
        now=now,
        pin=CredentialHash(reading.pin) if reading.pin is not None else None,
        retained=event.retained,
    )
