"""Every spelling of a badge number, and what is refused."""

import pytest

from gateway.core.readings import WireError
from sensors.badges import FORMATS, RIGHT, normalise, pin


@pytest.mark.parametrize(
    ("text", "declared", "canonical"),
    [
        pytest.param("04a224b2c31990", "hex", "04a224b2c31990", id="MFRC522: lowercase hex"),
        pytest.param("94D8FC5F", "hex", "94d8fc5f", id="Tasmota PN532: uppercase hex"),
        pytest.param(
            "5FFCD894", "hex-reversed", "94d8fc5f", id="a reader with the last byte first"
        ),
        pytest.param("b6:8d:d3:8c", "hex-colons", "b68dd38c", id="colons"),
        pytest.param("74-10-37-94", "hex-dashes", "74103794", id="ESPHome PN532: hex with dashes"),
        pytest.param("74-10-37-94", "decimal-dashes", "4a0a255e", id="the same text in decimal"),
        pytest.param("138-222-105-193", "decimal-dashes", "8ade69c1", id="AccesSystem"),
        pytest.param("7616525", "decimal", "0074380d", id="ESPHome RDM6300: uint32"),
        pytest.param("0007616525", "decimal", "0074380d", id="as printed on the card"),
        pytest.param("4302741608", "decimal40", "010076a068", id="more than 32 bits"),
        pytest.param("1305057651433872", "decimal56", "04a2f169b9a190", id="7 bytes in decimal"),
        pytest.param("18446744073709551615", "decimal64", "f" * 16, id="the largest of 8 bytes"),
        pytest.param("7748328", "wiegand26", "763ae8", id="Tasmota Wiegand: a number"),
        pytest.param("763AE8h", "wiegand26", "763ae8", id="the same with SetOption123"),
        pytest.param("4294967295", "wiegand34", "ffffffff", id="the largest of 4 bytes"),
        pytest.param("a3ae8", "wiegand26-hex", "0a3ae8", id="esp-rfid lost a zero"),
        pytest.param("3ae8", "wiegand26-hex", "003ae8", id="esp-rfid lost a byte of zeros"),
        pytest.param("763AE8", "wiegand34-hex", "00763ae8", id="the same of 34 bits"),
        pytest.param("4A24B2", "hex-unpadded", "unpadded:4a24b2", id="lost zeros stay apart"),
        pytest.param("0042", "pin", "pin:0042", id="a code keeps its zeros, and is no number"),
        pytest.param("V7-x 9/+=", "qr", "qr:V7-x 9/+=", id="a QR code keeps its capitals"),
        pytest.param("0" * 128, "qr", "qr:" + "0" * 128, id="zeros are a QR code like any other"),
    ],
)
def test_a_spelling_becomes_canonical(text: str, declared: str, canonical: str) -> None:
    """One card, one text, however its reader spells it."""
    assert normalise(text, declared) == canonical


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("04a", "hex"),
        ("04a2", "hex"),
        ("04 a2 24 b2", "hex"),
        ("0x04a224b2", "hex"),
        ("٠٤١٢٣٤٥٦", "hex"),
        ("04a224b2\n", "hex"),
        ("a" * 66, "hex"),
        ("b6:8d:d3:8", "hex-colons"),
        ("b6-8d-d3-8c", "hex-colons"),
        ("b6:8d:d3:8c", "hex-dashes"),
        ("256-1-1-1", "decimal-dashes"),
        ("74-1F-37-94", "decimal-dashes"),
        ("4294967296", "decimal"),
        ("-5", "decimal"),
        ("1e3", "decimal"),
        ("٧٦١٦٥٢٥", "decimal"),
        ("16777216", "wiegand26"),
        ("763AE8", "wiegand26"),
        ("4302741608", "wiegand34"),
        ("04:0a:1b", "hex-unpadded"),
        ("1763ae8", "wiegand26-hex"),
        ("763ae8h", "wiegand26-hex"),
        ("0", "wiegand26-hex"),
        ("00000000", "hex"),
        ("0", "decimal"),
        ("0h", "wiegand26"),
        ("00-00-00-00", "hex-dashes"),
        ("0000", "hex-unpadded"),
        ("visitor\n", "qr"),
        (" visitor", "qr"),
        ("vis\x00itor", "qr"),
        ("visité", "qr"),
        ("v" * 129, "qr"),
    ],
)
def test_another_text_or_all_zeros_is_refused_without_repeating_it(
    text: str, declared: str
) -> None:
    """The reason is badge-format, and the number stays out of the message."""
    with pytest.raises(WireError) as refused:
        normalise(text, declared)
    assert refused.value.reason == "badge-format"
    assert text not in refused.value.detail


def test_two_cards_may_share_one_unpadded_text() -> None:
    """04 0A and 4A lost their zeros on the reader: one text, and never that of a padded number."""
    both = normalise("4a24b2", "hex-unpadded")
    assert both != normalise("4a24b2", "hex")
    assert both != normalise("040a24b2", "hex")


@pytest.mark.parametrize("text", ["", "12a4", "12 4", "1" * 17, "١٢٣٤"])
def test_a_pin_is_digits(text: str) -> None:
    """Anything but 1 to 16 digits is no PIN; what is one stays as it is."""
    with pytest.raises(WireError, match=r"^pin-format: pin: is not 1 to 16 digits$"):
        pin(text)
    assert pin("0042") == "0042"


def test_each_format_says_what_is_right() -> None:
    """What would be right can be said of every format."""
    assert RIGHT.keys() == FORMATS.keys()
