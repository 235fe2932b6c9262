"""Mobile numbers of the Philippines: ten digits after +63 or 0, the first a 9."""

from __future__ import annotations

from argosy.markets.phones import PhonePlan

MOBILE = r"9[0-9]{9}"
PLAN = PhonePlan(calling_code="63", mobile=MOBILE, example="0917 123 4567")
"""Reads `0917 123 4567`, `917-123-4567`, `+63 917 123 4567` and the like as `+639171234567`."""
