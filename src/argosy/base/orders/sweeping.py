"""How the clock goes over many orders: a few at once, and one that fails does not stop the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from argosy.base.orders.facts import Order
from argosy.base.refusals import Unavailable

AT_ONCE_MAX = 8

_log = logging.getLogger(__name__)


async def each(orders: Iterable[Order], act: Callable[[Order], Awaitable[object]]) -> int:
    """`act` on each of `orders`; on how many it was done.

    An order on which `act` raises is logged as an error and left as it is, due as before. An outage
    is raised once the others have had their turn.
    """
    turns = asyncio.Semaphore(AT_ONCE_MAX)
    outages: list[Unavailable] = []

    async def one(order: Order) -> bool:
        async with turns:
            try:
                await act(order)
            except Unavailable as outage:
                outages.append(outage)
                return False
            except Exception:  # noqa: BLE001 - one bad order must not stop the clock
                _log.exception("the clock cannot go on with %s %s", order.product, order.id)
                return False
            return True

    done = await asyncio.gather(*(one(order) for order in orders))
    if outages:
        raise outages[0]
    return sum(done)
