"""Mobile numbers of Thailand: nine digits after +66 or 0, the first 6, 8 or 9."""

from __future__ import annotations

from argosy.markets.phones import PhonePlan

MOBILE = r"[689][0-9]{8}"
PLAN = PhonePlan(calling_code="66", mobile=MOBILE, example="081 234 5678")
"""Reads `081 234 5678`, `81-234-5678`, `+66 81 234 5678` and the like as `+66812345678`."""
