"""Numbers of documents and of the tax office in India."""

from __future__ import annotations

from argosy.markets.tax_numbers import NumberForm, OneOf, document, mod_36

_VERHOEFF_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_P = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def verhoeff(text: str) -> bool:
    """Whether the last of the digits is their check digit after Verhoeff, as in an Aadhaar number."""
    check = 0
    for place, digit in enumerate(reversed(text)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[place % 8][int(digit)])])
    return check == 0


PAN = document(r"[A-Z]{5}[0-9]{4}[A-Z]", "ABCPE1234F")
AADHAAR = document(r"[2-9][0-9]{11}", "2345 6789 0124", verhoeff)
VOTER = document(r"[A-Z]{3}[0-9]{7}", "ABC1234567")
PASSPORT = document(r"[A-Z][0-9]{7}", "A1234567")
LICENCE = document(r"[A-Z]{2}[0-9]{13}", "MH12 2011 0012345")
DOCUMENTS = OneOf((PAN, AADHAAR, VOTER, PASSPORT, LICENCE))

GSTIN = NumberForm(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]", "29ABCDE1234F1ZW", mod_36)
