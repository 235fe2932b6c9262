"""Numbers of documents and of the tax office in Thailand: both are thirteen digits, the last a check."""

from __future__ import annotations

from argosy.markets.tax_numbers import NumberForm, OneOf, document, mod_11

ID_CARD = document(r"[1-8][0-9]{12}", "1 2345 67890 12 1", mod_11)
PASSPORT = document(r"[A-Z]{1,2}[0-9]{6,7}", "AA1234567")
DOCUMENTS = OneOf((ID_CARD, PASSPORT))

TAX_ID = NumberForm(r"[0-9]{13}", "0 9940 00123 45 1", mod_11)
BRANCH = NumberForm(r"[0-9]{5}", "00000")
