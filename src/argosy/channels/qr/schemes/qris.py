"""QRIS: fields 26 to 45 name an acquirer and its merchant, field 51 the merchant's national number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code, Field
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.schemes import forms
from argosy.channels.qr.schemes.forms import Part

NAME = "QRIS"
NATIONAL_FIELD, NATIONAL_ID = "51", "ID.CO.QRIS.WWW"
ACQUIRER_FIELDS = tuple(f"{n:02d}" for n in range(26, 46))
PAN_START = "936"


class Size(StrEnum):
    """How large the merchant is, by which its price is set."""

    MICRO = "UMI"
    SMALL = "UKE"
    MIDDLE = "UME"
    LARGE = "UBE"
    REGULAR = "URE"


_SIZE = r"U(?:MI|KE|ME|BE|RE)"
_DOMAIN = r"[A-Za-z0-9-]{1,20}(?:\.[A-Za-z0-9-]{1,20}){1,4}"
_ACQUIRER = (
    Part("01", "merchant account", r"936[0-9]{12,16}", needed=True),
    Part("02", "merchant id", r"[ -~]{1,15}"),
    Part("03", "size", _SIZE),
)
_NATIONAL = (
    Part("02", "national number", r"ID[0-9]{13}", needed=True),
    Part("03", "size", _SIZE),
)


@dataclass(frozen=True, slots=True)
class Acquirer:
    """A merchant at one acquirer. `domain` is the acquirer's, reversed (`CO.ARGOSY.WWW`);
    `account` is the merchant's PAN: 936, and at its end a check digit."""

    domain: str
    account: str
    merchant_id: str = ""
    size: Size | None = None
    field: str = "26"

    def fields(self) -> tuple[Field, ...] | Refused:
        """One of the fields 26 to 45. Refused where the PAN's check digit is wrong."""
        wrong = forms.unfit(f"{self.field}.00", Part("00", "domain", _DOMAIN, True), self.domain)
        if wrong is None and self.field not in ACQUIRER_FIELDS:
            wrong = _unfit(self.field, "not a field of an acquirer")
        if wrong is None and not is_checked(self.account):
            wrong = _unfit(f"{self.field}.01", "the check digit of the merchant account is wrong")
        if wrong is not None:
            return wrong
        values = {
            "merchant account": self.account,
            "merchant id": self.merchant_id,
            "size": self.size.value if self.size else None,
        }
        field = forms.written(self.field, self.domain, _ACQUIRER, values)
        return field if isinstance(field, Refused) else (field,)


@dataclass(frozen=True, slots=True)
class National:
    """The merchant's national number (NMID): "ID" and 13 digits."""

    number: str
    size: Size | None = None

    def fields(self) -> tuple[Field, ...] | Refused:
        """Field 51."""
        size = self.size.value if self.size else None
        values = {"national number": self.number, "size": size}
        field = forms.written(NATIONAL_FIELD, NATIONAL_ID, _NATIONAL, values)
        return field if isinstance(field, Refused) else (field,)


def checked(digits: str) -> str:
    """`digits` with the check digit of a PAN behind them (ISO/IEC 7812: Luhn)."""
    return digits + str(-_luhn(digits + "0") % 10)


def is_checked(account: str) -> bool:
    """Whether the last digit of a PAN is the right one."""
    return account.isascii() and account.isdigit() and _luhn(account) == 0


def read_acquirers(code: Code) -> tuple[Acquirer, ...] | Refused:
    """Every acquirer in the code, in its order. A field whose account is no PAN of this scheme belongs
    to another scheme and is passed over, one whose account is malformed is refused."""
    found = []
    for field in code.fields:
        account = code.get(field.id, "01") or ""
        if field.id not in ACQUIRER_FIELDS or not account.startswith(PAN_START):
            continue
        values = forms.read(code, field.id, _ACQUIRER)
        if isinstance(values, Refused):
            return values
        size = values["size"]
        found.append(
            Acquirer(
                code.get(field.id, "00") or "",
                account,
                values["merchant id"] or "",
                Size(size) if size else None,
                field.id,
            )
        )
    return tuple(found)


def read_national(code: Code) -> National | Refused | None:
    """The national number in field 51."""
    if not forms.is_of(code, NATIONAL_FIELD, (NATIONAL_ID,)):
        return None
    values = forms.read(code, NATIONAL_FIELD, _NATIONAL)
    if isinstance(values, Refused):
        return values
    size = values["size"]
    return National(values["national number"] or "", Size(size) if size else None)


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10


def _unfit(field: str, problem: str) -> Refused:
    return Refused(CodeReason.CODE_FIELD_UNFIT, {"field": field, "problem": problem})
