"""The town of the products' tests, where somebody delivers the messages."""

from __future__ import annotations

import pytest

from argosy.base.outbox import Relay
from argosy.public_services.notices.notices import Notices
from argosy.public_services.notify.notify import Notify
from argosy.public_services.words.words import Words
from tests.log import readable
from tests.products.conftest import town
from tests.products.town import Town

__all__ = ["town"]


class Post:
    """Writes the messages of what was announced so far, and reads them as people do."""

    def __init__(self, town: Town) -> None:
        self.town = town
        words = Words({town.market.code: town.market}, strict=True)
        self.notify = Notify(town.db, town.clock, town.tools.keys, town.parties, words)
        self.notices = Notices(town.db, town.tools, self.notify)
        self.relay: Relay = self.notices.relay()

    async def goes_round(self) -> None:
        """One event after the other, so that an in-box shows them in their order."""
        await self.relay.prepare()
        await readable(self.town.db)
        self.relay._batch_events_max = 1
        while await self.relay.step():
            self.town.clock.advance(milliseconds=1)

    async def to(self, name: str) -> list[str]:
        """All messages to `name`, in the order in which they were written."""
        await self.goes_round()
        letters = await self.notify.inbox_of(self.town.people[name].id)
        return [letter.text for letter in reversed(letters)]

    async def to_phone(self, phone: str) -> list[str]:
        await self.goes_round()
        letters = await self.notify.inbox(self.town.market.code, phone)
        return [letter.text for letter in reversed(letters)]

    async def all(self) -> int:
        await self.goes_round()
        return int(await self.town.db.value("SELECT count(*) FROM notify.message"))


@pytest.fixture
async def post(town: Town) -> Post:
    post = Post(town)
    await post.relay.prepare()  # it begins with what is announced after its first start
    return post
