"""The words of money as staff handle it, and why something cannot be done."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class MoneyReason(Reason):
    """Refusals of what staff do to money: 800-819."""

    ADJUSTMENT_ACCOUNTS = (
        800,
        Kind.INPUT,
        "An adjustment of this kind does not go between these accounts.",
    )
    ADJUSTMENT_OVER_ROLE = 801, Kind.LIMIT, "This is more than your role may adjust at a time."
    ADJUSTMENT_FUNDS = 802, Kind.STATE, "An account would leave its bounds by this adjustment."
    CHECK_RUNNING = 803, Kind.STATE, "The books are being checked already."
    ORDER_NOT_STUCK = 804, Kind.STATE, "As this order stands, this cannot be done to it."
    HANDED_ALREADY = 805, Kind.STATE, "Somebody was asked to look at this order already."
    NOT_HANDED = 806, Kind.STATE, "Nobody was asked to look at this order."
    FILTER_UNREADABLE = 807, Kind.INPUT, "Nothing is called so here: an id or a wallet's number."
    INSTANT_IN_FUTURE = 808, Kind.INPUT, "The books of a day to come are not written yet."
