"""The words of money as staff handle it, and why something cannot be done."""

from __future__ import annotations

from argosy.base.refusals import Kind, Reason


class MoneyReason(Reason):
    """Refusals of what staff do to money: 780-789."""

    ADJUSTMENT_ACCOUNTS = (
        780,
        Kind.INPUT,
        "An adjustment of this kind does not go between these accounts.",
    )
    ADJUSTMENT_OVER_ROLE = 781, Kind.LIMIT, "This is more than your role may adjust at a time."
    ADJUSTMENT_FUNDS = 782, Kind.STATE, "An account would leave its bounds by this adjustment."
    CHECK_RUNNING = 783, Kind.STATE, "The books are being checked already."
    ORDER_NOT_STUCK = 784, Kind.STATE, "As this order stands, this cannot be done to it."
    HANDED_ALREADY = 785, Kind.STATE, "Somebody was asked to look at this order already."
    NOT_HANDED = 786, Kind.STATE, "Nobody was asked to look at this order."
    FILTER_UNREADABLE = 787, Kind.INPUT, "Nothing is called so here: an id or a wallet's number."
    INSTANT_IN_FUTURE = 788, Kind.INPUT, "The books of a day to come are not written yet."
