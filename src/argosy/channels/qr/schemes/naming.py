"""The names of the payment schemes that are met in EMVCo codes, so that a refusal can say which it was."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code
from argosy.channels.qr.reasons import CodeReason

# Fields 02 to 25 belong to card schemes by number; countries use 06 to 08 for their own.
CARDS = (
    (range(2, 4), "Visa"),
    (range(4, 6), "Mastercard"),
    (range(9, 11), "Discover"),
    (range(11, 13), "Amex"),
    (range(13, 15), "JCB"),
    (range(15, 17), "UnionPay"),
)
# Templates 26 to 51 name their scheme in field 00, here in lower case.
BY_ID = {
    "a000000524": "UPI",
    "a000000677010111": "PromptPay",
    "a000000677010112": "PromptPay bill payment",
    "a000000677012006": "PromptPay",
    "com.p2pqrpay": "QR Ph",
    "ph.ppmi.p2m": "QR Ph",
    "id.co.qris.www": "QRIS",
    "sg.paynow": "PayNow",
    "a0000006150001": "DuitNow",
    "a000000727": "VietQR",
    "br.gov.bcb.pix": "Pix",
    "com.kh": "KHQR",
    "la.bcel": "Lao QR",
    "hk.com.hkicl": "FPS",
    "vn.napas": "VietQR",
}
NAMELESS = "a scheme without a name"


def schemes(code: Code, own: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Every scheme that `code` can be paid with, in the order of the code. `own` names fields as the
    country uses them; one that has no name is called by the id it gives itself, or by its field."""
    found: list[str] = []
    for one in code.fields:
        number = int(one.id)
        if own and one.id in own:
            name = own[one.id]
        elif 2 <= number <= 25:
            name = next((n for numbers, n in CARDS if number in numbers), f"card scheme {one.id}")
        elif 26 <= number <= 51:
            said = code.get(one.id, "00")
            name = BY_ID.get(said.lower(), said) if said else f"scheme {one.id}"
        else:
            continue
        if name not in found:
            found.append(name)
    return tuple(found)


def not_taken(code: Code, own: Mapping[str, str] | None = None) -> Refused:
    """The refusal of a correct code that nobody here can pay: CODE_SCHEME_NOT_TAKEN, whose `scheme`
    names every scheme in it."""
    named = ", ".join(schemes(code, own)) or NAMELESS
    return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": named})
