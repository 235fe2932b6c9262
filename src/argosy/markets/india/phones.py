"""Mobile numbers of India: ten digits, the first 6 to 9."""

from __future__ import annotations

from argosy.markets.phones import PhonePlan

MOBILE = r"[6-9][0-9]{9}"
PLAN = PhonePlan(calling_code="91", mobile=MOBILE, example="98765 43210")
"""Reads `98765 43210`, `098765-43210`, `+91 98765 43210` and the like as `+919876543210`."""
