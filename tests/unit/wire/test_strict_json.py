"""What strict means."""

import pytest

from gateway.core.readings import WireError
from gateway.wire.strict_json import DEPTH_LIMIT, check, read


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "not-json", id="nothing"),
        pytest.param(b'{"a":1', "not-json", id="cut short"),
        pytest.param(b'{"a":1,}', "not-json", id="a trailing comma, as esp-rfid's README shows"),
        pytest.param(b"{'a':1}", "not-json", id="single quotes"),
        pytest.param(b'{"a":NaN}', "not-json", id="NaN"),
        pytest.param(b'{"a":-Infinity}', "not-json", id="infinity"),
        pytest.param(b'{"a":01}', "not-json", id="a leading zero"),
        pytest.param(b'{"a":1} {"a":1}', "not-json", id="two objects"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', "not-json", id="a byte order mark"),
        pytest.param(rb'{"a":"\ud800"}', "not-json", id="half a surrogate pair"),
        pytest.param(b'{"a":"\xff"}', "not-utf8", id="Latin-1"),
        pytest.param(b"[1]", "wrong-type", id="a list"),
        pytest.param(b"1", "wrong-type", id="a number"),
        pytest.param(b'{"a":1e999}', "out-of-range", id="a number that would be infinite"),
        pytest.param(b'{"a":1,"a":1}', "duplicate-key", id="a key twice"),
        pytest.param(b'{"a":1,"b" : 2, "a"\n:3}', "duplicate-key", id="a key twice, with spaces"),
        pytest.param(rb'{"a":1,"\u0061":2}', "duplicate-key", id="a key twice, once escaped"),
        pytest.param(b'{"b":{"a":1,"a":2}}', "duplicate-key", id="a key twice inside"),
        pytest.param(b'{"b":[{"a":1},{"a":1,"a":2}]}', "duplicate-key", id="inside a list"),
        pytest.param(b'{"":1,"":2}', "duplicate-key", id="the empty key twice"),
        pytest.param(b'{"a:b":"x","a:b":":"}', "duplicate-key", id="colons in the strings"),
        pytest.param(b'{"a":' + b"[" * 4000, "too-deep", id="4000 levels, open"),
        pytest.param(
            b'{"a":' + b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT + b"}", "too-deep", id="one too many"
        ),
    ],
)
def test_what_is_not_strict_is_refused(payload: bytes, reason: str) -> None:
    """One reason each, and never another exception."""
    with pytest.raises(WireError) as refused:
        read(payload)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"a":{"a":{"a":1}}}', id="one key on several levels"),
        pytest.param(b'{"a":"a","b":"a:","c":"\\"a\\":"}', id="strings that look like keys"),
        pytest.param(b'{"a":"[[[[[[[[[[[[[[[[[[[[["}', id="brackets in a string"),
        pytest.param(b'{"a":"\\"[[[[[[[[[[[[[[[[[[[["}', id="brackets behind an escaped quote"),
        pytest.param(
            b'{"a":' + b"[{}," * 5 + b"1" + b"]" * 5 + b"}", id="many brackets, few levels"
        ),
        pytest.param(b'{"a":' + b"[" * 15 + b"]" * 15 + b"}", id="the last level"),
        pytest.param(b" {} ", id="nothing in it"),
    ],
)
def test_what_is_strict_passes(payload: bytes) -> None:
    """Odd is not wrong."""
    check(payload)
    assert isinstance(read(payload), dict)
