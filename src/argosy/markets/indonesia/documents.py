"""Numbers of documents and of the tax office in Indonesia."""

from __future__ import annotations

from argosy.markets.tax_numbers import NumberForm, OneOf, document

_WOMEN = 40  # added to the day of birth


def born(text: str) -> bool:
    """Whether digits seven to twelve of a NIK are a day, a month and a year of birth."""
    day, month = int(text[6:8]), int(text[8:10])
    return 1 <= day % _WOMEN <= 31 and day <= _WOMEN + 31 and 1 <= month <= 12


NIK = document(r"[1-9][0-9]{15}", "3171 2345 0190 0001", born)
PASSPORT = document(r"[A-Z]{1,2}[0-9]{6,7}", "C1234567")
DOCUMENTS = OneOf((NIK, PASSPORT))

NPWP_15 = NumberForm(r"[0-9]{15}", "01.234.567.8-901.000")
NPWP_16 = NumberForm(r"[0-9]{16}", "0012345678901000")
NITKU = NumberForm(r"[0-9]{22}", "0012345678901000000000")
