"""The firmware reading from a maker's version and model: any text or number, or nothing."""

from gateway.core.readings import Firmware

_KEPT = 64
"""Characters: the most that a reading holds."""


def firmware(version: object, model: object = None) -> Firmware | None:
    """Return the reading; None if there is no version."""
    said = _label(version)
    return None if said is None else Firmware(said, _label(model))


def _label(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return text[:_KEPT].strip() or None
