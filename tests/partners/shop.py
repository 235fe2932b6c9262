"""A merchant with an API key, a customer with money, and the whole wallet behind them: real services
over a real database, asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from argosy.app import Wallet, build, partner_api, set_up
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.money import Money
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.products import Asker
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.partners.api.door import App, door
from argosy.partners.api.facts import NewKey, Signing, Terms
from argosy.partners.api.services import PartnerApi
from argosy.partners.webhooks import facts as webhook_facts
from argosy.partners.webhooks.webhooks import Webhooks
from argosy.products.pay.facts import PayMerchant, PayOrder
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.settings import Settings
from tests.people import make_chance

PIN = "582913"
SECRET = b"a secret of these partner tests!"
BASE = "http://wallet.test"
GENEROUS = Terms(requests_per_second=1e6, requests_burst=1_000_000)
CALLING = webhook_facts.Terms(private_allowed=True, call_seconds_max=3.0)


@dataclass
class Shop:
    """`api` is asked with `tea`'s key; `asha` pays."""

    wallet: Wallet
    clock: SetClock
    ids: Ids
    services: PartnerApi
    app: App
    api: httpx.AsyncClient
    people: dict[str, Party] = field(default_factory=dict)
    keys: dict[str, NewKey] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    @classmethod
    async def opened(
        cls,
        db: Database,
        clock: SetClock,
        ids: Ids,
        terms: Terms = GENEROUS,
        calling: webhook_facts.Terms = CALLING,
        **parts: Any,
    ) -> Shop:
        settings = Settings(data=Path("unused"), key=SECRET, demo=True, public_url=BASE)
        wallet = await build(settings, db, clock=clock, ids=ids, chance=make_chance())
        await set_up(wallet)
        await wallet.brain.start()
        parts = {"jitter": lambda: 0.0, **parts}
        webhooks = Webhooks(db, ids, clock, wallet.keys, calling, **parts)
        services = replace(partner_api(wallet), webhooks=webhooks, terms=terms)
        app = door(services)
        shop = cls(wallet, clock, ids, services, app, caller(app))
        await shop.join("tea", "+919800000004", PartyKind.MERCHANT)
        await shop.join("asha", "+919800000001")
        await shop.give("asha", 500_000)
        shop.keys["tea"] = await shop.key("tea")
        shop.api.headers["authorization"] = f"Bearer {shop.keys['tea'].text}"
        return shop

    async def join(
        self,
        name: str,
        phone: str,
        kind: PartyKind = PartyKind.CUSTOMER,
        merchant_class: str | None = None,
    ) -> Party:
        level = "merchant" if kind is PartyKind.MERCHANT else "full"
        new = NewParty(
            self.ids.new(), kind, "india", level, "en", name.title(), phone, city="Pune",
            business_name=f"{name.title()} House" if kind is PartyKind.MERCHANT else None,
            merchant_class=merchant_class,
        )  # fmt: skip
        async with self.wallet.db.work() as conn:
            party = await self.wallet.parties.open(new, conn)
            assert isinstance(party, Party), party
            assert await self.wallet.signin.set_pin(party.id, PIN, conn) is None
        signed_in = await self.wallet.signin.admit(party, DeviceClaim("a phone"))
        assert isinstance(signed_in, SignedIn)
        self.people[name], self.tokens[name] = party, signed_in.token
        return party

    async def key(self, name: str, signing: Signing = Signing.NONE, **more: Any) -> NewKey:
        made = await self.services.api_keys.create(self.people[name], "till", signing, **more)
        assert isinstance(made, NewKey), made
        return made

    def with_key(self, text: str | None) -> httpx.AsyncClient:
        """Another program, with another key or none."""
        client = caller(self.app)
        if text is not None:
            client.headers["authorization"] = f"Bearer {text}"
        return client

    async def operator(self) -> httpx.AsyncClient:
        made = await self.services.api_keys.create_operator("books")
        assert isinstance(made, NewKey)
        return self.with_key(made.text)

    async def give(self, name: str, minor: int) -> None:
        opening = system_account("india", OPENING, "INR")
        gift = Transfer(self.ids.new(), opening, self.people[name].account, minor, "INR", "gift")
        (said,) = await self.wallet.ledger.post([gift])
        assert isinstance(said, Posted), said

    # --- what the program does ------------------------------------------------------------------

    def fresh(self) -> dict[str, str]:
        """The header with an idempotency key that was never used."""
        self.asked += 1
        return {"idempotency-key": f"request-{self.asked}"}

    async def post(
        self, path: str, json: Any = None, key: str | None = None, **more: Any
    ) -> httpx.Response:
        headers = {"idempotency-key": key} if key else self.fresh()
        return await self.api.post(f"/api/v1{path}", json=json, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.api.get(f"/api/v1{path}", params=query)

    async def payment(self, minor: int = 12_50, **more: Any) -> dict[str, Any]:
        """A payment that waits, as the API shows it."""
        said = await self.post("/payments", {"amount": inr(minor), **more})
        assert said.status_code == 201, said.text
        return said.json()

    async def paid(self, minor: int = 12_50, **more: Any) -> dict[str, Any]:
        """A payment that Asha has paid."""
        payment = await self.payment(minor, **more)
        await self.pay(payment["id"])
        return (await self.get(f"/payments/{payment['id']}")).json()

    async def pay(self, payment_id: str, name: str = "asha") -> Receipt:
        return await self.buy(name, PayOrder(self.ids.new(), UUID(payment_id)))

    async def pay_till(self, minor: int, name: str = "asha") -> Receipt:
        """Asha types the amount at the shop's static code."""
        number = self.people["tea"].number
        return await self.buy(name, PayMerchant(self.ids.new(), Money(minor, "INR"), number))

    async def buy(self, name: str, command: Any) -> Receipt:
        session = await self.wallet.signin.session(self.tokens[name])
        assert session is not None
        asker = Asker(
            self.people[name], "lite", session.id, session.device.id, network="203.0.113.7"
        )
        said = await self.wallet.cashier.carry_out(command, asker, Shown(session, PIN))
        assert isinstance(said, Receipt), said
        return said

    async def balance(self, name: str = "tea") -> int:
        account = await self.wallet.ledger.account(self.people[name].account)
        assert account is not None
        return account.balance_minor


def caller(app: App) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE)


def inr(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "INR"}


def is_problem(said: httpx.Response, status: int, code: str, field: str | None = None) -> bool:
    """Whether `said` is the whole problem that it should be; says what it is where it is not."""
    found: Mapping[str, Any] = said.json() if said.content else {}
    assert (said.status_code, found.get("code")) == (status, code), said.text
    assert said.headers["content-type"] == "application/problem+json"
    assert found["status"] == status
    assert found["type"] == f"/api/docs#{code}"
    assert found["title"]
    assert found["detail"]
    assert said.headers["x-request-id"]
    if field is not None:
        assert [error["field"] for error in found["errors"]] == [field], said.text
    return True
