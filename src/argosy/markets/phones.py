"""Reading a phone number as people type it, by a country's plan."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from argosy.base.parties.facts import PartyReason
from argosy.base.refusals import Kind, Reason, Refused

TYPED_CHARS_MAX = 40
_SEPARATORS = frozenset(" -.()/\u00a0\u2009\u202f\u2010\u2011\u2012\u2013\u2060\u200e\u200f")


class PhoneReason(Reason):
    """Why a phone number is not taken, where it is more than unreadable."""

    PHONE_MISSING = 490, Kind.INPUT, "No phone number was given."
    PHONE_NOT_OF_HERE = 491, Kind.INPUT, "A phone number of another country."
    PHONE_NOT_MOBILE = 492, Kind.INPUT, "Not a mobile number of this country."


@dataclass(frozen=True, slots=True)
class PhonePlan:
    """How a country's mobile numbers look. `calling_code` without plus; `mobile` is a pattern of the
    national number; `trunk` is what is dialled before it at home; `exits` what is dialled before the
    calling code; `example` is shown to whoever mistyped."""

    calling_code: str
    mobile: str
    example: str
    trunk: str = "0"
    exits: tuple[str, ...] = ("00",)

    def read(self, typed: str) -> str | Refused:
        """The number in E.164. Digits of any script, spaces, dashes, dots and brackets are taken; so are
        the trunk prefix, the exit prefix and the calling code. Refused with PHONE_MISSING,
        PHONE_UNREADABLE, PHONE_NOT_OF_HERE or PHONE_NOT_MOBILE (`example`)."""
        digits = _digits(typed)
        if digits is None:
            return self._no(PartyReason.PHONE_UNREADABLE)
        if digits == "":
            return self._no(PhoneReason.PHONE_MISSING)
        abroad = digits.startswith("+")
        if abroad:
            digits = digits[1:]
        elif (exit_ := next((e for e in self.exits if digits.startswith(e)), None)) is not None:
            abroad, digits = True, digits[len(exit_) :]
        if abroad and not digits.startswith(self.calling_code):
            return self._foreign(digits)
        for national in self._nationals(digits, abroad):
            if re.fullmatch(self.mobile, national, re.ASCII):
                return f"+{self.calling_code}{national}"
        return self._no(PhoneReason.PHONE_NOT_MOBILE)

    def _nationals(self, digits: str, abroad: bool) -> list[str]:
        """What the national number may be, the likeliest first."""
        found = [] if abroad else [digits]
        if digits.startswith(self.calling_code):
            found.append(digits[len(self.calling_code) :])
        if self.trunk:
            found += [n[len(self.trunk) :] for n in found if n.startswith(self.trunk)]
        return found

    def _foreign(self, digits: str) -> Refused:
        region = _region(digits)
        if region is None:
            return self._no(PartyReason.PHONE_UNREADABLE)
        return self._no(PhoneReason.PHONE_NOT_OF_HERE, country=region)

    def _no(self, reason: Reason, **facts: Any) -> Refused:
        return Refused(reason, {"example": self.example, **facts}, field="phone")


def _digits(typed: str) -> str | None:
    """ASCII digits, with a plus in front where one was typed; None where there is anything else."""
    text = (typed or "").strip()
    if len(text) > TYPED_CHARS_MAX:
        return None
    out = ""
    for char in text:
        digit = unicodedata.decimal(char, None)
        if digit is not None:
            out += str(digit)
        elif char in "+\uff0b" and not out:
            out = "+"
        elif char not in _SEPARATORS:
            return None
    return None if text and out in ("", "+") else out


def _region(digits: str) -> str | None:
    """The country (ISO 3166-1) that a full international number belongs to; None where it is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_country_code(number.country_code or 0)
