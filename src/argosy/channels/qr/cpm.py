"""The EMVCo customer-presented code (QRCPS-CPM): base64 of BER-TLV, read and written.

`85` says CPV01 and comes first. Each `61` is an application template: `4F` its AID, `50` its label, and
one of `57` (track 2 equivalent) and `5A` (the number, as digits), with further card data as EMV has it.
`62` is common data for all; `63` within a template, and `64` within common data, are left to the scheme.
What is not known is kept and written back.

A wallet's one-time code travels in `63` of a template with the wallet's AID, in object `C1`, as digits: it is
longer than a card number may be, and no reader can take it for one.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from argosy.base.refusals import Refused
from argosy.channels.qr import tlv
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.tlv import Item

FORMAT = b"CPV01"
TEXT_CHARS_MAX = 684  # 512 bytes
BYTES_MAX = 512
FORMAT_TAG, APPLICATION_TAG, COMMON_TAG = "85", "61", "62"
AID_TAG, LABEL_TAG, TRACK_TAG, NUMBER_TAG, OWN_TAG = "4F", "50", "57", "5A", "63"
CODE_TAG = "C1"
WALLET_AID = bytes.fromhex("F04152474F5359")  # proprietary (F0...), then "ARGOSY"
WALLET_LABEL = "ARGOSY"

_DIGITS = re.compile(r"[0-9]{8,19}", re.ASCII)
_TRACK = re.compile(r"([0-9]{8,19})D([0-9]{4})([0-9]{3})([0-9]*)F?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9 ]{1,16}", re.ASCII)
_AID_BYTES = range(5, 17)


@dataclass(frozen=True, slots=True)
class Application:
    """One way to pay. `number` is `5A` as digits, `track` is `57` as hexadecimal digits with D between
    number and expiry; `more` are all other objects in their order."""

    aid: bytes
    label: str = ""
    number: str = ""
    track: str = ""
    more: tuple[Item, ...] = ()

    @property
    def payer(self) -> str:
        """The card or token number that is paid with, from `5A` or else from the track."""
        return self.number or self.track.partition("D")[0]


@dataclass(frozen=True, slots=True)
class CustomerCode:
    """A customer-presented code: its applications in order of preference, the common data, and what
    else stands at the top."""

    applications: tuple[Application, ...]
    common: tuple[Item, ...] = ()
    more: tuple[Item, ...] = ()


def is_presented(text: str) -> bool:
    """Whether `text` claims to be such a code."""
    return text.startswith("hQVDUFYw")


def encode(code: CustomerCode) -> str | Refused:
    """Write a code. Refused with CODE_FIELD_UNFIT (`field` is the tag) or CODE_FIELD_TOO_LONG."""
    if not code.applications:
        return _unfit(APPLICATION_TAG, "nobody who could pay")
    row = [tlv.item(FORMAT_TAG, FORMAT)]
    for one in code.applications:
        parts = _parts(one)
        if isinstance(parts, Refused):
            return parts
        row.append(tlv.template(APPLICATION_TAG, parts))
    if code.common:
        row.append(tlv.template(COMMON_TAG, code.common))
    data = b"".join(tlv.written(one) for one in (*row, *code.more))
    if len(data) > BYTES_MAX:
        return Refused(CodeReason.CODE_FIELD_TOO_LONG, {"field": "code", "most": BYTES_MAX})
    return base64.b64encode(data).decode()


def decode(text: str) -> CustomerCode | Refused:
    """Read a code. Refused with CODE_UNREADABLE (`problem`)."""
    if len(text) > TEXT_CHARS_MAX:
        return _unreadable("the code is too long")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return _unreadable("not base64")
    row = tlv.read(data)
    if isinstance(row, str):
        return _unreadable(row)
    if not row or row[0].tag != FORMAT_TAG:
        return _unreadable("the payload format does not come first")
    if row[0].value != FORMAT:
        return _unreadable("not of version CPV01")
    applications = []
    for one in row:
        if one.tag != APPLICATION_TAG:
            continue
        application = _application(one)
        if isinstance(application, str):
            return _unreadable(application)
        applications.append(application)
    if not applications:
        return _unreadable("no application template")
    common = tlv.find(row, COMMON_TAG)
    known = (FORMAT_TAG, APPLICATION_TAG, COMMON_TAG)
    return CustomerCode(
        tuple(applications),
        common.items if common else (),
        tuple(one for one in row[1:] if one.tag not in known),
    )


def wallet_code(one_time: str, aid: bytes = WALLET_AID, label: str = WALLET_LABEL) -> str | Refused:
    """A wallet's one-time code (digits) as a customer-presented code."""
    own = tlv.template(OWN_TAG, [tlv.item(CODE_TAG, one_time.encode("ascii", "replace"))])
    return encode(CustomerCode((Application(aid, label, more=(own,)),)))


def one_time_of(text: str, aid: bytes = WALLET_AID) -> str | None:
    """The one-time code of our wallet in a customer-presented code; None where there is none."""
    code = decode(text) if is_presented(text) else None
    if not isinstance(code, CustomerCode):
        return None
    for one in code.applications:
        own = tlv.find(one.more, OWN_TAG)
        found = tlv.find(own.items, CODE_TAG) if own is not None and one.aid == aid else None
        if found is not None and found.value.isdigit():
            return found.value.decode()
    return None


def names(code: CustomerCode) -> tuple[str, ...]:
    """What the applications call themselves: their labels, or their AIDs."""
    return tuple(dict.fromkeys(one.label or one.aid.hex().upper() for one in code.applications))


def _parts(one: Application) -> list[Item] | Refused:
    if len(one.aid) not in _AID_BYTES:
        return _unfit(AID_TAG, "an AID has 5 to 16 bytes")
    parts = [tlv.item(AID_TAG, one.aid)]
    if one.label:
        if not _LABEL.fullmatch(one.label):
            return _unfit(LABEL_TAG, "a label has up to 16 letters, digits and blanks")
        parts.append(tlv.item(LABEL_TAG, one.label.encode()))
    if one.track:
        if not _TRACK.fullmatch(one.track):
            return _unfit(TRACK_TAG, "not the equivalent of a track 2")
        parts.append(tlv.item(TRACK_TAG, _nibbles(one.track)))
    if one.number:
        if not _DIGITS.fullmatch(one.number):
            return _unfit(NUMBER_TAG, "a number has 8 to 19 digits")
        parts.append(tlv.item(NUMBER_TAG, _nibbles(one.number)))
    return [*parts, *one.more]


def _application(one: Item) -> Application | str:
    aid = tlv.find(one.items, AID_TAG)
    if aid is None or len(aid.value) not in _AID_BYTES:
        return "an application without an AID"
    label, track, number = (tlv.find(one.items, tag) for tag in (LABEL_TAG, TRACK_TAG, NUMBER_TAG))
    said = label.value.decode("latin-1") if label else ""
    if label and not said.isprintable():
        return "a label that does not print"
    track_text = track.value.hex().upper().removesuffix("F") if track else ""
    if track and not _TRACK.fullmatch(track_text):
        return "a track 2 that is none"
    digits = number.value.hex().upper().rstrip("F") if number else ""
    if number and not _DIGITS.fullmatch(digits):
        return "a number that has other signs than digits"
    known = (AID_TAG, LABEL_TAG, TRACK_TAG, NUMBER_TAG)
    more = tuple(part for part in one.items if part.tag not in known)
    return Application(aid.value, said, digits, track_text, more)


def _nibbles(text: str) -> bytes:
    """Half a byte for each sign, filled up with F."""
    return bytes.fromhex(text + "F" * (len(text) % 2))


def _unfit(field: str, problem: str) -> Refused:
    return Refused(CodeReason.CODE_FIELD_UNFIT, {"field": field, "problem": problem})


def _unreadable(problem: str) -> Refused:
    return Refused(CodeReason.CODE_UNREADABLE, {"position": 0, "problem": problem})
