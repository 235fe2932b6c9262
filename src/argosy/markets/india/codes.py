"""Payment codes of India: BharatQR for merchants, UPI links for persons, both with our own addresses.

A payee is named by a UPI address of our handle, `<number>@argosy`: the wallet's public number, or a
person's ten-digit mobile number. Addresses of other handles and codes that only name cards are correct
codes that belong to others: they are named, never guessed at.
"""

from __future__ import annotations

import re

from argosy.base.markets import DecodedCode, PayCode
from argosy.base.money import Money, plain
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant, upi
from argosy.channels.qr.emv import Code, leaf, template
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import schemes
from argosy.markets.india.phones import MOBILE

HANDLE = "argosy"
UPI_ID = "A000000524"
PLACE = merchant.Place("IN", "INR", "356", "hi")

_OWN_FIELDS = {"06": "RuPay", "07": "RuPay", "08": "bank account"}
_MOBILE = re.compile(MOBILE, re.ASCII)
_NUMBER = re.compile(r"[0-9]{4,12}", re.ASCII)


def encode_code(pay: PayCode) -> str | Refused:
    """The code of `pay`: BharatQR for a merchant, a UPI link for a person."""
    address = f"{pay.payee_number.removeprefix('+91')}@{HANDLE}"
    if pay.kind == "person":
        return _link(pay, address)
    account = template("26", [leaf("00", UPI_ID), leaf("01", address)])
    return merchant.build(pay, PLACE, [account])


def decode_code(text: str) -> DecodedCode | Refused:
    """What a code of ours says. Another wallet's is refused with CODE_SCHEME_NOT_TAKEN (`scheme`)."""
    text = text.strip()
    if not text:
        return Refused(CodeReason.CODE_MISSING, field="code")
    if upi.is_link(text):
        return _from_link(text)
    code = emv.parse(text)
    return code if isinstance(code, Refused) else _from_code(code)


def _link(pay: PayCode, address: str) -> str | Refused:
    pairs = {"pa": address, "pn": merchant.latin_name(pay.name) or pay.name}
    if pay.order_reference:
        pairs["tr"] = merchant.fold_reference(pay.order_reference)
    if pay.amount_minor is not None:
        pairs["am"] = plain(Money(pay.amount_minor, PLACE.currency))
    return upi.build({**pairs, "cu": PLACE.currency})


def _from_link(text: str) -> DecodedCode | Refused:
    link = upi.parse(text)
    if isinstance(link, Refused):
        return link
    if link.handle != HANDLE:
        return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": f"UPI (@{link.handle})"})
    if link.currency != PLACE.currency:
        return Refused(CodeReason.CODE_CURRENCY_NOT_TAKEN, {"currency": link.currency})
    shop = link.category not in (None, "0000")
    payee = _payee(link.local, "merchant" if shop else "person")
    if isinstance(payee, Refused):
        return payee
    order = merchant.unfold_reference(link.reference) if link.reference else None
    return DecodedCode(
        "upi",
        *payee,
        link.amount_minor,
        link.currency,
        link.name,
        order,
        link.unknown,
        link.expires_at,
    )


def _from_code(code: Code) -> DecodedCode | Refused:
    names = list(schemes(code, _OWN_FIELDS))
    for one in code.fields:
        address = code.get(one.id, "01") or ""
        if (code.get(one.id, "00") or "").upper() != UPI_ID or "@" not in address:
            continue
        local, _, handle = address.lower().partition("@")
        if handle != HANDLE:
            names = [f"UPI (@{handle})" if name == "UPI" else name for name in names]
            continue
        said = merchant.read(code, PLACE)
        if isinstance(said, Refused):
            return said
        payee = _payee(local, "merchant")
        if isinstance(payee, Refused):
            return payee
        kept = merchant.kept(code, {f"{one.id}.00", f"{one.id}.01"})
        return DecodedCode(
            "bharatqr", *payee, said.amount_minor, PLACE.currency, said.name, said.reference, kept
        )
    scheme = ", ".join(names) or "a scheme without a name"
    return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": scheme})


def _payee(local: str, kind: str) -> tuple[str, str] | Refused:
    """Kind and reference of the payee; a mobile number is always a person's."""
    if _MOBILE.fullmatch(local):
        return "person", f"+91{local}"
    if _NUMBER.fullmatch(local):
        return kind, local
    return Refused(CodeReason.CODE_UNREADABLE, {"problem": f"no wallet number before @{HANDLE}"})
