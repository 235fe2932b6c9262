from __future__ import annotations

import pytest

from argosy.ctu.from_operation import Logged
from argosy.ctu.history import LogWriter, history_relay, settle


class Town:
    """Writes the log as the gate does, and has it kept as the history's relay does."""

    def __init__(self, db) -> None:
        self.db = db
        self.writer = LogWriter(db)
        self.relay = history_relay(db)

    async def tell(self, event, outcome="posted", **more) -> None:
        await self.writer.write(Logged(event=event, outcome=outcome, **more))

    async def settle(self) -> None:
        await settle(self.db, self.relay)


@pytest.fixture
def town(db) -> Town:
    return Town(db)
