"""The brain's own API in this process, and another wallet's program that asks it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.store import Database
from argosy.ctu.cases import Cases, Desk, Links, Opening, Reports
from argosy.ctu.history import history_relay, settle
from argosy.ctu.service.calls import Calls
from argosy.ctu.service.facts import Bounds, NewKey, Scope
from argosy.ctu.service.intake import Intake
from argosy.ctu.service.keys import RiskKeys
from argosy.ctu.service.services import RiskApi
from argosy.ctu.service.web import application
from tests.ctu.service.oracle import Oracle

URL = "http://brain.test"


class Nothing:
    """A catalogue with nothing in it, and no explanations but what was answered."""

    async def facts(self) -> tuple[str, list[dict[str, Any]]]:
        return "f1", [{"name": "account.count_1h"}]

    async def rules(self) -> tuple[str, list[dict[str, Any]]]:
        return "r1", []

    async def models(self) -> tuple[str, list[dict[str, Any]]]:
        return "", []

    async def explain(self, _verdict: UUID) -> str | None:
        return None


class Hired:
    """The service and one sender, `wallet`, with a key for everything."""

    def __init__(self, db: Database, clock: SetClock, ids: Ids) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.brain = Oracle(ids)
        self.keys = RiskKeys(db, clock, ids, lambda purpose: purpose.encode().ljust(32, b".")[:32])
        self.cases = Cases(db, clock, ids)
        self.bounds = Bounds()
        self.calls = Calls(db, clock, self.keys, self.bounds)
        self.intake = Intake(db, clock, self.brain)
        self.opening = Opening(db, clock, ids, self.cases.terms).relay()
        self.history = history_relay(db)
        nothing = Nothing()
        self.app: Litestar = application(
            RiskApi(
                db=db,
                clock=clock,
                ids=ids,
                keys=self.keys,
                brain=self.brain,
                intake=self.intake,
                cases=self.cases,
                desk=Desk(db),
                links=Links(db),
                reports=Reports(db, clock, ids, self.cases.terms),
                explain=nothing.explain,
                catalogue=nothing,
                bounds=self.bounds,
            ),
            URL,
        )

    async def wallet(self, *scopes: Scope, sender: str = "wallet") -> httpx.AsyncClient:
        """A program with a key of its own."""
        made = await self.keys.create(sender, scopes or tuple(Scope))
        assert isinstance(made, NewKey)
        return self.client(made.text)

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(self.app)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url=URL, headers=headers)

    def event(self, account: str = "anita", rupees: float = 100, **more: Any) -> dict[str, Any]:
        """An event as another wallet sends it."""
        return {
            "id": str(self.ids.new()),
            "kind": "send",
            "at_ms": round(self.clock.now().timestamp() * 1000),
            "account": account,
            "amount": round(rupees * 100),
            "currency": "INR",
            "channel": "app",
            "device": f"phone of {account}",
            "payee": "shop",
            "proofs": ["pin"],
            **more,
        }

    async def read_log(self) -> None:
        for relay in (self.opening, self.history, self.calls.relay):
            await settle(self.db, relay)
