"""QR Ph: field 27 names a person, field 28 a merchant; 62 and 88 say that the code is QR Ph."""

from __future__ import annotations

from dataclasses import dataclass

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code, Field, leaf, template
from argosy.channels.qr.schemes import forms
from argosy.channels.qr.schemes.forms import Part

NAME = "QR Ph"
PERSON_FIELD, PERSON_ID = "27", "com.p2pqrpay"
MERCHANT_FIELD, MERCHANT_ID = "28", "ph.ppmi.p2m"
OWN_FIELD, OWN_ID = "88", "ph.ppmi.qrph"
PERSON_CATEGORY = "6016"
NETWORK = "99964403"

_BIC = r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"
_PERSON = (
    Part("01", "bank", _BIC, needed=True),
    Part("02", "network", r"[0-9]{1,19}"),
    Part("03", "merchant", r"[ -~]{1,19}"),
    Part("04", "account", r"[A-Za-z0-9]{1,34}", needed=True),
    Part("05", "mobile", r"\+?[0-9-]{1,15}"),
)
_MERCHANT = (
    Part("01", "bank", _BIC, needed=True),
    Part("02", "network", r"[0-9]{1,19}"),
    Part("03", "merchant", r"[ -~]{1,25}", needed=True),
    Part("04", "account", r"[A-Za-z0-9]{1,34}"),
    Part("05", "mobile", r"\+?[0-9-]{1,15}"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a code to a person pays: a bank or wallet by its BIC (8 or 11), and the account there."""

    bank: str
    account: str
    mobile: str = ""
    network: str = NETWORK
    merchant: str = ""

    def fields(self) -> tuple[Field, ...] | Refused:
        """Field 27. Its codes have the category 6016."""
        field = forms.written(PERSON_FIELD, PERSON_ID, _PERSON, _values(self))
        return field if isinstance(field, Refused) else (field,)


@dataclass(frozen=True, slots=True)
class Merchant:
    """Whom a code to a merchant pays: the merchant's number at a bank or wallet."""

    bank: str
    merchant: str
    account: str = ""
    mobile: str = ""
    network: str = ""

    def fields(self) -> tuple[Field, ...] | Refused:
        """Field 28."""
        field = forms.written(MERCHANT_FIELD, MERCHANT_ID, _MERCHANT, _values(self))
        return field if isinstance(field, Refused) else (field,)


def _values(payee: Person | Merchant) -> dict[str, str | None]:
    return {
        "bank": payee.bank,
        "network": payee.network,
        "merchant": payee.merchant,
        "account": payee.account,
        "mobile": payee.mobile,
    }


def additional_mark() -> Field:
    """What QR Ph puts first into field 62."""
    return leaf("00", OWN_ID)


def own_field(reference: str = "") -> Field:
    """Field 88, with the merchant's reference where there is one."""
    parts = [leaf("00", OWN_ID)]
    if reference:
        parts.append(leaf("01", reference))
    return template(OWN_FIELD, parts)


def read_person(code: Code) -> Person | Refused | None:
    """Whom field 27 names."""
    if not forms.is_of(code, PERSON_FIELD, (PERSON_ID,)):
        return None
    values = forms.read(code, PERSON_FIELD, _PERSON)
    if isinstance(values, Refused):
        return values
    return Person(**{name: value or "" for name, value in values.items()})


def read_merchant(code: Code) -> Merchant | Refused | None:
    """Whom field 28 names."""
    if not forms.is_of(code, MERCHANT_FIELD, (MERCHANT_ID,)):
        return None
    values = forms.read(code, MERCHANT_FIELD, _MERCHANT)
    if isinstance(values, Refused):
        return values
    return Merchant(**{name: value or "" for name, value in values.items()})


def reference_of(code: Code) -> str | None:
    """The merchant's reference in field 88."""
    return code.get(OWN_FIELD, "01") if forms.is_of(code, OWN_FIELD, (OWN_ID,)) else None
