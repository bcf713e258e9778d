"""The access check: the answer that a member would get at an access point, from the real rules.

`seuil may` and the console use it. The badge is the member's best one, with its PIN typed right.
"""

from datetime import datetime

from msgspec import Struct

from gateway.core.access.request import AccessRequest
from gateway.core.access.rules import Ruling, decide
from gateway.core.model.directory import Credential, Directory, HolderId
from gateway.core.model.names import AccessPointId, DeviceId
from gateway.core.model.site import Site
from gateway.core.state import State


class AccessCheck(Struct, frozen=True):
    """The access request to evaluate: site, state, point, holder and time; `state` has the members.

    `point` is one of the site's, `holder` one of the state's directory, `at` aware.
    """

    site: Site
    state: State
    point: AccessPointId
    holder: HolderId
    at: datetime


def evaluate(wish: AccessCheck) -> Ruling:
    """Return the access point's answer, and every rule's verdict."""
    site, state = wish.site, wish.state
    credential = _best_credential(state.directory, wish.holder)
    readers = site.readers[wish.point]
    return decide(
        AccessRequest(
            site=site,
            state=state,
            device=readers[0] if readers else DeviceId(""),
            point=site.access_point[wish.point],
            credential=credential,
            holder=state.directory.holders[wish.holder],
            at=wish.at,
            now=wish.at,
            pin=credential.pin if credential else None,
        )
    )


def _best_credential(directory: Directory, holder: HolderId) -> Credential | None:
    """Return an active badge, preferably with a PIN; a lost one where there is no other."""
    held = [each for each in directory.credentials.values() if each.holder == holder]
    order = {"badge": 0, "qr": 1, "pin": 2}
    return min(
        held,
        key=lambda each: (each.status != "active", order[each.kind], each.pin is None, each.hash),
        default=None,
    )
