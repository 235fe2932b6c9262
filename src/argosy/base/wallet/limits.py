"""Limits: from a market's caps, an identity level and a moment to what the gate has to count.

Days, months and years are those of the market's own time zone. Here it is only said what is counted
and how far it may go; counting and refusing happen in the commit of the payment itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from uuid import UUID

from argosy.base.markets import Cap, Market
from argosy.base.money import Money
from argosy.base.postings import GateReason, LimitUse
from argosy.base.refusals import Refused

SPEND = "spend"
RECEIVE = "receive"
LOAD = "load"


def uses(
    market: Market, party: UUID, level: str, keys: Iterable[str], money: Money, day: date
) -> tuple[LimitUse, ...] | Refused:
    """What a payment of `money` by a party of `level` on the local `day` counts against each of `keys`.

    Refused with LEVEL_NOT_ALLOWED or LIMIT_PAYMENT where that is plain without any counter. A key
    that no cap of a day, month or year bounds is not counted at all.
    """
    counted = []
    for key in keys:
        cap = strictest(market.caps(key, level, day))
        if not cap.allowed:
            return Refused(GateReason.LEVEL_NOT_ALLOWED, {"limit": key, "level": level})
        most = cap.payment_minor_max
        if most is not None and money.minor > most:
            facts = {"limit": key, "most": Money(most, money.currency)}
            return Refused(GateReason.LIMIT_PAYMENT, facts, field="amount")
        if not _counts(cap):
            continue
        use = LimitUse(
            party,
            key,
            money.minor,
            day,
            day.replace(day=1),
            day.replace(month=1, day=1),
            day_minor_max=cap.day_minor_max,
            day_count_max=cap.day_count_max,
            month_minor_max=cap.month_minor_max,
            month_count_max=cap.month_count_max,
            year_minor_max=cap.year_minor_max,
        )
        counted.append(use)
    return tuple(counted)


def give_back(counted: Iterable[LimitUse]) -> tuple[LimitUse, ...]:
    """The uses that undo `counted`, for money that was held and returns."""
    return tuple(
        LimitUse(use.party, use.key, -use.minor, use.day, use.month, use.year, count=-use.count)
        for use in counted
    )


@lru_cache(maxsize=1000)
def strictest(caps: tuple[Cap, ...]) -> Cap:
    """One cap in place of several that must all be kept; without any, nothing is bounded."""
    return Cap(
        payment_minor_max=_least(caps, "payment_minor_max"),
        day_minor_max=_least(caps, "day_minor_max"),
        day_count_max=_least(caps, "day_count_max"),
        month_minor_max=_least(caps, "month_minor_max"),
        month_count_max=_least(caps, "month_count_max"),
        year_minor_max=_least(caps, "year_minor_max"),
        allowed=all(cap.allowed for cap in caps),
    )


def _counts(cap: Cap) -> bool:
    return (
        cap.day_minor_max is not None
        or cap.day_count_max is not None
        or cap.month_minor_max is not None
        or cap.month_count_max is not None
        or cap.year_minor_max is not None
    )


def _least(caps: Iterable[Cap], name: str) -> int | None:
    """The strictest of several bounds; None where none of them binds."""
    return min((b for cap in caps if (b := getattr(cap, name)) is not None), default=None)
