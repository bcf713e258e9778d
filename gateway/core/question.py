"""What the rules are asked: may this credential pass here, now?"""

from datetime import datetime

from msgspec import Struct

from gateway.core.directory import Credential, CredentialHash, Holder
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
