"""Names of any script in Latin letters, for the places that take no other: EMVCo names, core PDF fonts.

The scripts of India share one layout (each block of Unicode has the same letter at the same place), so
one table spells them all. This is for recognising a name, not for scholars: schwas inside a word may
be one too many, and length of vowels is dropped.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_INDIC_FIRST, _INDIC_LAST = 0x0900, 0x0D7F
_SOUTHERN_FIRST = 0x0B80  # from Tamil on, a final consonant without a mark keeps its vowel

_VOWELS = dict(zip(range(0x05, 0x15), "a a i i u u ri li e e e ai o o o au".split(), strict=True))
_CONSONANTS = dict(
    zip(
        range(0x15, 0x3A),
        "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l zh v sh sh s h".split(),
        strict=True,
    )
) | {0x58: "q", 0x59: "kh", 0x5A: "g", 0x5B: "z", 0x5C: "r", 0x5D: "rh", 0x5E: "f", 0x5F: "y"}
_SIGNS = dict(zip(range(0x3E, 0x4D), "a i i u u ri ri e e e ai o o o au".split(), strict=True))
_MARKS = {0x01: "n", 0x02: "n", 0x03: "h"}
_OWN = {
    "\u0a70": "n",
    "\u0a71": "",
    "\u09ce": "t",
    "\u0950": "om",
    "\u0964": ".",
    "\u0965": ".",
} | {"\u0d7a": "n", "\u0d7b": "n", "\u0d7c": "r", "\u0d7d": "l", "\u0d7e": "l", "\u0d7f": "k"}
_OWN_CONSONANTS = {"\u09f0": "r", "\u09f1": "v"}
_VIRAMA, _NUKTA = 0x4D, 0x3C
_DOTTED = {"k": "q", "j": "z", "d": "r", "dh": "rh", "ph": "f"}
_LETTERS = (
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l"}
    | {"Ł": "L", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ð": "d", "ı": "i", "’": "'", "‘": "'"}
    | {"“": '"', "”": '"', "–": "-", "—": "-", "₹": "Rs ", "…": "..."}
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A text in ASCII, and the characters that could not be spelled and were left out."""

    text: str
    left_out: tuple[str, ...] = ()


def spell(text: str) -> Spelling:
    """`text` in printable ASCII. What has no spelling here is left out, and named in the answer."""
    out: list[str] = []
    left_out: list[str] = []
    word: list[str] = []
    for char in unicodedata.normalize("NFC", text) + " ":
        if _INDIC_FIRST <= ord(char) <= _INDIC_LAST:
            word.append(char)
            continue
        if word and char not in "\u200c\u200d":
            out.append(_indic(word, left_out))
            word = []
        out.append(_latin(char, left_out))
    return Spelling(" ".join("".join(out).split()), tuple(dict.fromkeys(left_out)))


def _latin(char: str, left_out: list[str]) -> str:
    if char.isascii():
        return char if char.isprintable() else " "
    if char in _LETTERS:
        return _LETTERS[char]
    if char in "\u200b\u200c\u200d\ufeff":
        return ""
    if char.isspace():
        return " "
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if c.isascii())
    if not plain:
        left_out.append(char)
    return plain


def _indic(word: list[str], left_out: list[str]) -> str:
    """One word of an Indian script, with a capital at the start."""
    out: list[str] = []
    bare = False  # whether the last letter is a consonant that still has its own vowel
    southern = ord(word[0]) >= _SOUTHERN_FIRST
    for char in word:
        place = ord(char) & 0x7F
        digit = unicodedata.digit(char, None)
        consonant = _OWN_CONSONANTS.get(char) or _CONSONANTS.get(place)
        if consonant:
            out += ["a"] * bare + [consonant]
            bare = True
        elif place in _SIGNS:
            out.append(_SIGNS[place])
            bare = False
        elif place == _VIRAMA:
            bare = False
        elif place == _NUKTA:
            out[-1:] = [_DOTTED.get(last, last) for last in out[-1:]]
        else:
            out += ["a"] * bare
            bare = False
            if char in _OWN:
                out.append(_OWN[char])
            elif digit is not None:
                out.append(str(digit))
            elif place in _VOWELS:
                out.append(_VOWELS[place])
            elif place in _MARKS:
                out.append(_MARKS[place])
            else:
                left_out.append(char)
    out += ["a"] * (bare and (southern or len(word) == 1))
    spelled = "".join(out)
    return spelled[:1].upper() + spelled[1:]
