"""BharatQR: card numbers in fields 02 to 07, a bank account in 08, a UPI address in 26 and 27."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code, Field, leaf
from argosy.channels.qr.schemes import forms
from argosy.channels.qr.schemes.forms import Part

NAME = "BharatQR"
UPI_ID = "A000000524"
ADDRESS_FIELD, REFERENCE_FIELD, BANK_FIELD = "26", "27", "08"
CARD_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "02": "Visa",
        "03": "Visa",
        "04": "Mastercard",
        "05": "Mastercard",
        "06": "RuPay",
        "07": "RuPay",
    }
)
OWN_FIELDS: Mapping[str, str] = MappingProxyType(
    {"06": "RuPay", "07": "RuPay", BANK_FIELD: "bank account"}
)
"""What the country calls fields that the standard leaves to it, for `schemes` and `not_taken`."""

_CARD = Part("", "card number", r"[0-9]{12,19}", needed=True)
_ADDRESS = (
    Part("01", "address", r"[A-Za-z0-9._-]{1,64}@[A-Za-z][A-Za-z0-9]{1,31}", needed=True),
    Part("02", "smallest amount", r"[0-9]{1,10}(?:\.[0-9]{1,2})?"),
)
_REFERENCE = (
    Part("01", "reference", r"[A-Za-z0-9._-]{1,35}", needed=True),
    Part("02", "link", r"[ -~]{1,50}"),
)
_IFSC = Part("", "bank's code", r"[A-Z]{4}0[A-Z0-9]{6}", needed=True)
_ACCOUNT = Part("", "account", r"[A-Za-z0-9]{4,30}", needed=True)
_IFSC_CHARS = 11


@dataclass(frozen=True, slots=True)
class Upi:
    """Who is paid by UPI. `least` is the smallest amount taken, as text (`10.00`); `reference` and
    `link` say what for."""

    address: str
    least: str = ""
    reference: str = ""
    link: str = ""

    def fields(self) -> tuple[Field, ...] | Refused:
        """Field 26, and 27 where there is a reference."""
        values = {"address": self.address, "smallest amount": self.least}
        payee = forms.written(ADDRESS_FIELD, UPI_ID, _ADDRESS, values)
        if isinstance(payee, Refused):
            return payee
        if not self.reference and not self.link:
            return (payee,)
        said = {"reference": self.reference, "link": self.link}
        reference = forms.written(REFERENCE_FIELD, UPI_ID, _REFERENCE, said)
        return reference if isinstance(reference, Refused) else (payee, reference)


@dataclass(frozen=True, slots=True)
class Cards:
    """The merchant's numbers at the card schemes, by field (`02` to `07`), and the bank account."""

    numbers: Mapping[str, str] = field(default_factory=dict)
    ifsc: str = ""
    account: str = ""

    def fields(self) -> tuple[Field, ...] | Refused:
        """Fields 02 to 08."""
        row = []
        for name in sorted(self.numbers):
            known = _CARD if name in CARD_FIELDS else Part("", "field of a card scheme", "", True)
            wrong = forms.unfit(name, known, self.numbers[name])
            if wrong is not None:
                return wrong
            row.append(leaf(name, self.numbers[name]))
        if self.ifsc or self.account:
            wrong = forms.unfit(BANK_FIELD, _IFSC, self.ifsc)
            wrong = wrong or forms.unfit(BANK_FIELD, _ACCOUNT, self.account)
            if wrong is not None:
                return wrong
            row.append(leaf(BANK_FIELD, self.ifsc + self.account))
        return tuple(row)


def read_upi(code: Code) -> Upi | Refused | None:
    """Whom field 26 names, and what field 27 adds."""
    if not forms.is_of(code, ADDRESS_FIELD, (UPI_ID,)):
        return None
    values = forms.read(code, ADDRESS_FIELD, _ADDRESS)
    if isinstance(values, Refused):
        return values
    more: dict[str, str | None] = {}
    if forms.is_of(code, REFERENCE_FIELD, (UPI_ID,)):
        said = forms.read(code, REFERENCE_FIELD, _REFERENCE)
        if isinstance(said, Refused):
            return said
        more = said
    return Upi(
        (values["address"] or "").lower(),
        values["smallest amount"] or "",
        more.get("reference") or "",
        more.get("link") or "",
    )


def read_cards(code: Code) -> Cards | None:
    """The card numbers and the bank account, as they stand; None where the code has neither."""
    numbers = {name: value for name in CARD_FIELDS if (value := code.get(name)) is not None}
    bank = code.get(BANK_FIELD) or ""
    if not numbers and not bank:
        return None
    return Cards(numbers, bank[:_IFSC_CHARS], bank[_IFSC_CHARS:])
