"""Badge numbers: every declared format is converted into one canonical text.

The same card is `04a224b2c31990` to one reader, `4-162-36-178-195-25-144` to another, and
`74-10-37-94` is hex to ESPHome and decimal to AccesSystem. The text does not show its format: the
space file declares the format of each reader, and nothing here guesses.

Canonical is lowercase hex of whole bytes, in the order in which the card sends them. Three formats
cannot reach it and canonicalise into a namespace of their own, so that they never match a real
number by accident:

- `hex-unpadded` (`unpadded:4a24`): some firmware, esp-rfid with a PN532 among it, writes each byte
  without its leading zero, so 04 0A and 4A are both "4a". The zeros cannot be restored. Two cards
  whose texts agree are then one credential; enrol the cards at such a reader, and prefer another.
- `pin` (`pin:0042`): a code typed at a keypad without a badge, its digits as given.
- `qr` (`qr:V7-x9Kq…`): the text of a QR code, as the scanner read it.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from gateway.core.readings import WireError

_BYTES_MAX = 32
_BYTE_MAX = 0xFF
_PIN_DIGITS_MAX = 16

_HEX = re.compile(rf"(?:[0-9A-Fa-f]{{2}}){{3,{_BYTES_MAX}}}")  # 3 bytes: Wiegand 26, the shortest
_COLONS = re.compile(rf"[0-9A-Fa-f]{{2}}(?::[0-9A-Fa-f]{{2}}){{2,{_BYTES_MAX - 1}}}")
_DASHES = re.compile(rf"[0-9A-Fa-f]{{2}}(?:-[0-9A-Fa-f]{{2}}){{2,{_BYTES_MAX - 1}}}")
_DECIMAL_DASHES = re.compile(rf"[0-9]{{1,3}}(?:-[0-9]{{1,3}}){{2,{_BYTES_MAX - 1}}}")
_UNPADDED = re.compile(rf"[0-9A-Fa-f]{{3,{2 * _BYTES_MAX}}}")
_DECIMAL = re.compile(r"[0-9]{1,20}")
_TASMOTA_HEX = re.compile(r"[0-9A-Fa-f]{1,16}h")
_HEX_DIGITS = re.compile(r"[0-9A-Fa-f]{1,16}")
_PIN = re.compile(rf"[0-9]{{1,{_PIN_DIGITS_MAX}}}")
_QR = re.compile(r"[!-~](?:[ -~]{0,126}[!-~])?")  # ASCII; 128 characters are what the wire carries


def _hex(text: str) -> str | None:
    return text.lower() if _HEX.fullmatch(text) else None


def _hex_reversed(text: str) -> str | None:
    return bytes.fromhex(text)[::-1].hex() if _HEX.fullmatch(text) else None


def _hex_colons(text: str) -> str | None:
    return text.replace(":", "").lower() if _COLONS.fullmatch(text) else None


def _hex_dashes(text: str) -> str | None:
    return text.replace("-", "").lower() if _DASHES.fullmatch(text) else None


def _decimal_dashes(text: str) -> str | None:
    if not _DECIMAL_DASHES.fullmatch(text):
        return None
    values = [int(part) for part in text.split("-")]
    return bytes(values).hex() if max(values) <= _BYTE_MAX else None


def _whole(value: int, size: int) -> str | None:
    return value.to_bytes(size, "big").hex() if value < 1 << (8 * size) else None


def _decimal(text: str, size: int) -> str | None:
    return _whole(int(text), size) if _DECIMAL.fullmatch(text) else None


def _wiegand(text: str, size: int) -> str | None:
    """Convert Tasmota's two formats: 7748328, and with SetOption123 763AE8h."""
    if _TASMOTA_HEX.fullmatch(text):
        return _whole(int(text[:-1], 16), size)
    return _decimal(text, size)


def _padded_hex(text: str, size: int) -> str | None:
    """Convert esp-rfid's Wiegand in hex, which lacks the number's leading zeros: `a3ae8`."""
    return _whole(int(text, 16), size) if _HEX_DIGITS.fullmatch(text) else None


def _hex_unpadded(text: str) -> str | None:
    return f"unpadded:{text.lower()}" if _UNPADDED.fullmatch(text) else None


def _pin(text: str) -> str | None:
    return f"pin:{pin(text)}"


def _qr(text: str) -> str | None:
    return f"qr:{text}" if _QR.fullmatch(text) else None


FORMATS: Mapping[str, Callable[[str], str | None]] = {
    "hex": _hex,
    "hex-colons": _hex_colons,
    "hex-dashes": _hex_dashes,
    "hex-reversed": _hex_reversed,
    "hex-unpadded": _hex_unpadded,
    "decimal": partial(_decimal, size=4),
    "decimal40": partial(_decimal, size=5),
    "decimal56": partial(_decimal, size=7),
    "decimal64": partial(_decimal, size=8),
    "decimal-dashes": _decimal_dashes,
    "wiegand26": partial(_wiegand, size=3),
    "wiegand34": partial(_wiegand, size=4),
    "wiegand26-hex": partial(_padded_hex, size=3),
    "wiegand34-hex": partial(_padded_hex, size=4),
    "pin": _pin,
    "qr": _qr,
}
"""Declared format -> its canonical text, or None if the text is not in this format."""

RIGHT: Mapping[str, str] = {
    "hex": "two hex digits a byte, 3 to 32 bytes",
    "hex-colons": "two hex digits a byte, colons between, 3 to 32 bytes",
    "hex-dashes": "two hex digits a byte, dashes between, 3 to 32 bytes",
    "hex-reversed": "two hex digits a byte, last byte first, 3 to 32 bytes",
    "hex-unpadded": "3 to 64 hex digits",
    "decimal": "a whole number of at most 4 bytes",
    "decimal40": "a whole number of at most 5 bytes",
    "decimal56": "a whole number of at most 7 bytes",
    "decimal64": "a whole number of at most 8 bytes",
    "decimal-dashes": "each byte from 0 to 255, dashes between, 3 to 32 bytes",
    "wiegand26": "a whole number of at most 3 bytes, or the same in hex with an h behind it",
    "wiegand34": "a whole number of at most 4 bytes, or the same in hex with an h behind it",
    "wiegand26-hex": "at most 6 hex digits",
    "wiegand34-hex": "at most 8 hex digits",
    "pin": "1 to 16 digits",
    "qr": "1 to 128 printable ASCII characters, no space at either end",
}
"""Declared format -> a description of it: an example could be a member's badge."""


def normalise(text: str, format: str) -> str:  # noqa: A002 - the word of the wire and the space file
    """Return a badge number in canonical form.

    A number that is all zeros is no badge: Tasmota publishes 0 after a Wiegand parity error, and an
    RDM6300 reads zeros from noise, with a correct checksum.

    Raises:
        WireError: `badge-format`; its detail never holds the number.
        KeyError: no such format.
    """
    canonical = FORMATS[format](text)
    if canonical is None:
        raise WireError("badge-format", f"credential: is not {format}; {RIGHT[format]}")
    if format not in ("pin", "qr") and not canonical.removeprefix("unpadded:").strip("0"):
        raise WireError("badge-format", "credential: is all zeros; a parity error or a ghost read")
    return canonical


def is_badge(canonical: str) -> bool:
    """Return whether this is a badge's number, and no code or QR code."""
    return not canonical.startswith(("pin:", "qr:"))


def pin(text: str) -> str:
    """Return a keypad code, its digits as given: 0042 and 42 are two codes.

    Raises:
        WireError: `pin-format`; its detail never holds the code.
    """
    if not _PIN.fullmatch(text):
        raise WireError("pin-format", f"pin: is not 1 to {_PIN_DIGITS_MAX} digits")
    return text
