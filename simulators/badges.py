"""The spelling of a badge by readers of each format: the inverse of the drivers' formats."""

from collections.abc import Callable

from gateway.core.model.site import Site

BYTES_OF_FORMAT = {
    "wiegand26": 3,
    "wiegand26-hex": 3,
    "decimal": 4,
    "wiegand34": 4,
    "wiegand34-hex": 4,
    "decimal40": 5,
    "decimal56": 7,
    "decimal64": 8,
}
"""Formats that only support badges of a certain number of bytes."""
USUAL_BYTES = 7
"""A MIFARE DESFire or NTAG number."""

_SPELLED: dict[str, Callable[[bytes], str]] = {
    "hex": lambda number: number.hex(),
    "hex-colons": lambda number: number.hex(":"),
    "hex-dashes": lambda number: number.hex("-"),
    "hex-reversed": lambda number: number[::-1].hex(),
    "hex-unpadded": lambda number: "".join(f"{byte:x}" for byte in number),
    "decimal-dashes": lambda number: "-".join(str(byte) for byte in number),
    "wiegand26-hex": lambda number: f"{int.from_bytes(number, 'big'):x}",
    "wiegand34-hex": lambda number: f"{int.from_bytes(number, 'big'):x}",
}


def spelled(badge: str, format: str) -> str:  # noqa: A002 - the word of the wire and the space file
    """Return a badge (lowercase hex) in the spelling of a reader with this `format`."""
    number = bytes.fromhex(badge)
    spell = _SPELLED.get(format)
    return str(int.from_bytes(number, "big")) if spell is None else spell(number)


def badge_bytes(site: Site) -> int:
    """Return the length in bytes that the site's readers support, or the usual one."""
    formats = (device.format for device in site.devices if device.role == "reader")
    sizes = [BYTES_OF_FORMAT[name] for name in formats if name in BYTES_OF_FORMAT]
    return sizes[0] if sizes else USUAL_BYTES
