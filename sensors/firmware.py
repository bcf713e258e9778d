"""What a device runs, as makers tell it: any text or number, or nothing at all."""

from gateway.core.readings import Firmware

_KEPT = 64
"""Characters: the longest that a reading holds."""


def firmware(version: object, model: object = None) -> Firmware | None:
    """The reading; None where no version is told."""
    said = _label(version)
    return None if said is None else Firmware(said, _label(model))


def _label(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return text[:_KEPT].strip() or None
