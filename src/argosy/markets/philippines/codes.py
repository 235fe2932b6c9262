"""Payment codes of the Philippines: QR Ph, to shops (P2M) and to people (P2P), at our own bank code.

A shop is named by its wallet number in field 28, a person by wallet number or mobile number in field 27.
Codes of other banks and wallets are correct codes that belong to others: named, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import replace

from argosy.base.markets import DecodedCode, PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import Code
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import not_taken, qrph
from argosy.channels.qr.schemes.qrph import Merchant, Person
from argosy.channels.qr.standard import Additional
from argosy.markets.philippines.phones import MOBILE, PLAN

BANK = "ARGOPHM1XXX"  # ours, as ISO 9362 would have it
PLACE = merchant.Place("PH", "PHP", "608")

_PHONE = re.compile(PLAN.calling_code + MOBILE, re.ASCII)
_NUMBER = re.compile(r"[0-9]{4,12}", re.ASCII)
_MARKS = Additional(marks=(qrph.additional_mark(),))
_TAKEN = {"62.00", f"{qrph.OWN_FIELD}.00"}


def encode_code(pay: PayCode) -> str | Refused:
    """The code of `pay`: QR Ph P2M for a shop, P2P for a person."""
    more = (qrph.own_field(),)
    if pay.kind == "merchant":
        fields = Merchant(BANK, pay.payee_number, account=pay.payee_number).fields()
    else:
        pay = replace(pay, category=qrph.PERSON_CATEGORY)
        fields = Person(BANK, pay.payee_number.removeprefix("+")).fields()
    if isinstance(fields, Refused):
        return fields
    return merchant.build(pay, PLACE, fields, additional=_MARKS, more=more)


def decode_code(text: str) -> DecodedCode | Refused:
    """What a code of ours says. Another wallet's is refused with CODE_SCHEME_NOT_TAKEN (`scheme`)."""
    text = text.strip()
    if not text:
        return Refused(CodeReason.CODE_MISSING, field="code")
    code = emv.parse(text)
    if isinstance(code, Refused):
        return code
    shop = qrph.read_merchant(code)
    if isinstance(shop, Refused):
        return shop
    if shop is not None:
        return _of(code, "merchant", shop.bank, shop.merchant, qrph.MERCHANT_FIELD)
    person = qrph.read_person(code)
    if isinstance(person, Refused):
        return person
    if person is not None:
        return _of(code, "person", person.bank, person.account, qrph.PERSON_FIELD)
    return not_taken(code)


def _of(code: Code, kind: str, bank: str, account: str, field: str) -> DecodedCode | Refused:
    if bank[:8] != BANK[:8]:
        return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": f"{qrph.NAME} ({bank})"})
    if _PHONE.fullmatch(account):
        kind, reference = "person", f"+{account}"
    elif _NUMBER.fullmatch(account):
        reference = account
    else:
        facts = {"problem": f"no wallet number in field {field}"}
        return Refused(CodeReason.CODE_UNREADABLE, facts)
    said = merchant.read(code, PLACE)
    if isinstance(said, Refused):
        return said
    parts = ("00", "01", "02", "03", "04", "05")
    kept = merchant.kept(code, _TAKEN | {f"{field}.{part}" for part in parts})
    return DecodedCode(
        qrph.NAME,
        kind,
        reference,
        said.amount_minor,
        PLACE.currency,
        said.name,
        said.reference or qrph.reference_of(code),
        kept,
    )
