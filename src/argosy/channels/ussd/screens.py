"""What fits on a phone's screen: 182 characters of the GSM alphabet, 70 of any other script.

A character of the GSM extension table counts as two. Whether a screen is of the one or the other sort is
a matter of every single character on it, a name in another script included, so it is measured on the
text as it is sent. What is longer is cut into pages between words and between lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEPTETS_MAX = 182
UCS2_UNITS_MAX = 70

# GSM 03.38: the default alphabet, and the characters that need an escape before them.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

# What people's keyboards and locales write and the alphabet has another sign for.
_PLAIN = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2018": "'", "\u201c": '"',
        "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...", "\t": " ", "`": "'",
        "\u200e": None, "\u200f": None, "\u20b9": "Rs ", "\u20b1": "PHP ", "\u0e3f": "THB ",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """`text` with the signs that phones have in place of those that would cost the whole screen its
    alphabet."""
    return text.translate(_PLAIN)


def is_gsm(text: str) -> bool:
    """Whether every character of `text` is in the GSM alphabet or its extension."""
    return all(char in BASIC or char in EXTENSION for char in text)


def size(text: str) -> int:
    """Septets of a GSM text, or 16-bit units of any other."""
    if is_gsm(text):
        return len(text) + sum(char in EXTENSION for char in text)
    return len(text.encode("utf-16-le")) // 2


def fits(text: str) -> bool:
    """Whether `text` is a screen."""
    return size(text) <= (SEPTETS_MAX if is_gsm(text) else UCS2_UNITS_MAX)


@dataclass(frozen=True, slots=True)
class Foot:
    """The lines at the end of a screen: what leads on (`98 More`) and back (`0 Back`); empty for none."""

    more: str = ""
    back: str = ""

    def below(self, text: str, *, more: bool) -> str:
        """`text` with the lines under it; `more` where another page follows."""
        last = [line for line in (self.more if more else "", self.back) if line]
        return "\n".join([text, *last] if text else last)


def pages(text: str, lines: Sequence[str], foot: Foot) -> list[str]:
    """`text` and, under it, `lines` (choices, or a list) as screens, each with its foot. One that fits is
    one page; a word is only cut where it is longer than a screen."""
    whole = foot.below("\n".join(part for part in (text, *lines) if part), more=False)
    if fits(whole):
        return [whole]
    found: list[str] = []
    page = ""
    for piece, joint in _pieces(text, lines):
        tried = f"{page}{joint}{piece}" if page else piece
        if page and not fits(foot.below(tried, more=True)):
            found.append(page)
            page = piece
        else:
            page = tried
        while len(page) > 1 and not fits(foot.below(page, more=True)):
            cut = _longest(page, foot)
            found.append(page[:cut])
            page = page[cut:]
    found.append(page)
    last = len(found) - 1
    return [foot.below(page, more=n < last) for n, page in enumerate(found)]


def _pieces(text: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    """Words of the text, and whole lines, each with what stands before it on the same page. A line that
    is itself longer than a screen comes in words as well."""
    found: list[tuple[str, str]] = []
    for n, part in enumerate(part for part in (*text.split("\n"), *lines) if part):
        words = part.split(" ") if n < text.count("\n") + 1 or not fits(part) else [part]
        found += [(word, " " if at else "\n") for at, word in enumerate(words)]
    return found


def _longest(page: str, foot: Foot) -> int:
    cut = len(page) - 1
    while cut > 1 and not fits(foot.below(page[:cut], more=True)):
        cut -= 1
    return cut
