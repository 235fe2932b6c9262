"""Numbers of tax offices and documents: how one is typed, its one form, and its check digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from argosy.base.refusals import Kind, Reason, Refused

_SEPARATORS = re.compile(r"[\s.\-/]+")
TYPED_CHARS_MAX = 60


class NumberReason(Reason):
    """Why a tax number or a document's number is not taken."""

    TAX_NUMBER_UNREADABLE = 493, Kind.INPUT, "This is not a tax number of this country."
    DOCUMENT_UNREADABLE = 494, Kind.INPUT, "This is not the number of a document taken here."


def _any(_text: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a number looks: `pattern` of its letters and digits without separators (ASCII, upper case),
    and `check`, which proves its check digits. Called with what was typed."""

    pattern: str
    example: str
    check: Callable[[str], bool] = _any
    reason: Reason = NumberReason.TAX_NUMBER_UNREADABLE
    field: str = "tax_number"

    def __call__(self, typed: str) -> str | Refused:
        """The number without separators, in capitals; refused with `reason` (fact `example`)."""
        text = bare(typed)
        if text is not None and re.fullmatch(self.pattern, text, re.ASCII) and self.check(text):
            return text
        return Refused(self.reason, {"example": self.example}, field=self.field)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A number of any of several forms, as where one of several documents may be shown; the first
    form's refusal speaks for all."""

    forms: tuple[NumberForm, ...]

    def __call__(self, typed: str) -> str | Refused:
        """The number by the first form that it has."""
        answers = [form(typed) for form in self.forms]
        return next((answer for answer in answers if isinstance(answer, str)), answers[0])


def document(pattern: str, example: str, check: Callable[[str], bool] = _any) -> NumberForm:
    """The form of a document's number, as evidence of identity."""
    return NumberForm(pattern, example, check, NumberReason.DOCUMENT_UNREADABLE, "value")


def bare(typed: str) -> str | None:
    """Letters and digits in capitals, digits of any script as ASCII; None where it is too long."""
    if len(typed) > TYPED_CHARS_MAX:
        return None
    text = "".join(
        str(digit) if (digit := unicodedata.decimal(char, None)) is not None else char
        for char in typed
    )
    return _SEPARATORS.sub("", text).upper()


def mod_11(text: str) -> bool:
    """Thirteen digits as in Thailand: weights 13 to 2, the last digit is what is missing to 11."""
    total = sum(int(digit) * weight for digit, weight in zip(text, range(13, 1, -1), strict=False))
    return (11 - total % 11) % 10 == int(text[-1])


def mod_36(text: str) -> bool:
    """Fifteen characters as in a GSTIN: base 36, weights 1 and 2 by turns, digits of products added."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = 0
    for place, sign in enumerate(text[:-1]):
        product = signs.index(sign) * (1 + place % 2)
        total += product // 36 + product % 36
    return signs[-total % 36] == text[-1]


def luhn(text: str) -> bool:
    """Digits of which every second from the right counts double (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(text)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
