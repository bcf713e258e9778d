"""The credentials that a line gives its holder: badges with their PINs, codes, QR codes."""

from collections.abc import Iterator
from typing import Literal, get_args

from msgspec import Struct, structs

from gateway.adapters.directory import credential_hash, pin_hash, reader_hash
from gateway.config.faults import unknown
from gateway.core.model.directory import Credential, HolderId
from gateway.core.readings import WireError
from gateway.members.cells import SEPARATORS, one_of
from gateway.members.dates import period
from gateway.members.known import ReferenceData
from gateway.members.wrong import Cells, wrong
from sensors import badges

Status = Literal["active", "suspended", "lost", "stolen"]


class Given(Struct, frozen=True):
    """A credential as a line gives it.

    `place` identifies it in messages, as its number would reveal too much. `status` of a badge is
    None where the line does not change it.
    """

    credential: Credential
    column: str
    place: str
    status: Status | None = None


def credentials(cells: Cells, holder: HolderId, known: ReferenceData) -> Iterator[Given]:
    """Yield every credential that the line gives its holder."""
    yield from _badges(cells, holder, known.key)
    for column, duress in (("code", False), ("duress_code", True)):
        if cells.get(column):
            canonical = _canonical(cells[column], "pin", column, "")
            code = _credential(canonical, holder, known.key)
            yield Given(structs.replace(code, duress=duress), column, "it")
    if cells.get("code") and cells["code"] == cells.get("duress_code"):
        wrong("duress_code", "is the same as code, so that nobody could tell them apart")
    starts, ends = period(cells, "qr_from", "qr_until", known)
    if cells.get("qr"):
        code = _credential(_canonical(cells["qr"], "qr", "qr", ""), holder, known.key)
        yield Given(structs.replace(code, starts=starts, ends=ends), "qr", "it")
    elif starts or ends:
        wrong("qr", "is empty, but qr_from or qr_until is not")


def _badges(cells: Cells, holder: HolderId, key: bytes) -> Iterator[Given]:
    spelling = cells.get("badge_format", "").lower() or "hex"
    if spelling not in badges.FORMATS:
        wrong("badge_format", unknown(spelling, "format", badges.FORMATS))
    status = cells.get("badge_status") and one_of(cells, "badge_status", *get_args(Status))
    texts = [text for text in SEPARATORS.split(cells.get("badges", "")) if text]
    pins = [_pin(cells, column) for column in ("pin", "duress_pin")]
    _check_pins(cells, texts, spelling)
    for place, text in enumerate(texts, start=1):
        canonical = _canonical(text, spelling, "badges", f"badge {place} ")
        own, duress = (pin and pin_hash(key, canonical, pin) for pin in pins)
        badge = _credential(canonical, holder, key)
        yield Given(
            structs.replace(badge, pin=own, duress_pin=duress, status=status or "active"),
            "badges",
            f"badge {place}",
            status or None,
        )


def _pin(cells: Cells, column: str) -> str | None:
    text = cells.get(column)
    try:
        return badges.pin(text) if text else None
    except WireError as fault:
        wrong(column, _said(fault))


def _check_pins(cells: Cells, texts: list[str], spelling: str) -> None:
    pin, duress = cells.get("pin"), cells.get("duress_pin")
    for column in ("pin", "duress_pin"):
        if cells.get(column) and (not texts or spelling == "pin"):
            wrong(column, "goes with a badge, and the line has none; a PIN alone is a code")
    if duress and not pin:
        wrong("duress_pin", "is given without the pin that it is told apart from")
    if pin and pin == duress:
        wrong("duress_pin", "is the same as pin, so that nobody could tell them apart")


def _credential(canonical: str, holder: HolderId, key: bytes) -> Credential:
    """Return the credential; a code gets no reader hash, as all codes are quickly tried out."""
    namespace = canonical.partition(":")[0]
    kind: Literal["badge", "pin", "qr"] = (
        "pin" if namespace == "pin" else "qr" if namespace == "qr" else "badge"
    )
    for_readers = None if kind == "pin" else reader_hash(key, canonical)
    return Credential(credential_hash(key, canonical), holder, kind=kind, reader_hash=for_readers)


def _canonical(text: str, spelling: str, column: str, which: str) -> str:
    """Return the canonical number; a message counts badges and never repeats a number."""
    try:
        return badges.normalise(text, spelling)
    except WireError as fault:
        wrong(column, which + _said(fault))


def _said(fault: WireError) -> str:
    return fault.detail.removeprefix("credential: ").removeprefix("pin: ")
