"""Contributions turned into words: what speaks against this, for the analyst and for the customer."""

from __future__ import annotations

from math import isnan

import numpy as np

from argosy.ctu.models.facts import REASONS_MAX, Card, Matrix, Why

OWN_WORDS = {
    "event.amount": "the amount, in minor units",
    "event.hour": "the hour of the day",
    "event.weekday": "the day of the week, Monday is 0",
}
CUSTOMER_WORDS = (
    ("event.amount", "risk_why.amount"),
    ("event.hour", "risk_why.time"),
    ("event.weekday", "risk_why.time"),
    ("event.", "risk_why.details"),
    ("account.", "risk_why.habit"),
    ("device.", "risk_why.device"),
    ("payee.", "risk_why.payee"),
    ("merchant.", "risk_why.payee"),
    ("pair.", "risk_why.payee"),
    ("network.", "risk_why.network"),
    ("phone.", "risk_why.phone"),
    ("instrument.", "risk_why.instrument"),
)
"""Keys of the customer's words by the beginning of a column's name. They name the side of the payment
that stood out and never the fact itself, which would teach a thief."""


def reasons(
    card: Card, columns: tuple[str, ...], row: Matrix, parts: Matrix, top: int
) -> list[Why]:
    """The columns that add most to the score, strongest first, at most `top` and `REASONS_MAX`; those
    that take away from it are no reasons."""
    order = np.argsort(-parts[: len(columns)], kind="stable")[: min(top, REASONS_MAX)].tolist()
    return [
        _why(card, columns[at], float(parts[at]), float(row[at])) for at in order if parts[at] > 0
    ]


def _why(card: Card, column: str, contribution: float, value: float) -> Why:
    says = card.words.get(column) or OWN_WORDS.get(column) or column
    known = None if isnan(value) else value
    said = "not known" if known is None else f"{known:,.6g}"
    key = card.customer_words.get(column) or customer_key(column)
    return Why(column, contribution, known, f"{says}: {said}", key)


def customer_key(column: str) -> str:
    """The customer's words for a column whose card has none."""
    return next((k for start, k in CUSTOMER_WORDS if column.startswith(start)), "risk_why.other")
