"""What a country asks of a wallet beyond limits and prices, as words that a market pack fills: business
days, receipts, deadlines of failed payments, reports, cash points, sleep of wallets.

Each figure stands in a `Fact`, dated and cited as everything in a pack is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Protocol

from argosy.base.refusals import Refused, must

SATURDAY, SUNDAY = 5, 6
BUSINESS_DAYS_MAX = 60
_LOOK_DAYS_MAX = 400


class Dated(Protocol):
    """What a `Fact` is, as far as days are concerned: markets have facts, and this module is theirs."""

    @property
    def value(self) -> Any: ...
    @property
    def since(self) -> date: ...
    def holds(self, day: date) -> bool: ...


@dataclass(frozen=True)
class Calendar:
    """When banks work. `rest` are the weekdays off (Monday is 0); `rest_nth` weekdays of which only
    some of the month are off, e.g. (5, 2) for the second Saturday.

    A holiday is a fact that holds on that one day, its value the English name. `years` are those
    whose holidays are listed: beyond them only the weekdays are known.
    """

    holidays: tuple[Dated, ...] = ()
    years: tuple[int, ...] = ()
    rest: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    rest_nth: frozenset[tuple[int, int]] = frozenset()

    @cached_property
    def _by_day(self) -> dict[date, str]:
        return {fact.since: fact.value for fact in self.holidays if fact.holds(fact.since)}

    def holiday(self, day: date) -> str | None:
        """The holiday that `day` is, by its English name; None where it is none."""
        return self._by_day.get(day)

    def is_business_day(self, day: date) -> bool:
        nth = (day.weekday(), (day.day + 6) // 7)
        rests = day.weekday() in self.rest or nth in self.rest_nth
        return not rests and day not in self._by_day

    def business_day(self, day: date, count: int = 1) -> date:
        """The `count`-th business day after `day`; with 0 the day itself, or the next that is one."""
        must(0 <= count <= BUSINESS_DAYS_MAX, "so many business days are not counted", count=count)
        found = -1 if count == 0 else 0
        for ahead in range(0 if count == 0 else 1, _LOOK_DAYS_MAX):
            later = day + timedelta(days=ahead)
            found += self.is_business_day(later)
            if found == count:
                return later
        must(False, "a calendar without business days", since=day)
        return day


@dataclass(frozen=True, slots=True)
class TaxField:
    """A number that tax law puts on receipts: `key` is its name in the words (`receipt.gstin`), `name`
    what it is called in the trade, `example` one that is well formed and nobody's.

    `read` gives its one form, or refuses. `of` says whose it is: `merchant` or `customer`. `since` and
    `source` say where it is from, like a fact.
    """

    key: str
    name: str
    example: str
    read: Callable[[str], str | Refused]
    of: str = "merchant"
    needed: bool = False  # a receipt of a registered business is none without it


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """Until when the money of a failed payment of `product` must be back: so many days after the
    day of the payment, and what the customer is due for every day after that, in minor units."""

    product: str
    days: int
    business: bool = False
    day_fine_minor: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What the authority `to` must be told. `what` is `cash`, `large`, `suspicious`, `cross_border`.

    `threshold_minor` of one payment (`per` is `payment`) or of what adds up in a `day` or `month`; None
    where no amount decides. Due so many (business) days after the event, or with `month_day` on that
    day of the next month. `form` is the file's or form's name; papers are kept `kept_years`.
    """

    what: str
    to: str
    threshold_minor: int | None = None
    per: str = "payment"
    due_days: int | None = None
    business: bool = False
    month_day: int | None = None
    form: str = ""
    kept_years: int = 5

    def due(self, day: date, calendar: Calendar) -> date:
        """The last day on which a report of what happened on `day` is in time."""
        if self.month_day is not None:
            following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            return following.replace(day=self.month_day)
        if self.business:
            return calendar.business_day(day, self.due_days or 0)
        return day + timedelta(days=self.due_days or 0)


@dataclass(frozen=True, slots=True)
class CashPoint:
    """A kind of place where cash goes in or out. `kind` is a key of the words (`cash.agent`).

    From `document_from_minor` on, in one go, a document must be shown there; None: never asked for.
    """

    kind: str
    cash_in: bool = True
    cash_out: bool = True
    document_from_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Dormancy:
    """When a wallet sleeps: after `days` without a sign of its owner, told `notice_days` before. With
    `receives` money still comes in. It wakes when its owner signs in."""

    days: int
    notice_days: int = 30
    receives: bool = True
