"""A shop's webhooks, and the two things that move them: the reader of the log and the caller."""

from __future__ import annotations

import asyncio
from typing import Any

from argosy.partners.webhooks.webhooks import Webhooks
from tests.partners.shop import Shop

UNREAD = """
    SELECT EXISTS (SELECT FROM outbox.events e, outbox.cursors c
                    WHERE c.consumer = 'webhooks' AND (e.xact, e.place) > (c.xact, c.place))
"""


class Hooks:
    """The shop's webhooks, and the two things that move them."""

    def __init__(self, shop: Shop, webhooks: Webhooks | None = None) -> None:
        self.shop = shop
        self.webhooks = webhooks or shop.services.webhooks
        self.relay = self.webhooks.relay()

    async def note(self) -> None:
        """Read the event log to its end, however long somebody else's transaction holds it back."""
        await self.relay.prepare()
        async with asyncio.timeout(20):
            while await self.relay.step() or await self.shop.wallet.db.value(UNREAD):  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def run(self, **later: float) -> int:
        """Let time pass, note what happened and call."""
        self.shop.clock.advance(**later)
        await self.note()
        return await self.webhooks.call(self.shop.clock.now(), 1000)

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        """Deliveries in the order of their payment's events, oldest first."""
        said = await self.shop.get("/webhooks/deliveries", limit=100, **query)
        assert said.status_code == 200, said.text
        return said.json()["items"][::-1]

    async def states(self) -> dict[str, str]:
        return {one["kind"]: one["state"] for one in await self.listed()}
