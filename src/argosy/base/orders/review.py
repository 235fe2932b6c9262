"""What a human decides on money that the brain had reserved: released, or given back.

In review every step of an order is a hold, whatever the product had planned. Released, an order that
was to be paid at once is paid; one that was to be held anyway (a withdrawal, money for a phone without a
wallet) is held on, and its product goes on from there. What nobody decides on before the deadline that
the gate has set goes back. A suspicious refund is not reviewed but denied: the gate sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from argosy.base.ids import derive
from argosy.base.ledger.facts import Action
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.planning import ending, event
from argosy.base.orders.sweeping import each
from argosy.base.postings import LimitUse, OrderMove, Posting
from argosy.base.products import Product, Sweep, Tools
from argosy.base.refusals import Refused
from argosy.base.wallet.limits import give_back

REVIEW_WAIT = timedelta(hours=48)
"""How long a human may take to decide; the gate sets it as the deadline, and then the money goes back."""

SWEEP_SECONDS = 30.0


def plan_release(order: Order, product: Product, by: str, now: datetime) -> Posting | Refused:
    """Let the money of an order in review go on its way; `by` says who decided."""
    if order.state is not State.REVIEW:
        return Refused(OrderReason.ORDER_NOT_IN_REVIEW, {"state": order.state.value})
    cause = derive(order.id, "review.released")
    data = {**order.data, "released_by": by}
    on = product.held_on(replace(order, data=data), now)
    if on is not None:
        return Posting(
            cause,
            OrderMove(order.id, order.version, on.state, deadline_at=on.deadline_at, data=on.data),
            events=(event(on, f"{product.noun}.held", now, cause),),
        )
    after = replace(order, state=State.PAID, deadline_at=None)
    return Posting(
        cause,
        OrderMove(order.id, order.version, State.PAID, data=data),
        ending(order, Action.POST),
        events=(event(after, f"{product.noun}.paid", now, cause),),
    )


def plan_give_back(
    order: Order, product: Product, uses: tuple[LimitUse, ...], by: str, now: datetime
) -> Posting | Refused:
    """Return the money of an order in review, and what was counted against limits."""
    if order.state is not State.REVIEW:
        return Refused(OrderReason.ORDER_NOT_IN_REVIEW, {"state": order.state.value})
    cause = derive(order.id, "review.returned")
    after = replace(order, state=State.RETURNED, deadline_at=None)
    return Posting(
        cause,
        OrderMove(
            order.id,
            order.version,
            State.RETURNED,
            data={**order.data, "reason": "review", "returned_by": by},
        ),
        ending(order, Action.VOID),
        give_back(uses),
        (event(after, f"{product.noun}.returned", now, cause, reason="review"),),
    )


class Reviews:
    """Takes a human's decision to the gate. Two who decide at once: one of them is heard."""

    def __init__(self, tools: Tools, products: Mapping[str, Product]) -> None:
        self._tools = tools
        self._products = products

    async def release(self, order_id: UUID, by: str) -> Order | Refused:
        """Let the money go on its way; the order as it then stands."""
        order = await self._tools.orders.get(order_id)
        if order is None:
            return Refused(OrderReason.ORDER_NOT_FOUND)
        product = self._products[order.product]
        plan = plan_release(order, product, by, self._tools.clock.now())
        after = await self._settled(order_id, plan)
        if isinstance(after, Order) and after.state is State.HELD and product.released is not None:
            return await product.released(self._tools, after)
        return after

    async def give_back(self, order_id: UUID, by: str) -> Order | Refused:
        """Return the money to the payer; the order as it then stands."""
        counted = await self._tools.orders.counted(order_id)
        if counted is None:
            return Refused(OrderReason.ORDER_NOT_FOUND)
        order, now = counted.order, self._tools.clock.now()
        plan = plan_give_back(order, self._products[order.product], counted.uses, by, now)
        return await self._settled(order_id, plan)

    def sweeps(self) -> tuple[Sweep, ...]:
        """Gives back what nobody has decided on in time."""
        return (Sweep("orders.review", SWEEP_SECONDS, self._overdue),)

    async def _overdue(self, now: datetime, limit: int) -> int:
        due = await self._tools.orders.due_of(now, limit, states=(State.REVIEW,))
        return await each(due, lambda order: self.give_back(order.id, "clock"))

    async def _settled(self, order_id: UUID, plan: Posting | Refused) -> Order | Refused:
        if isinstance(plan, Refused):
            return plan
        done = await self._tools.gate.settle(plan)
        if isinstance(done, Refused):
            return done
        return await self._tools.orders.get(order_id) or Refused(OrderReason.ORDER_NOT_FOUND)
