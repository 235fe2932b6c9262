"""Names of people: what is taken as one, and how much of it others see."""

from __future__ import annotations

import re
import unicodedata

from argosy.base.parties.facts import (
    EMAIL_CHARS_MAX,
    NAME_CHARS_MAX,
    PartyKind,
    PartyReason,
    Personal,
)
from argosy.base.refusals import Refused

# Joiners shape letters in Indic scripts; every other invisible character could hide a false name.
_JOINERS = "\u200c\u200d"
_EMAIL = re.compile(r"[^@\s<>\"',;:\\]+@[^@\s<>\"',;:\\.]+(\.[^@\s<>\"',;:\\.]+)+")


def read_name(text: str | None, field: str = "name") -> str | Refused:
    """A name as typed, in Unicode NFC with single spaces; refused where it could not be one."""
    if any(_is_hidden(char) for char in text or ""):
        return Refused(PartyReason.NAME_UNREADABLE, field=field)
    name = unicodedata.normalize("NFC", " ".join((text or "").split()))
    if not name:
        return Refused(PartyReason.NAME_MISSING, field=field)
    if len(name) > NAME_CHARS_MAX or not any(char.isalpha() for char in name):
        return Refused(PartyReason.NAME_UNREADABLE, {"chars_max": NAME_CHARS_MAX}, field=field)
    return name


def read_email(text: str) -> str | Refused:
    """An e-mail address in lower case, refused where it has no such shape."""
    email = text.strip().lower()
    if len(email) > EMAIL_CHARS_MAX or _EMAIL.fullmatch(email) is None:
        return Refused(PartyReason.EMAIL_UNREADABLE, field="email")
    return email


def masked(name: str) -> str:
    """`Asha Rao` as `Asha R.`: enough to know a friend by, too little to look a stranger up. A
    single name keeps its first two letters; letters count as a reader sees them, with their
    signs."""
    first, *rest = name.split()
    if not rest:
        letters = _letters(first)
        return "".join(letters[:2]) + "…" if len(letters) > 2 else first
    return f"{first} {_letters(rest[-1])[0]}."


def shown(kind: PartyKind, personal: Personal) -> str:
    """What others see of a party: a business's name in full, a person's name masked."""
    if kind in (PartyKind.MERCHANT, PartyKind.AGENT, PartyKind.PARTNER) and personal.business_name:
        return personal.business_name
    return masked(personal.name or "")


def _letters(text: str) -> list[str]:
    letters: list[str] = []
    for char in text:
        joined = bool(letters) and letters[-1][-1] in _JOINERS + "\u094d"
        if letters and (joined or char in _JOINERS or unicodedata.category(char)[0] == "M"):
            letters[-1] += char
        else:
            letters.append(char)
    return letters


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Cn") and char not in _JOINERS
