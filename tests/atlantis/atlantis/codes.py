"""The shell: the payment code of Atlantis, an EMVCo code with field 45."""

from __future__ import annotations

from argosy.base.markets import DecodedCode, PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import leaf, template
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import schemes

PLACE = merchant.Place("XA", "KWD", "414", "el")
SHELL = "org.atlantis.shell"
KINDS = {"S": "merchant", "F": "person"}


def encode_code(pay: PayCode) -> str | Refused:
    """A shell for a shop (S) or for one of the folk (F)."""
    mark = next(mark for mark, kind in KINDS.items() if kind == pay.kind)
    shell = template("45", [leaf("00", SHELL), leaf("03", mark), leaf("07", pay.payee_number)])
    return merchant.build(pay, PLACE, [shell])


def decode_code(text: str) -> DecodedCode | Refused:
    """What a shell says; any other code is named."""
    code = emv.parse(text.strip())
    if isinstance(code, Refused):
        return code
    kind, number = KINDS.get(code.get("45", "03") or ""), code.get("45", "07")
    if code.get("45", "00") != SHELL or kind is None or number is None:
        scheme = ", ".join(schemes(code)) or "a scheme without a name"
        return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": scheme})
    said = merchant.read(code, PLACE)
    if isinstance(said, Refused):
        return said
    kept = merchant.kept(code, {"45.00", "45.03", "45.07"})
    return DecodedCode(
        "shell", kind, number, said.amount_minor, PLACE.currency, said.name, said.reference, kept
    )
