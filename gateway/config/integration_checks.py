"""Claims about data for other tools: rooms and doors exist, and addresses can be trusted."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.config.check_types import Claim
from gateway.config.draft import Draft
from gateway.config.faults import ConfigFault, unknown


def the_public_is_told_of_what_exists(draft: Draft) -> Iterator[ConfigFault]:
    """Check that SpaceAPI names known zones and doors, a contact, and a complete position."""
    told = draft.spaceapi
    if told is None:
        return
    lists = (
        ("open_when.zones", told.open_when.zones, "zones"),
        ("open_when.doors", told.open_when.doors, "doors"),
        ("people_in", told.people_in, "zones"),
    )
    for key, named, kind in lists:
        for place, id_ in enumerate(named):
            if id_ not in draft.ids[kind]:
                message = unknown(id_, kind.removesuffix("s"), draft.ids[kind])
                yield draft.fault(f"spaceapi.{key}[{place}]", message)
    if not told.contact.model_dump(exclude_none=True):
        yield draft.fault("spaceapi.contact", "give at least one way to reach the place, as email")
    if (told.lat is None) != (told.lon is None):
        yield draft.fault("spaceapi.lat", "lat and lon are given together, or neither")
    for key in ("url", "logo"):
        if not _is_web(getattr(told, key)):
            yield draft.fault(f"spaceapi.{key}", "must be one address, https://...")


def webhooks_go_a_safe_way(draft: Draft) -> Iterator[ConfigFault]:
    """Check that a webhook's address is https, or http to this machine, and holds no password."""
    first: dict[str, str] = {}
    for index, hook in draft.webhooks.items():
        path = f"webhooks[{index}].url"
        if wrong := wrong_hook(hook.url):
            yield draft.fault(path, wrong)
        elif hook.url in first:
            yield draft.fault(path, f"is told already by {first[hook.url]}; give it all its events")
        if not hook.events and draft.whole(f"webhooks[{index}].events"):
            yield draft.fault(f"webhooks[{index}].events", "names none; leave it away for all")
        first.setdefault(hook.url, path)


CLAIMS: tuple[Claim, ...] = (the_public_is_told_of_what_exists, webhooks_go_a_safe_way)


def wrong_hook(url: str) -> str | None:
    """Return what is wrong with a webhook's address, without showing it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "must be one address, https://..."
    if not parts.hostname or any(letter.isspace() for letter in url):
        return "must be one address, https://..."
    if parts.username is not None:
        return "must not hold a password: the signature says who we are"
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return None
    return "must begin with https://: on the way, others could read and change it"


def is_loopback(host: str) -> bool:
    """Return whether a host is written as a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in url
