"""Money: whole minor units and an ISO 4217 currency. No float ever touches it."""

from __future__ import annotations

import re

import msgspec

from argosy.base.refusals import Kind, Reason, Refused, must

AMOUNT_MINOR_MAX = 10**15
"""No single amount may be larger: ten trillion of a two-digit currency."""

# ISO 4217 exponents that are not 2 (list one, 2024-06). Only the exceptions are written down.
_EXPONENT_0 = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
_EXPONENT_3 = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_EXPONENT_4 = frozenset("CLF UYW".split())
_EXPONENT_2 = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD
    HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU
    UZS VES WST XCD XCG YER ZAR ZMW ZWG XTS""".split()
)
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)
_AMOUNT_CHARS_MAX = 32


class AmountReason(Reason):
    """Why an amount could not be read."""

    AMOUNT_MISSING = 100, Kind.INPUT, "No amount was given."
    AMOUNT_UNREADABLE = 101, Kind.INPUT, "The amount is not a plain decimal number."
    AMOUNT_NOT_POSITIVE = 102, Kind.INPUT, "The amount must be more than zero."
    AMOUNT_TOO_PRECISE = 103, Kind.INPUT, "The amount has more decimals than its currency."
    AMOUNT_TOO_LARGE = 104, Kind.INPUT, "The amount is larger than any single amount may be."
    CURRENCY_UNKNOWN = 105, Kind.INPUT, "The currency is not an ISO 4217 code."
    CURRENCY_MISMATCH = 106, Kind.STATE, "The currency is not the one this account or order uses."


def exponent(currency: str) -> int | None:
    """How many decimals `currency` has by ISO 4217; None where there is no such currency."""
    if currency in _EXPONENT_2:
        return 2
    if currency in _EXPONENT_0:
        return 0
    if currency in _EXPONENT_3:
        return 3
    return 4 if currency in _EXPONENT_4 else None


def currencies() -> frozenset[str]:
    """Every ISO 4217 code that has an exponent here."""
    return _EXPONENT_0 | _EXPONENT_2 | _EXPONENT_3 | _EXPONENT_4


class Money(msgspec.Struct, frozen=True):
    """`minor` whole minor units of `currency`; may be zero or negative as a difference."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        must(self.currency == other.currency, "two currencies were added", left=self, right=other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        must(self.currency == other.currency, "two currencies were subtracted", a=self, b=other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        return f"{plain(self)} {self.currency}"


def plain(money: Money) -> str:
    """The amount as digits with a point and all decimals, e.g. `1234.50`; grouping is for screens."""
    digits = exponent(money.currency)
    must(digits is not None, "unknown currency", currency=money.currency)
    if not digits:
        return str(money.minor)
    sign = "-" if money.minor < 0 else ""
    whole, part = divmod(abs(money.minor), 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def parse_amount(text: str | None, currency: str, step_minor: int = 1) -> Money | Refused:
    """Read what a person typed, e.g. `1,234.50` or ` 12 `, as a positive amount of `currency`.

    Commas between digits are taken as grouping only where they group by threes (or, as in India, by
    twos after the first three); anything else is refused, never guessed. `step_minor` is the smallest
    sum in use: where that is a whole unit, as of the rupiah, points group as well, and decimals are
    refused as too precise.
    """
    digits = exponent(currency)
    if digits is None:
        return Refused(AmountReason.CURRENCY_UNKNOWN, field="currency")
    text = (text or "").strip()
    if not text:
        return Refused(AmountReason.AMOUNT_MISSING, field="amount")
    if len(text) > _AMOUNT_CHARS_MAX:
        too_large = text.isascii() and text.isdigit()
        reason = AmountReason.AMOUNT_TOO_LARGE if too_large else AmountReason.AMOUNT_UNREADABLE
        return Refused(reason, field="amount")
    if text.startswith("-") and _DECIMAL.fullmatch(text[1:]):
        return Refused(AmountReason.AMOUNT_NOT_POSITIVE, field="amount")
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]+)?", text, re.ASCII):
        text = text.replace(",", "")
    whole_only = step_minor >= 10**digits
    if whole_only and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", text, re.ASCII):
        text = text.replace(".", "")
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return Refused(AmountReason.AMOUNT_UNREADABLE, field="amount")
    whole, part = match.group(1), match.group(2) or ""
    most = 0 if whole_only else digits
    if len(part.rstrip("0") if whole_only else part) > most:
        return Refused(AmountReason.AMOUNT_TOO_PRECISE, {"decimals": most}, field="amount")
    part = part[:digits]
    return check_amount(int(whole + part.ljust(digits, "0")), currency)


def check_amount(minor: object, currency: str) -> Money | Refused:
    """Take an integer of minor units from a program as a positive amount of `currency`."""
    if exponent(currency) is None:
        return Refused(AmountReason.CURRENCY_UNKNOWN, field="currency")
    if not isinstance(minor, int) or isinstance(minor, bool):
        return Refused(AmountReason.AMOUNT_UNREADABLE, field="amount")
    if minor <= 0:
        return Refused(AmountReason.AMOUNT_NOT_POSITIVE, field="amount")
    if minor > AMOUNT_MINOR_MAX:
        largest = Money(AMOUNT_MINOR_MAX, currency)
        return Refused(AmountReason.AMOUNT_TOO_LARGE, {"most": largest}, field="amount")
    return Money(minor, currency)
