"""Payment codes of Indonesia: QRIS, with our own acquirer's template beside the national one.

Field 26 names our merchant: a PAN that begins with our number and ends in a check digit, and the wallet
number; a letter before it says that the payee is a person. Codes of other acquirers alone are correct codes
that belong to others: they are named, never guessed at. Whole rupiah are written without decimals.
"""

from __future__ import annotations

import re

from argosy.base.markets import DecodedCode, PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import Code
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import not_taken, qris
from argosy.channels.qr.schemes.qris import Acquirer, National, Size
from argosy.markets.indonesia.phones import MOBILE

DOMAIN = "CO.ARGOSY.WWW"
PAN_START = "93600999"  # 936 and our number at the national switch
NATIONAL_START = "ID102"
NUMBER_DIGITS = 10
PERSON, PHONE = "P", "M"
PLACE = merchant.Place("ID", "IDR", "360", whole_units=True)

_PAYEE = re.compile(rf"(?:({PERSON})?([0-9]{{4,10}})|{PHONE}(62{MOBILE}))", re.ASCII)
_PARTS = ("00", "01", "02", "03")


def encode_code(pay: PayCode) -> str | Refused:
    """The code of `pay`: QRIS, for shops with the national number."""
    number = "0" if pay.payee_number.startswith("+") else pay.payee_number
    padded = number.zfill(NUMBER_DIGITS)
    account = qris.checked(PAN_START + padded)
    ours = Acquirer(DOMAIN, account, _payee_of(pay), Size.MICRO).fields()
    if isinstance(ours, Refused) or pay.kind == "person":
        return ours if isinstance(ours, Refused) else merchant.build(pay, PLACE, ours)
    national = National(NATIONAL_START + padded, Size.MICRO).fields()
    if isinstance(national, Refused):
        return national
    return merchant.build(pay, PLACE, (*ours, *national))


def decode_code(text: str) -> DecodedCode | Refused:
    """What a code of ours says. Another wallet's is refused with CODE_SCHEME_NOT_TAKEN (`scheme`)."""
    text = text.strip()
    if not text:
        return Refused(CodeReason.CODE_MISSING, field="code")
    code = emv.parse(text)
    if isinstance(code, Refused):
        return code
    acquirers = qris.read_acquirers(code)
    if isinstance(acquirers, Refused):
        return acquirers
    for one in acquirers:
        if one.domain.upper() == DOMAIN and one.account.startswith(PAN_START):
            return _said(code, one)
    if acquirers:
        names = ", ".join(dict.fromkeys(one.domain for one in acquirers))
        return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": f"{qris.NAME} ({names})"})
    return not_taken(code)


def _payee_of(pay: PayCode) -> str:
    if pay.payee_number.startswith("+"):
        return PHONE + pay.payee_number[1:]
    return (PERSON if pay.kind == "person" else "") + pay.payee_number


def _said(code: Code, ours: Acquirer) -> DecodedCode | Refused:
    payee = _PAYEE.fullmatch(ours.merchant_id)
    if payee is None or not qris.is_checked(ours.account):
        problem = f"no wallet number in field {ours.field}"
        return Refused(CodeReason.CODE_UNREADABLE, {"problem": problem})
    said = merchant.read(code, PLACE)
    if isinstance(said, Refused):
        return said
    taken = {f"{field}.{part}" for field in (ours.field, qris.NATIONAL_FIELD) for part in _PARTS}
    return DecodedCode(
        qris.NAME,
        "person" if payee[1] or payee[3] else "merchant",
        f"+{payee[3]}" if payee[3] else payee[2],
        said.amount_minor,
        PLACE.currency,
        said.name,
        said.reference,
        merchant.kept(code, taken),
    )
