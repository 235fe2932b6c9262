"""An auditor from outside: takes the journal as text, as `psql` would give it, and adds it up.

It knows the words of docs/ledger.md and nothing of the program: no imports of it, only dicts.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from typing import Any

COPY = "COPY (SELECT * FROM ledger.transfers ORDER BY lane, segment, position) TO STDOUT (FORMAT csv, HEADER)"
LINE = (
    "id action debit credit amount released asked currency kind order_id hold up_to"
    " expires_at at imported"
).split()


def read(text: str) -> list[dict[str, str]]:
    """The journal's rows; an empty text where there is nothing."""
    return list(csv.DictReader(io.StringIO(text)))


def books(journal: list[dict[str, str]]) -> dict[str, dict[str, int]]:
    """What every account must say: account -> its four totals and how many entries it has."""
    accounts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in journal:
        amount, released, action = int(row["amount"]), int(row["released"]), row["action"]
        for side in ("debit", "credit"):
            account = accounts[row[side]]
            account["entries"] += 1
            if action in "02":  # moved at once, or a hold that was posted
                account[f"{side}s_posted"] += amount
            if action == "1":
                account[f"{side}s_pending"] += amount
            if action in "234":  # a hold that ended, however it did
                account[f"{side}s_pending"] -= released
    return accounts


def chain(journal: list[dict[str, str]]) -> dict[str, tuple[int, str]]:
    """lane -> how many segments it has and the hash of the last."""
    segments: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in journal:
        told = {**row, "imported": "1" if row["imported"] == "t" else "0"}
        told |= {name: micros(row[name]) for name in ("at", "expires_at")}
        segments[row["lane"], int(row["segment"])].append("|".join(told[name] for name in LINE))
    ends: dict[str, tuple[int, str]] = {}
    before: dict[str, bytes] = {}
    for (lane, number), lines in sorted(segments.items(), key=lambda item: item[0]):
        last = before.get(lane, hashlib.sha256(b"").digest())
        before[lane] = hashlib.sha256(last + "\n".join(lines).encode()).digest()
        ends[lane] = number, before[lane].hex()
    return ends


def micros(text: str) -> str:
    """`2026-11-22 04:30:00.5+00` in microseconds since 1970, by counting days."""
    if not text:
        return ""
    day, _, clock = text.partition(" ")
    year, month, date = map(int, day.split("-"))
    hours, minutes, seconds = clock.removesuffix("+00").split(":")
    whole, _, part = seconds.partition(".")
    # days from civil, after Howard Hinnant
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + date - 1
    days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
    second = days * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(whole)
    return str(second * 10**6 + int(part.ljust(6, "0") or "0"))


def balances(accounts: dict[str, dict[str, int]]) -> dict[str, Any]:
    """account -> (debits pending, debits posted, credits pending, credits posted, entries)."""
    names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "entries")
    return {account: tuple(totals[name] for name in names) for account, totals in accounts.items()}
