"""Amounts as a locale writes them, from whole minor units and without asking the locale each time.

Every message and page about money writes an amount, and asking Babel for each costs more than all the
rest of the sentence. So a form is made once for each (locale, currency), from the locale's own pattern
and signs, and is proved against Babel on samples before it is used; where it differs Babel keeps the
word.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    format_currency,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    get_minus_sign_symbol,
    parse_pattern,
)

from argosy.base.money import Money, exponent

_SAMPLES = (0, 1, 5, 99, 100, 999, 1_234, 99_999, 123_456, 9_876_543, 12_345_678_901, -1, -250_001)
FORMS_MAX = 2_000

Form = Callable[[int], str]


def written(money: Money, locale: Locale, step_minor: int = 1) -> str:
    """`money` as it is written in `locale`: `₹1,23,456.50`; without decimals where `step_minor`, the
    smallest sum in use, is a whole unit and so is the amount: `Rp15.000`."""
    decimals = exponent(money.currency) or 0
    unit = 10**decimals
    if decimals and step_minor >= unit and money.minor % unit == 0:
        return _form(str(locale), money.currency, 0)(money.minor // unit)
    return _form(str(locale), money.currency, decimals)(money.minor)


@lru_cache(maxsize=FORMS_MAX)
def _form(locale_name: str, currency: str, decimals: int) -> Form:
    locale = Locale.parse(locale_name)

    def asked(minor: int) -> str:
        return str(
            format_currency(
                Decimal(minor).scaleb(-decimals),
                currency,
                _pattern(locale, decimals),
                locale=locale,
                currency_digits=False,
            )
        )

    own = _own_form(locale, currency, decimals)
    return own if all(own(minor) == asked(minor) for minor in _SAMPLES) else asked


def _own_form(locale: Locale, currency: str, decimals: int) -> Form:
    pattern = parse_pattern(_pattern(locale, decimals))
    symbol = get_currency_symbol(currency, locale)
    minus = get_minus_sign_symbol(locale)
    point, comma = get_decimal_symbol(locale), get_group_symbol(locale)
    first, following = pattern.grouping

    def around(index: int) -> tuple[str, str]:
        texts = (pattern.prefix[index], pattern.suffix[index])
        before, after = (text.replace("-", minus).replace("¤", symbol) for text in texts)
        return before, after

    positive, negative = around(0), around(1)
    unit = 10**decimals

    def form(minor: int) -> str:
        before, after = negative if minor < 0 else positive
        whole, part = divmod(abs(minor), unit)
        digits = str(whole)
        if len(digits) > first:
            groups, rest = [digits[-first:]], digits[:-first]
            while rest:
                groups.append(rest[-following:])
                rest = rest[:-following]
            digits = comma.join(reversed(groups))
        tail = f"{point}{part:0{decimals}d}" if decimals else ""
        return f"{before}{digits}{tail}{after}"

    return form


def _pattern(locale: Locale, decimals: int) -> str:
    """The locale's own pattern, with as many decimals as ISO 4217 gives the currency."""
    pattern = locale.currency_formats["standard"].pattern
    places = "." + "0" * decimals if decimals else ""
    return str(pattern).replace(".00", places)
