"""Every market that is found, through its public doors: a person and a shop sign up on the web, money
comes in from the bank, the shop is paid by its printed code, the level rises, the wallet is closed. Who
adds a country gets all of this for nothing.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from argosy.app import Wallet, build, set_up
from argosy.base.clock import SetClock, local_day
from argosy.base.ids import Ids
from argosy.base.ledger.verify import verify
from argosy.base.markets import Cap, DecodedCode, Market, PayCode
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import Party
from argosy.base.products import Asker
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.base.wallet.limits import strictest
from argosy.markets import load
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Redeem
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.identity.facts import Evidence, Raised
from argosy.public_services.signin.facts import DeviceClaim
from argosy.settings import Settings
from argosy.web import web

NAMES = sorted(load())
PIN = "583172"
JSON = {"accept": "application/json"}
DEVICE = DeviceClaim("a phone")


@pytest.fixture
async def wallet(db: Database, clock: SetClock, ids: Ids) -> Wallet:
    settings = Settings(data=Path("unused"), key=b"a" * 32, demo=True)
    wallet = await build(settings, db, clock=clock, ids=ids)
    await set_up(wallet)
    await wallet.brain.start()
    return wallet


@dataclass
class Visitor:
    """A person with a browser in one market. `contact` is typed at the door."""

    wallet: Wallet
    market: Market
    contact: str
    chosen: bool = True
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(web(self.wallet)),  # type: ignore[arg-type]
            base_url="http://wallet.test",
        )
        if self.chosen:
            self.client.cookies.set("market", self.market.code, domain="wallet.test")

    async def sign_up(self, name: str, **more: str) -> Party:
        page = await self.client.get("/enter?as=shop" if more else "/enter")
        for typed in (
            {"phone": self.contact},
            {},
            {"name": name, "pin": PIN, "pin_again": PIN, **more},
        ):
            form = re.search(
                r'<form method="post" action="(/enter[^"]*)"(.*?)</form>', page.text, re.DOTALL
            )
            assert form is not None, page.text
            hidden = dict(
                re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.group(2))
            )
            filled = typed or {"code": await self.code()}
            page = await self.client.post(
                form.group(1), data={**hidden, **filled}, follow_redirects=True
            )
            assert page.status_code == 200, page.text
        return await self.party()

    async def code(self) -> str:
        for letter in await self.wallet.notify.inbox(self.market.code, self.kept):
            if letter.secret and (found := re.search(r"\b[0-9]{6}\b", letter.text)):
                return found[0]
        raise AssertionError("no code has come")

    @property
    def kept(self) -> str:
        if "@" in self.contact:
            return self.contact
        read = self.market.phone(self.contact)
        assert isinstance(read, str), read
        return read

    async def party(self) -> Party:
        parties = self.wallet.parties
        found = await (
            parties.by_email(self.market.code, self.kept)
            if "@" in self.kept
            else parties.by_phone(self.market.code, self.kept)
        )
        assert found is not None
        return found

    async def carry_out(self, command: Any) -> Any:
        who = await self.party()
        signed_in = await self.wallet.signin.admit(who, DEVICE)
        session = await self.wallet.signin.session(signed_in.token)  # type: ignore[union-attr]
        assert session is not None
        asker = Asker(session.party, "lite", session.id, session.device.id, "203.0.113.9")
        return await self.wallet.cashier.carry_out(command, asker, Shown(session, pin=PIN))


def phones(market: Market) -> list[str]:
    """Numbers that the pack's own examples say are read, each person's once."""
    assert market.folder is not None
    examples = tomllib.loads((market.folder / "examples.toml").read_text("utf-8"))["phones"]
    found = {e164: typed for typed, e164 in examples.items() if e164.startswith("+")}
    first = next(iter(found))
    last = (int(first[-1]) + 1) % 10
    return [first, f"{first[:-1]}{last}"]


def documents(market: Market) -> str:
    assert market.folder is not None
    examples = tomllib.loads((market.folder / "examples.toml").read_text("utf-8"))
    return next(
        t for t, said in examples.get("documents", {"A1234567": ""}).items() if "_" not in said
    )


def units(market: Market, count: int) -> Money:
    """So many of what a rupee is worth there, whole sums in use."""
    minor = count * int(market.town.get("rupee_minor", 100))  # type: ignore[call-overload]
    return Money(minor - minor % market.step_minor, market.currency)


@pytest.mark.parametrize("name", NAMES)
async def test_a_person_signs_up_is_topped_up_and_pays_a_shop_by_its_code(
    wallet: Wallet, name: str
) -> None:
    market = wallet.markets[name]
    mine, theirs = phones(market)
    ana = Visitor(wallet, market, mine)
    shop = Visitor(wallet, market, theirs)
    person = await ana.sign_up("Ana Santos")
    seller = await shop.sign_up(
        "Ben Cruz", business_name="Corner Shop", city="Town", kind="merchant"
    )
    assert (person.market, person.level) == (name, market.ladder()[0].name)
    assert person.language == market.languages[0]

    filled = await ana.carry_out(TopUp(wallet.ids.new(), units(market, 500), "100200000100"))
    assert isinstance(filled, Receipt), filled
    assert filled.order.state is State.PAID

    text = market.encode_code(PayCode(seller.number, "Corner Shop", "Town", "5411"))
    assert isinstance(text, str), text
    code = market.decode_code(text)
    assert isinstance(code, DecodedCode), code
    assert (code.kind, code.reference) == ("merchant", seller.number)
    price = units(market, 120)
    payment = {
        "id": str(wallet.ids.new()),
        "to": code.reference,
        "amount_minor": str(price.minor),
        "pin": PIN,
    }
    paid = await ana.client.post("/pay", json=payment, headers=JSON)
    assert paid.status_code == 200, paid.text
    assert (paid.json()["amount_minor"], paid.json()["currency"]) == (price.minor, market.currency)
    account = await wallet.ledger.account(person.account)
    assert account is not None
    assert account.balance_minor == units(market, 500).minor - price.minor
    home = await ana.client.get("/")
    assert home.status_code == 200
    assert wallet.words.money(
        Money(account.balance_minor, market.currency), person.language, name
    ) in (home.text.replace("&nbsp;", "\u00a0"))
    report = await verify(wallet.db)
    assert not report.findings, report.text()


@pytest.mark.parametrize("name", NAMES)
async def test_documents_raise_the_level_and_the_ceiling_at_once(wallet: Wallet, name: str) -> None:
    market = wallet.markets[name]
    ana = Visitor(wallet, market, phones(market)[0])
    person = await ana.sign_up("Ana Santos")
    day = local_day(wallet.clock.now(), market.zone)
    page = await ana.client.get("/me/level")
    assert page.status_code == 200
    assert 'name="kind" value="id_document"' in page.text, "what was proven is not asked for again"
    proof = {"id_document": documents(market), "address": "1 Town Road"}
    for level in market.ladder()[1:]:
        for need in level.needs:
            if need in ("phone", "contact"):
                continue
            evidence = Evidence(wallet.ids.new(), need, proof.get(need, f"{need} 12345"))
            said = await wallet.identity.raise_level(person.id, evidence)
        if level.needs:
            account = await wallet.ledger.account(person.account)
            assert account is not None
            assert account.ceiling_minor == market.balance_minor_max((await ana.party()).level, day)
    assert isinstance(said, Raised) or said.code == "level_highest", said
    assert (await ana.party()).level == market.ladder()[-1].name


@pytest.mark.parametrize("name", NAMES)
async def test_the_ledger_refuses_what_is_over_the_first_levels_ceiling(
    wallet: Wallet, name: str
) -> None:
    market = wallet.markets[name]
    day = local_day(wallet.clock.now(), market.zone)
    first = market.ladder()[0].name
    most = market.balance_minor_max(first, day)
    assert most is not None
    ana = Visitor(wallet, market, phones(market)[0])
    await ana.sign_up("Ana Santos")
    caps = strictest((*market.caps("top_up", first, day), *market.caps("load", first, day)))
    over = await ana.carry_out(
        TopUp(wallet.ids.new(), Money(most + market.step_minor, market.currency), "100200000100")
    )
    assert isinstance(over, Refused), over
    bound = caps.month_minor_max is not None and caps.month_minor_max <= most
    assert over.code == ("limit_month" if bound else "ceiling_exceeded")


@pytest.mark.parametrize("name", NAMES)
async def test_a_wallet_is_closed_with_its_money_paid_out_whatever_its_level_may(
    wallet: Wallet, name: str
) -> None:
    """Through the pages of the app: begin, pay out at par, finish; and then the phone is free again."""
    market = wallet.markets[name]
    ana = Visitor(wallet, market, phones(market)[0])
    person = await ana.sign_up("Ana Santos")
    sum_in = units(market, 90)
    await ana.carry_out(TopUp(wallet.ids.new(), sum_in, "100200000100"))
    early = await ana.carry_out(Redeem(wallet.ids.new(), sum_in, "100200000100"))
    assert isinstance(early, Refused)
    assert early.code == "party_not_closing"

    begun = await ana.client.post("/me/close", json={"pin": PIN}, headers=JSON)
    assert begun.status_code in (200, 303), begun.text
    refused = await ana.client.post("/me/close/finish", json={"pin": PIN}, headers=JSON)
    assert refused.json()["code"] == "wallet_not_empty", refused.text
    out = await ana.client.post(
        "/me/close/money",
        json={"id": str(wallet.ids.new()), "bank_account": "100200000100", "pin": PIN},
        headers=JSON,
    )
    assert out.status_code == 200, out.text
    assert (out.json()["amount_minor"], out.json()["fee_minor"]) == (sum_in.minor, 0)
    done = await ana.client.post("/me/close/finish", json={"pin": PIN}, headers=JSON)
    assert done.status_code in (200, 303), done.text
    assert await wallet.parties.by_phone(name, ana.kept) is None
    assert await wallet.signin.sessions(person.id) == []
    wallet.clock.advance(minutes=1)  # or two codes would have come in one moment
    again = await Visitor(wallet, market, phones(market)[0]).sign_up("Ana Santos")
    assert again.id != person.id


@pytest.mark.parametrize("name", [n for n in NAMES if "email" in load()[n].contacts])
async def test_a_wallet_is_opened_with_an_email_address_alone(wallet: Wallet, name: str) -> None:
    market = wallet.markets[name]
    ana = Visitor(wallet, market, "ana@post.example")
    person = await ana.sign_up("Ana Santos")
    assert person.level == market.ladder()[0].name
    personal = await wallet.parties.personal(person.id, "test", "look")
    assert (personal.phone, personal.email) == (None, "ana@post.example")  # type: ignore[union-attr]
    filled = await ana.carry_out(TopUp(wallet.ids.new(), units(market, 100), "100200000100"))
    assert isinstance(filled, Receipt), filled
    back = Visitor(wallet, market, "ANA@post.example")
    page = await back.client.get("/enter")
    assert page.status_code == 200


async def test_an_email_address_is_no_phone_where_wallets_want_one(wallet: Wallet) -> None:
    india = wallet.markets["india"]
    asked = await Visitor(wallet, india, "").client.post(
        "/enter", json={"phone": "ana@post.example"}, headers=JSON
    )
    assert asked.json()["code"] == "phone_unreadable"


@pytest.mark.parametrize("name", NAMES)
async def test_a_number_with_its_calling_code_finds_its_market(wallet: Wallet, name: str) -> None:
    """Nobody has chosen a market; the number says which."""
    market = wallet.markets[name]
    ana = Visitor(wallet, market, phones(market)[0], chosen=False)
    person = await ana.sign_up("Ana Santos")
    assert person.market == name


async def test_all_markets_are_served_by_one_server(wallet: Wallet) -> None:
    assert sorted(wallet.markets) == NAMES
    assert len(NAMES) >= 4
    zones = {market.zone for market in wallet.markets.values()}
    assert len(zones) == len(NAMES)


def test_days_and_limits_are_those_of_each_markets_zone() -> None:
    """One moment, two days: late in the evening in India it is tomorrow in Manila."""
    from datetime import UTC, datetime

    now = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    markets = load()
    india, philippines = markets["india"], markets["philippines"]
    assert local_day(now, india.zone).isoformat() == "2026-12-31"
    assert local_day(now, philippines.zone).isoformat() == "2027-01-01"
    assert philippines.fee("withdraw", local_day(now, philippines.zone)).flat_minor == 10_00
    assert isinstance(strictest(india.caps("send", "full", local_day(now, india.zone))), Cap)
