"""PromptPay: field 29 names a person, a wallet or an account; field 30 a biller and its references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code, Field
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import forms
from argosy.channels.qr.schemes.forms import Part

PAY_FIELD, PAY_ID = "29", "A000000677010111"
BILL_FIELD, BILL_ID = "30", "A000000677010112"
NAME, BILL_NAME = "PromptPay", "PromptPay bill payment"
CALLING_CODE = "66"


class Proxy(StrEnum):
    """What names the payee. `MOBILE` is in E.164, the others are digits."""

    MOBILE = "mobile"
    TAX_ID = "tax id"  # a person's national number or a company's tax number
    WALLET = "wallet id"
    ACCOUNT = "bank account"


_PARTS: Mapping[Proxy, Part] = {
    Proxy.MOBILE: Part("01", "mobile", r"00[0-9]{11}"),
    Proxy.TAX_ID: Part("02", "tax id", r"[0-9]{13}"),
    Proxy.WALLET: Part("03", "wallet id", r"[0-9]{15}"),
    Proxy.ACCOUNT: Part("04", "bank account", r"[0-9]{4,43}"),
}
_BILL = (
    Part("01", "biller", r"[0-9]{13,15}", needed=True),
    Part("02", "first reference", r"[A-Za-z0-9]{1,20}", needed=True),
    Part("03", "second reference", r"[A-Za-z0-9]{1,20}"),
)


@dataclass(frozen=True, slots=True)
class PromptPay:
    """Who is paid by field 29."""

    proxy: Proxy
    number: str

    def fields(self) -> tuple[Field, ...] | Refused:
        """As a code has it: a mobile number +66812345678 as 0066812345678."""
        number = self.number
        if self.proxy is Proxy.MOBILE:
            number = f"00{number[1:]}" if number.startswith("+") else "-"
        part = _PARTS[self.proxy]
        field = forms.written(PAY_FIELD, PAY_ID, (_needed(part),), {part.name: number})
        return field if isinstance(field, Refused) else (field,)


@dataclass(frozen=True, slots=True)
class BillPayment:
    """A biller and what the payment is for. `second_reference` may be empty."""

    biller: str
    first_reference: str
    second_reference: str = ""

    def fields(self) -> tuple[Field, ...] | Refused:
        values = {
            "biller": self.biller,
            "first reference": self.first_reference,
            "second reference": self.second_reference,
        }
        field = forms.written(BILL_FIELD, BILL_ID, _BILL, values)
        return field if isinstance(field, Refused) else (field,)


def read_promptpay(code: Code) -> PromptPay | Refused | None:
    """Who field 29 names. Refused with CODE_UNREADABLE where it names nobody or more than one."""
    if not forms.is_of(code, PAY_FIELD, (PAY_ID,)):
        return None
    values = forms.read(code, PAY_FIELD, _PARTS.values())
    if isinstance(values, Refused):
        return values
    named = [(proxy, values[part.name]) for proxy, part in _PARTS.items() if values[part.name]]
    if len(named) != 1:
        whole = code.find(PAY_FIELD)
        facts = {"position": whole.at if whole else 0, "problem": "not one payee in field 29"}
        return Refused(CodeReason.CODE_UNREADABLE, facts)
    proxy, number = named[0]
    if proxy is Proxy.MOBILE:
        number = f"+{(number or '')[2:]}"
    return PromptPay(proxy, number or "")


def read_bill_payment(code: Code) -> BillPayment | Refused | None:
    """The biller and the references of field 30."""
    if not forms.is_of(code, BILL_FIELD, (BILL_ID,)):
        return None
    values = forms.read(code, BILL_FIELD, _BILL)
    if isinstance(values, Refused):
        return values
    return BillPayment(
        values["biller"] or "",
        values["first reference"] or "",
        values["second reference"] or "",
    )


def _needed(part: Part) -> Part:
    return Part(part.id, part.name, part.pattern, needed=True)
