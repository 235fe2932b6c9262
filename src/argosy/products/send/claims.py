"""Money that waits for a phone: claimed when the phone gets a wallet, returned by the clock."""

from __future__ import annotations

import logging
from datetime import datetime

from argosy.base.orders.facts import Order, State
from argosy.base.orders.sweeping import each
from argosy.base.parties.facts import Party
from argosy.base.postings import Done, Posting
from argosy.base.products import Sweep, Tools, sealed_hash
from argosy.base.refusals import Refused
from argosy.products.send.plan import NAME, plan_claim, plan_return

SWEEP_SECONDS = 20.0

_log = logging.getLogger(__name__)


async def claim(tools: Tools, party: Party, phone: str) -> list[Order]:
    """Move all that waits for `phone` (E.164) to its new owner; the orders that were paid by it.

    To be called at sign-up, and harmless at every sign-in and rise of level: what a limit or the
    balance cap refuses now goes on waiting.
    """
    waiting = await tools.orders.waiting_for(sealed_hash(tools.keys, party.market, "phone", phone))
    paid = []
    for order in waiting:
        if await _claimed(tools, order, party):
            after = await tools.orders.get(order.id)
            paid += [after] if after is not None else []
    return paid


async def _claimed(tools: Tools, order: Order, party: Party) -> bool:
    plan = plan_claim(order, party, tools.markets[order.market], tools.clock.now())
    if isinstance(plan, Refused) or plan.operation is None:
        return _waits(plan)
    return _waits(await tools.gate.carry_out(plan.operation, plan.posting))


async def give_back_unclaimed(tools: Tools, now: datetime, limit: int) -> int:
    """Return what nobody has claimed in time; what a wallet's owner could claim by now is given to
    them first."""
    due = await tools.orders.due_of(now, limit, (NAME,), (State.HELD,))
    return await each(due, lambda order: _give_back(tools, order, now))


async def _give_back(tools: Tools, order: Order, now: datetime) -> None:
    sealed = bytes.fromhex(order.data["phone"])
    phone = tools.keys.open(sealed, "order", str(order.id), "phone")
    owner = await tools.parties.by_phone(order.market, phone)
    if owner is not None and await _claimed(tools, order, owner):
        return
    counted = await tools.orders.counted(order.id)
    if counted is not None:
        posting = plan_return(counted.order, counted.uses, now)
        if isinstance(posting, Posting):  # who claims it in this very moment comes first
            await tools.gate.settle(posting)


def _waits(answer: object) -> bool:
    """Whether a claim was taken; where not, the money goes on waiting, and why is noted."""
    if isinstance(answer, Done):
        return True
    _log.info("money goes on waiting: %s", answer)
    return False


def sweeps(tools: Tools) -> tuple[Sweep, ...]:
    """What the clock does for sending."""

    async def run(now: datetime, limit: int) -> int:
        return await give_back_unclaimed(tools, now, limit)

    return (Sweep("send.unclaimed", SWEEP_SECONDS, run),)
