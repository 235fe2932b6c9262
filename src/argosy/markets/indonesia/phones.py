"""Mobile numbers of Indonesia: an 8 and eight to eleven digits more, after +62 or 0."""

from __future__ import annotations

from argosy.markets.phones import PhonePlan

MOBILE = r"8[1-9][0-9]{7,10}"
PLAN = PhonePlan(calling_code="62", mobile=MOBILE, example="0812-3456-7890")
"""Reads `0812-3456-7890`, `812 3456 7890`, `+62 812 3456 7890` and the like as `+6281234567890`."""
