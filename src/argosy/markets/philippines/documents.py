"""Numbers of documents and of the tax office in the Philippines. None of them has a public check digit."""

from __future__ import annotations

from argosy.markets.tax_numbers import NumberForm, OneOf, document

PHILSYS = document(r"[0-9]{16}", "1234-5678-9012-3456")
PASSPORT = document(r"P[0-9]{7}[A-Z]", "P1234567A")
LICENCE = document(r"[A-Z][0-9]{10}", "N01-12-345678")
UMID = document(r"[0-9]{12}", "0111-1234567-8")
DOCUMENTS = OneOf((PHILSYS, PASSPORT, LICENCE, UMID))

TIN = NumberForm(r"[0-9]{9}(?:[0-9]{3}|[0-9]{5})", "123-456-789-00000")
