"""The lite app over a whole wallet on a real database, and visitors who fill in its forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from argosy.app import Wallet, build, set_up
from argosy.base.clock import SetClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.orders.facts import Order
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.channels.lite.wire import App
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.settings import Settings
from argosy.web import web
from tests.people import make_chance

PIN = "582913"
WRONG_PIN = "582914"
SECRET = b"a secret of the lite app's tests"
BASE = "http://wallet.test"
JSON = {"accept": "application/json"}
BANK = "1234567890"

PHONES = {
    "asha": "+919800000001",
    "ravi": "+919800000002",
    "sunil": "+919800000003",
    "tea": "+919800000004",
    "nobody": "+919800000099",
}


@dataclass
class Form:
    """A form of a page: where it goes, and what it holds as it is."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A page as a visitor without script sees it."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.path = answer.url.path
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(answer.text)
        self.text = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        self.words += " " + data

    def form(self, action: str) -> Form:
        found = [form for form in self.forms if form.action == action]
        assert found, f"no form for {action} among {[f.action for f in self.forms]}: {self.text}"
        return found[0]


class Visitor:
    """Somebody with a browser, without script: cookies are kept, redirects followed."""

    def __init__(self, app: App, base: str = BASE) -> None:
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=("203.0.113.7", 40_000)),
            base_url=base,
            follow_redirects=True,
            headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        )

    async def open(self, path: str) -> Page:
        return Page(await self.client.get(path))

    async def send(self, form: Form, **typed: str) -> Page:
        """Fill in a form of a page that is open, and press its button."""
        answer = await self.client.post(form.action, data={**form.fields, **typed})
        return Page(answer)

    async def fill(self, path: str, action: str | None = None, **typed: str) -> Page:
        """Open the page at `path` and send its form."""
        page = await self.open(path)
        return await self.send(page.form(action or path), **typed)

    async def json(self, method: str, path: str, **body: Any) -> httpx.Response:
        """As a program: JSON there and back."""
        if method == "GET":
            return await self.client.get(path, headers=JSON)
        return await self.client.request(method, path, json=body, headers=JSON)


@dataclass
class House:
    """The wallet, and people who are known already: Asha and Ravi with full wallets, Sunil with a
    small one, and a tea stall."""

    wallet: Wallet
    clock: SetClock
    ids: Ids
    app: App
    people: dict[str, Party] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def opened(
        cls, db: Database, clock: Any, ids: Ids, url: str = BASE, **more: Any
    ) -> House:
        settings = Settings(
            data=Path("unused"), key=SECRET, **{"demo": True, "public_url": url, **more}
        )
        wallet = await build(settings, db, clock=clock, ids=ids, chance=make_chance())
        await set_up(wallet)
        await wallet.brain.start()
        house = cls(wallet, clock, ids, web(wallet))
        await house.join("asha", "Asha Raghunathan", "full", 10_000_00)
        await house.join("ravi", "Ravi Kulkarni", "full", 500_00)
        await house.join("sunil", "Sunil Das", "small", 200_00)
        await house.join("tea", "Meena Patel", "merchant", 0, "Chai Adda")
        return house

    async def join(
        self, who: str, name: str, level: str, minor: int, business: str | None = None
    ) -> Party:
        kind = PartyKind.MERCHANT if business else PartyKind.CUSTOMER
        new = NewParty(
            self.ids.new(),
            kind,
            "india",
            level,
            "en",
            name,
            PHONES.get(who, f"+9198111{len(self.people):05d}"),
            city="Pune" if business else None,
            business_name=business,
        )
        async with self.wallet.db.work() as conn:
            party = await self.wallet.parties.open(new, conn)
            assert isinstance(party, Party), party
            assert await self.wallet.signin.set_pin(party.id, PIN, conn) is None
        self.people[who] = party
        await self.admit(who)
        if minor:
            opening = system_account("india", OPENING, "INR")
            gift = Transfer(self.ids.new(), opening, party.account, minor, "INR", "opening")
            (said,) = await self.wallet.ledger.post([gift])
            assert isinstance(said, Posted), said
        return party

    async def admit(self, who: str) -> str:
        signed_in = await self.wallet.signin.admit(self.people[who], DeviceClaim("a phone"))
        assert isinstance(signed_in, SignedIn)
        self.tokens[who] = signed_in.token
        return signed_in.token

    def visitor(self, who: str | None = None) -> Visitor:
        """A browser; signed in where `who` is somebody."""
        visitor = Visitor(self.app)
        if who is not None:
            visitor.client.cookies.set("argosy", self.tokens[who], domain="wallet.test")
        return visitor

    # what became of it

    async def balance(self, who: str) -> str:
        account = await self.wallet.ledger.account(self.people[who].account)
        assert account is not None
        held = account.balance_minor - account.available_minor
        shown = f"{account.balance_minor // 100}.{account.balance_minor % 100:02d}"
        return shown + (f" ({held // 100}.{held % 100:02d} held)" if held else "")

    async def order(self, id: str | UUID) -> Order:
        order = await self.wallet.orders.get(UUID(str(id)))
        assert order is not None
        return order

    async def code(self, phone: str) -> str:
        """The one-time code that arrived last."""
        for letter in await self.wallet.notify.inbox("india", phone):
            found = re.search(r"\b[0-9]{6}\b", letter.text)
            if letter.secret and found:
                return found[0]
        raise AssertionError(f"no code for {phone}")

    async def prove(self) -> None:
        """The books agree with themselves."""
        report = await verify(self.wallet.db)
        assert not report.findings, report.text()

    @property
    def shop_number(self) -> str:
        return self.people["tea"].number
