"""The deadline of a failed payment: by when its money must be back, whoever is to blame.

A market's pack says it for each product (`money_back`), in days or bank days after the day of the payment,
and what the customer is due for every day after that. The clock acts some hours before the last day is over:

- Money in review that nobody has decided on goes back to the payer.
- Money on its way out that a bank keeps silent about is set free in the wallet, and the operator's own
  money takes its place at the bank: the books guess nothing, and whatever the bank says in the end falls on
  the operator (`advances`), no longer on the customer.
- Money on its way in lies with the bank, and nothing of ours can give it back: that is said, once, to its
  owner and in the log, and stands in the figure of what is late until the bank has answered.

Money that waits for somebody without a wallet waits by its sender's wish and has failed in nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from argosy.base.clock import local_day
from argosy.base.duties import MoneyBack
from argosy.base.ids import derive
from argosy.base.ledger.facts import Action, Transfer
from argosy.base.markets import Market
from argosy.base.orders.facts import Order, State
from argosy.base.orders.planning import ROUND, ending, event, moment, transfers
from argosy.base.orders.review import plan_give_back
from argosy.base.orders.sweeping import each
from argosy.base.postings import LimitUse, OrderMove, Posting
from argosy.base.products import Product, Sweep, Tools
from argosy.base.refusals import Refused
from argosy.base.wallet.accounts import ADVANCES, FEES, system_account
from argosy.base.wallet.limits import give_back

SWEEP_SECONDS = 60.0
AHEAD = timedelta(hours=4)
"""So long before the last day is over the clock acts, so that one that stood still is still in time."""
LATE_DAYS_MAX = 400
"""No more days of lateness are paid for by the clock; what is older than that is a human's."""
BACK = "money_back"
STANDS_IN = "stands_in"
"""In an order's data: the operator's account that pays in the place of the payer's."""
_FINE = "late"
_LOOK_BACK_DAYS = 120

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Late:
    """How many orders of a product are past their deadline, and how much money that is: the alarm."""

    market: str
    product: str
    orders: int
    minor: int
    currency: str
    oldest: datetime


def last_day(market: Market, rule: MoneyBack, day: date) -> date:
    """The last day on which the money of a payment of the local `day` is back in time."""
    if rule.business:
        return market.calendar.business_day(day, rule.days)
    return day + timedelta(days=rule.days)


def ends(market: Market, day: date) -> datetime:
    """The moment at which the local `day` is over in `market`."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(market.zone))


def paid_until(market: Market, product: str, at: datetime) -> date | None:
    """The latest local day whose failed payments of `product` must be back by `at`; None where there is
    none, or the pack sets no deadline."""
    today = local_day(at, market.zone)
    for back in range(_LOOK_BACK_DAYS):
        day = today - timedelta(days=back)
        rule = market.money_back_on(product, day)
        if rule is not None and ends(market, last_day(market, rule, day)) <= at:
            return day
    return None


def late_days(market: Market, order: Order, now: datetime) -> int:
    """How many days the money of `order` is late: 0 up to the end of the last day."""
    day = local_day(order.created_at, market.zone)
    rule = market.money_back_on(order.product, day)
    if rule is None:
        return 0
    return max(0, (local_day(now, market.zone) - last_day(market, rule, day)).days)


def due_minor(market: Market, order: Order, now: datetime) -> int:
    """What the customer is due for the lateness of `order`, in minor units."""
    rule = market.money_back_on(order.product, local_day(order.created_at, market.zone))
    days = min(late_days(market, order, now), LATE_DAYS_MAX)
    return days * rule.day_fine_minor if rule is not None else 0


def plan_back(
    order: Order,
    product: Product,
    uses: tuple[LimitUse, ...],
    market: Market,
    now: datetime,
    *,
    fined: bool = True,
) -> Posting | None:
    """What gives the payer the money of an overdue `order` back; None where it is on its way no more.

    With `fined` the fine for lateness is paid with it, from the operator's fees. Money on its way in is
    only announced.
    """
    fine_minor = due_minor(market, order, now)
    paid_minor = fine_minor if fined else 0
    told = {"late_days": late_days(market, order, now), "fine_minor": paid_minor}
    mark = {"at": moment(now), "fine_minor": paid_minor}
    if not fined and fine_minor:
        mark["fine_owed_minor"] = fine_minor
    if order.state is State.REVIEW:
        given = plan_give_back(order, product, uses, "clock", now)
        if isinstance(given, Refused) or not isinstance(given.order, OrderMove):
            return None
        move = replace(given.order, data={**(given.order.data or {}), BACK: mark})
        (said,) = given.events
        said = replace(said, body={**said.body, **told})
        fine = _fine(order, paid_minor, order.payer or order.payee)
        return replace(given, order=move, transfers=given.transfers + fine, events=(said,))
    if order.state is not State.HELD or BACK in order.data:
        return None
    cause = derive(order.id, BACK)
    data = {**order.data, BACK: mark}
    if order.payer is None or "rail" not in order.data:
        mark["fine_minor"] = 0
        move = OrderMove(
            order.id, order.version, State.HELD, deadline_at=order.deadline_at, data=data
        )
        late = event(order, f"{product.noun}.late", now, cause, late_days=told["late_days"])
        return Posting(cause, move, events=(late,))
    ours = system_account(order.market, ADVANCES, order.amount.currency)
    data |= {ROUND: BACK, STANDS_IN: str(ours)}
    after = replace(order, payer_account=ours, data=data)
    return Posting(
        cause,
        OrderMove(order.id, order.version, State.HELD, deadline_at=order.deadline_at, data=data),
        ending(order, Action.VOID)
        + transfers(after, Action.HOLD)
        + _fine(order, paid_minor, order.payer),
        give_back(uses),
        (event(after, f"{product.noun}.{BACK}", now, cause, **told),),
    )


def _fine(order: Order, minor: int, customer: UUID | None) -> tuple[Transfer, ...]:
    account = order.payer_account if customer == order.payer else order.payee_account
    if not minor or customer is None:
        return ()
    currency = order.amount.currency
    fees = system_account(order.market, FEES, currency)
    id_ = derive(order.id, _FINE)
    return (Transfer(id_, fees, account, minor, currency, "compensation", order=order.id),)


class Deadlines:
    """Gives money of failed payments back before its time is over, and counts what is late."""

    def __init__(self, tools: Tools, products: Mapping[str, Product]) -> None:
        self._tools = tools
        self._products = products

    def sweeps(self) -> tuple[Sweep, ...]:
        """Gives back what must be back."""
        return (Sweep("orders.money_back", SWEEP_SECONDS, self._run),)

    async def late(self, now: datetime) -> tuple[Late, ...]:
        """What is past its deadline at this moment and not back, by market and product."""
        found = []
        for market, product, until in self._until(now):
            figure = await self._tools.orders.on_its_way(market.code, product, until)
            if figure is not None:
                orders, minor, oldest = figure
                found.append(Late(market.code, product, orders, minor, market.currency, oldest))
        return tuple(found)

    async def _run(self, now: datetime, limit: int) -> int:
        done = 0
        for market, product, until in self._until(now + AHEAD):
            due = await self._tools.orders.overdue(market.code, product, until, limit - done, BACK)
            done += await each(due, lambda order: self._back(order.id, now))
            if done >= limit:
                break
        return done

    def _until(self, at: datetime) -> Iterable[tuple[Market, str, datetime]]:
        """For each market and product, the moment before which what was paid must be back by `at`."""
        for market in self._tools.markets.values():
            for product in sorted({fact.value.product for fact in market.money_back}):
                day = paid_until(market, product, at) if product in self._products else None
                if day is not None:
                    yield market, product, ends(market, day)

    async def _back(self, order_id: UUID, now: datetime) -> None:
        counted = await self._tools.orders.counted(order_id)
        if counted is None:
            return
        order, market = counted.order, self._tools.markets[counted.order.market]
        product = self._products[order.product]
        ours = frozenset(
            system_account(market.code, name, market.currency) for name in (ADVANCES, FEES)
        )
        for fined in (True, False):  # a full wallet takes the money back, but not the fine on top
            plan = plan_back(order, product, counted.uses, market, now, fined=fined)
            if plan is None:
                return
            done = await self._tools.gate.settle(plan, ours)
            if not isinstance(done, Refused):
                _log.error("%s %s: failed, and its time is over", order.product, order.id)
                return
            if done.code == "order_moved_on":  # its bank, or a human, was first
                return
            _log.error("%s %s: its money cannot go back: %s", order.product, order.id, done.code)
