"""How people of the town trade: when, how often, what and for how much. Chance and time are handed in."""

from __future__ import annotations

import random
from dataclasses import dataclass

from argosy.base.money import Money
from argosy.sandbox.census import LARGE, Census, Resident

# How busy each hour of the local day is, as a part of the busiest.
HOURS = (
    0.25, 0.20, 0.20, 0.20, 0.20, 0.25, 0.40, 0.65, 0.80, 0.75, 0.75, 0.80,
    0.95, 1.00, 0.80, 0.65, 0.70, 0.80, 0.95, 1.00, 0.95, 0.75, 0.50, 0.30,
)  # fmt: skip

# What is done, by weight.
WAYS = {
    "pay": 60,
    "pay_code": 12,
    "send": 10,
    "ask": 5,
    "answer": 5,
    "refund": 3,
    "top_up": 4,
    "withdraw": 1,
    "send_away": 1,
}

GAP_SECONDS = 25.0
BURST = 50.0
A_DAY = 230.0
"""A person trades at most once in `GAP_SECONDS`, `BURST` times in a row and `A_DAY` times a day beyond
that: what fingers manage, so that screening has nothing to say. Who has had enough, rests."""

TICKET_MOST = 1_900  # rupees; larger ones are rare and are challenged
LARGE_TICKETS = 5_100, 8_000
LARGE_SHARE = 0.01
DAY_SECONDS = 86_400.0


@dataclass(slots=True)
class Pace:
    """How much somebody may still do without a rest; times are seconds since the epoch."""

    left: float
    at: float
    free_at: float = 0.0

    def is_free(self, now: float) -> bool:
        return now >= self.free_at and self._left(now) >= 1

    def spend(self, now: float) -> None:
        """One trade, begun now."""
        self.left, self.at = self._left(now) - 1, now
        self.free_at = max(self.free_at, now + GAP_SECONDS)

    def rest(self, now: float, seconds: float) -> None:
        """Nothing for so long."""
        self.free_at = max(self.free_at, now + seconds)

    def _left(self, now: float) -> float:
        return min(BURST, self.left + max(0.0, now - self.at) * A_DAY / DAY_SECONDS)


def choose(chance: random.Random) -> str:
    """What somebody does next, of `WAYS`."""
    return chance.choices(tuple(WAYS), tuple(WAYS.values()))[0]


def ticket(chance: random.Random, census: Census, shop: Resident) -> Money:
    """What somebody spends in `shop`: each shop has its own usual amount, and amounts spread as they
    do in life. Now and then a large shop sells something dear."""
    if shop.merchant_class == LARGE:
        if chance.random() < LARGE_SHARE:
            return census.money(chance.randrange(*LARGE_TICKETS, 10))
        usual = 400.0
    else:
        usual = census.chance("usual ticket", shop.number).choice((20, 35, 60, 90, 150, 240))
    spent = min(usual * chance.lognormvariate(0, 0.6), TICKET_MOST)
    return census.money(max(1, _as_priced(chance, spent)))


def gift(chance: random.Random, census: Census) -> Money:
    """What people send each other or ask for."""
    return census.money(chance.choice((20, 50, 50, 75, 100, 100, 100, 150, 200, 250, 300, 500)))


def refill(chance: random.Random, census: Census, resident: Resident) -> Money:
    """What people take from the bank at once."""
    is_small = resident.level == census.market.ladder(resident.kind)[0].name
    return census.money(
        chance.choice((200, 300, 500) if is_small else (1_000, 2_000, 3_000, 5_000))
    )


def takings(chance: random.Random, census: Census, has: Money) -> Money | None:
    """What a shop brings to its bank; None where it is not worth the way."""
    if has.minor < census.money(1_000).minor:
        return None
    most = census.money(chance.randrange(1_000, 6_000, 100)).minor
    unit = census.money(1).minor
    return Money(min(most, has.minor // 2) // unit * unit, has.currency)


def _as_priced(chance: random.Random, amount: float) -> float:
    """Most prices are whole, small ones often end in five or ten."""
    if amount < 100 and chance.random() < 0.6:
        return max(5.0, round(amount / 5) * 5.0)
    return float(round(amount)) if chance.random() < 0.9 else round(amount * 2) / 2
