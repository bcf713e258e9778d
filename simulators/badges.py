"""How a reader of each declared format spells a badge: the way back of the drivers' formats."""

from collections.abc import Callable

from gateway.core.model.site import Site

BYTES_OF_FORMAT = {
    "wiegand26": 3,
    "decimal": 4,
    "wiegand34": 4,
    "decimal40": 5,
    "decimal56": 7,
    "decimal64": 8,
}
"""Formats that only know badges of so many bytes."""
USUAL_BYTES = 7
"""A MIFARE DESFire or NTAG number."""

_SPELLED: dict[str, Callable[[bytes], str]] = {
    "hex": lambda number: number.hex(),
    "hex-colons": lambda number: number.hex(":"),
    "hex-dashes": lambda number: number.hex("-"),
    "hex-reversed": lambda number: number[::-1].hex(),
    "hex-unpadded": lambda number: "".join(f"{byte:x}" for byte in number),
    "decimal-dashes": lambda number: "-".join(str(byte) for byte in number),
}


def spelled(badge: str, format: str) -> str:  # noqa: A002 - the word of the wire and the space file
    """A badge (lowercase hex) as a reader of `format` says it."""
    number = bytes.fromhex(badge)
    spell = _SPELLED.get(format)
    return str(int.from_bytes(number, "big")) if spell is None else spell(number)


def badge_bytes(site: Site) -> int:
    """Bytes of a badge number that the site's readers can say, where there is such a length."""
    formats = (device.format for device in site.devices if device.role == "reader")
    sizes = [BYTES_OF_FORMAT[name] for name in formats if name in BYTES_OF_FORMAT]
    return sizes[0] if sizes else USUAL_BYTES
