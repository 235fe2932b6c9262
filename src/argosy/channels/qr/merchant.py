"""What every EMVCo code says around a country's own template: amount, currency, name, place, reference.

A market pack gives the template with the payee in it (`Around` and `build`) and reads only that template
back; the rest is the same everywhere and is read by `read`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from argosy.base.ids import parse_id
from argosy.base.markets import DecodedCode, PayCode
from argosy.base.money import AMOUNT_MINOR_MAX, Money, exponent, plain
from argosy.base.refusals import Refused
from argosy.channels.qr.emv import Code, Field
from argosy.channels.qr.latin import spell
from argosy.channels.qr.reasons import CodeReason
from argosy.channels.qr.standard import Additional, Local, MerchantCode, encode

NOTHING_MORE = Additional()
NAME_CHARS_MAX = 25
CITY_CHARS_MAX = 15
AMOUNT_CHARS_MAX = 13
REFERENCE_CHARS_MAX = 25

_AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)
_JOINERS = "\u200c\u200d"  # invisible, but Indian scripts need them
_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Place:
    """Where codes are written: the country (ISO 3166-1), the currency by name and by ISO number, and
    the language of names that are not in Latin letters (None: they are only spelled in Latin). With
    `whole_units` a whole amount is written without decimals (rupiah)."""

    country: str
    currency: str
    currency_number: str
    language: str | None = None
    whole_units: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What a code says apart from who is paid."""

    amount_minor: int | None
    name: str | None
    city: str | None
    category: str | None
    reference: str | None


def build(
    pay: PayCode,
    place: Place,
    accounts: Iterable[Field],
    *,
    additional: Additional = NOTHING_MORE,
    postal: str = "",
    more: Iterable[Field] = (),
) -> str | Refused:
    """Write the code for `pay`; `accounts` are the country's own templates (fields 02 to 51).

    Names are shortened to what a code holds and spelled in Latin letters, because a shop with a long
    name must have a code as well; the name as it is goes into the language template where it is in
    another script. Anything else that does not fit is refused, never cut. `additional` is the rest of
    field 62 (its reference is the order's), `more` are fields 65 to 99.
    """
    name = latin_name(pay.name) or latin_name(f"MERCHANT {pay.payee_number}")
    own_name = _cut(pay.name, NAME_CHARS_MAX)
    local = None
    if place.language and own_name and not own_name.isascii():
        local = Local(place.language, own_name)
    if pay.order_reference:
        additional = replace(additional, reference=fold_reference(pay.order_reference))
    amount = ""
    if pay.amount_minor is not None:
        amount = money_text(pay.amount_minor, place)
    return encode(
        MerchantCode(
            tuple(accounts),
            place.currency_number,
            place.country,
            pay.category,
            amount,
            name,
            _cut(spell(pay.city).text, CITY_CHARS_MAX) or place.country,
            postal,
            pay.amount_minor is not None,
            additional=additional,
            local=local,
            more=tuple(more),
        )
    )


def money_text(amount_minor: int, place: Place) -> str:
    """An amount as a code has it; without decimals where the country writes whole units and the
    amount is whole."""
    text = plain(Money(amount_minor, place.currency))
    whole, _, part = text.partition(".")
    return whole if place.whole_units and not part.strip("0") else text


def read(code: Code, place: Place) -> Said | Refused:
    """What `code` says apart from the payee, in this place's currency.

    Refused with CODE_CURRENCY_NOT_TAKEN, CODE_AMOUNT_UNREADABLE or CODE_TIP_NOT_TAKEN.
    """
    number = code.get("53")
    if number is not None and number != place.currency_number:
        return Refused(CodeReason.CODE_CURRENCY_NOT_TAKEN, {"currency_number": number})
    if any(code.get(tip) is not None for tip in ("55", "56", "57")):
        return Refused(CodeReason.CODE_TIP_NOT_TAKEN)
    amount, typed = None, code.get("54")
    if typed is not None:
        minor = read_amount(typed, place.currency)
        if isinstance(minor, Refused):
            return minor
        amount = minor
    reference = code.get("62", "05")
    return Said(
        amount,
        code.get("64", "01") or code.get("59"),
        code.get("60"),
        code.get("52"),
        unfold_reference(reference) if reference else None,
    )


def unexpired(code: DecodedCode, now: datetime) -> DecodedCode | Refused:
    """`code` while its own time is not over; refused with CODE_EXPIRED (`expired_at`) afterwards.

    An order's deadline is the order's; this is for codes that carry one themselves."""
    if code.expires_at is not None and now >= code.expires_at:
        return Refused(CodeReason.CODE_EXPIRED, {"expired_at": code.expires_at})
    return code


def kept(code: Code, taken: Iterable[str]) -> Mapping[str, str]:
    """All values of `code` but those at the paths `taken` and those that `read` has read."""
    known = {"00", "01", "52", "53", "54", "58", "59", "60", "62.05", "64.00", "64.01", *taken}
    return {path: value for path, value in code.leaves().items() if path not in known}


def read_amount(text: str, currency: str) -> int | Refused:
    """The minor units of an amount in a code: ASCII digits and at most one point, above zero, and with
    no more decimals than `currency` has. Refused with CODE_AMOUNT_UNREADABLE or, for a currency that
    does not exist, CODE_CURRENCY_NOT_TAKEN."""
    digits = exponent(currency)
    if digits is None:
        return Refused(CodeReason.CODE_CURRENCY_NOT_TAKEN, {"currency": currency[:3]})
    match = _AMOUNT.fullmatch(text)
    if match is None or len(match[2] or "") > digits:
        return Refused(CodeReason.CODE_AMOUNT_UNREADABLE)
    minor = int(match[1] + (match[2] or "").ljust(digits, "0"))
    if not 0 < minor <= AMOUNT_MINOR_MAX:
        return Refused(CodeReason.CODE_AMOUNT_UNREADABLE)
    return minor


def latin_name(name: str) -> str:
    """`name` in Latin letters, as long as a code can hold; empty where nothing can be spelled."""
    return _cut(spell(name).text, NAME_CHARS_MAX)


def fold_reference(reference: str) -> str:
    """An order's id as 25 characters, which is what a code can hold; any other text as it is."""
    order = parse_id(reference)
    if order is None or order.version != 7:
        return reference
    rest, digits = order.int, ""
    for _ in range(REFERENCE_CHARS_MAX):
        rest, digit = divmod(rest, 36)
        digits = _BASE_36[digit] + digits
    return digits


def unfold_reference(text: str) -> str:
    """What `fold_reference` was given."""
    if len(text) == REFERENCE_CHARS_MAX and set(_BASE_36).issuperset(text):
        value = int(text, 36)
        if value < 1 << 128 and UUID(int=value).version == 7:
            return str(UUID(int=value))
    return text


def _cut(text: str, most: int) -> str:
    """At most `most` characters, nothing that does not print, and no letter without its marks."""
    shown = "".join(c if c.isprintable() or c in _JOINERS else " " for c in text)
    shown = " ".join(shown.split())
    if len(shown) > most:
        while most and unicodedata.category(shown[most]).startswith("M"):
            most -= 1
    return shown[:most].strip()
