"""Payment codes of Thailand: PromptPay, to a wallet number of ours, to a mobile number, or to our biller.

A shop's code is a bill payment (field 30) to our biller, whose first reference is the shop's number; a
person's is PromptPay (field 29) to a wallet id that begins with our prefix, or to a mobile number, which
PromptPay gives to one person wherever their account is. Codes of other billers, wallets and accounts, and of
tax numbers, belong to others: they are named, never guessed at.
"""

from __future__ import annotations

from argosy.base.markets import DecodedCode, PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant
from argosy.channels.qr.emv import Code, Field
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import not_taken, promptpay
from argosy.channels.qr.schemes.promptpay import BillPayment, PromptPay, Proxy
from argosy.markets.thailand.phones import PLAN

BILLER = "099400012345101"  # tax number and suffix, given by the bank that settles
WALLETS = "14099"  # the first digits of wallet ids that are ours
NUMBER_DIGITS = 10
PLACE = merchant.Place("TH", "THB", "764", "th")

_OWN = {
    promptpay.PAY_FIELD: {f"{promptpay.PAY_FIELD}.{part}" for part in ("00", "01", "03")},
    promptpay.BILL_FIELD: {f"{promptpay.BILL_FIELD}.{part}" for part in ("00", "01", "02")},
}


def encode_code(pay: PayCode) -> str | Refused:
    """The code of `pay`: a bill payment to a shop, PromptPay to a person."""
    fields = _fields(pay)
    return fields if isinstance(fields, Refused) else merchant.build(pay, PLACE, fields)


def decode_code(text: str) -> DecodedCode | Refused:
    """What a code of ours says. Another wallet's is refused with CODE_SCHEME_NOT_TAKEN (`scheme`)."""
    text = text.strip()
    if not text:
        return Refused(CodeReason.CODE_MISSING, field="code")
    code = emv.parse(text)
    if isinstance(code, Refused):
        return code
    bill = promptpay.read_bill_payment(code)
    if isinstance(bill, Refused):
        return bill
    if bill is not None and bill.biller == BILLER:
        return _said(code, promptpay.BILL_NAME, "merchant", bill.first_reference, "30")
    payee = promptpay.read_promptpay(code)
    if isinstance(payee, Refused):
        return payee
    reference = _person(payee) if payee is not None else None
    if reference is None:
        return not_taken(code)
    return _said(code, promptpay.NAME, "person", reference, "29")


def _fields(pay: PayCode) -> tuple[Field, ...] | Refused:
    if pay.kind == "merchant":
        return BillPayment(BILLER, pay.payee_number).fields()
    if pay.payee_number.startswith("+"):
        return PromptPay(Proxy.MOBILE, pay.payee_number).fields()
    number = WALLETS + pay.payee_number.zfill(NUMBER_DIGITS)
    return PromptPay(Proxy.WALLET, number).fields()


def _person(payee: PromptPay) -> str | None:
    """The wallet number or mobile number that `payee` has here; None where it is not ours to pay."""
    if payee.proxy is Proxy.WALLET and payee.number.startswith(WALLETS):
        return payee.number.removeprefix(WALLETS).lstrip("0")
    if payee.proxy is Proxy.MOBILE:
        read = PLAN.read(payee.number)
        return read if isinstance(read, str) else None
    return None


def _said(code: Code, scheme: str, kind: str, reference: str, field: str) -> DecodedCode | Refused:
    said = merchant.read(code, PLACE)
    if isinstance(said, Refused):
        return said
    kept = merchant.kept(code, _OWN[field])
    return DecodedCode(
        scheme, kind, reference, said.amount_minor, PLACE.currency, said.name, said.reference, kept
    )
