"""A small town on a real database: people with wallets and PINs, a cashier, a bank with moods.

Only the outer edge is written by hand: the bank, the brain (which says what the test wants said), and
the letter box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from argosy.base.clock import SetClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.gate.gate import ScreenedGate
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.ledger.verify import verify
from argosy.base.manifest import discover
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import Orders
from argosy.base.parties.facts import NewParty, Party, PartyKind
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.ports import (
    Decision,
    Instruction,
    Message,
    Operation,
    RailReply,
    RailState,
    Verdict,
)
from argosy.base.products import Asker, Command, Tools
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database
from argosy.base.wallet.accounts import OPENING, open_wallet, system_account, system_accounts
from argosy.base.wallet.statement import Statement
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.cashier.facts import Receipt, Shown
from argosy.public_services.cashier.lookups import Lookups
from argosy.public_services.receipts.receipts import Receipts
from argosy.public_services.receipts.tax import TaxNumbers
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.public_services.signin.signin import Signin
from tests.products.trade import market, rupees

PIN = "271845"


class Brain:
    """Says what the test has told it to say; what it was told of outcomes is kept."""

    def __init__(self) -> None:
        self.says: Decision = Decision.ALLOW
        self.heard: list[str] = []
        self.asked: list[Operation] = []

    async def judge(self, operation: Operation) -> Verdict:
        self.asked.append(operation)
        decision = self.says
        if decision is Decision.CHALLENGE and "otp" in operation.proofs:
            decision = Decision.ALLOW
        return Verdict(operation.id, decision, challenge="otp")

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> dict[str, str]:
        return {"outcome": outcome}

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        self.heard.append(outcome)


class Bank:
    """A bank that keeps its own books by instruction id, and answers as its mood is."""

    name = "simulator"

    def __init__(self, clock: SetClock) -> None:
        self.mood = "yes"
        self.clock = clock
        self.done: dict[UUID, Instruction] = {}
        self.refused: set[UUID] = set()
        self.sent: list[Instruction] = []

    async def send(self, instruction: Instruction) -> RailReply:
        self.sent.append(instruction)
        if self.mood == "lost":  # the line broke on the way there
            return RailReply(RailState.UNKNOWN)
        if self.mood == "broken":
            raise ConnectionResetError("the line broke")
        if instruction.id in self.done or instruction.id in self.refused:
            return await self.inquire(instruction)
        if self.clock.now() >= instruction.deadline_at:
            return RailReply(RailState.REJECTED, reason="too_late")
        if self.mood == "no":
            self.refused.add(instruction.id)
            return RailReply(RailState.REJECTED, reason="account_closed")
        self.done[instruction.id] = instruction
        if self.mood == "late":  # done, but the answer broke on the way back
            return RailReply(RailState.UNKNOWN)
        return RailReply(RailState.DONE, reference="B-1")

    async def inquire(self, instruction: Instruction) -> RailReply:
        if self.mood in ("lost", "broken", "silent"):
            return RailReply(RailState.UNKNOWN)
        if instruction.id in self.done:
            return RailReply(RailState.DONE, reference="B-1")
        if instruction.id in self.refused:
            return RailReply(RailState.REJECTED, reason="account_closed")
        return RailReply(RailState.REJECTED, reason="never_seen")


class Letters:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def notify(self, message: Message) -> None:
        self.sent.append(message)


@dataclass
class Town:
    db: Database
    clock: SetClock
    ids: Ids
    market: Market
    brain: Brain
    bank: Bank
    letters: Letters
    ledger: Ledger
    parties: Parties
    signin: Signin
    tools: Tools
    cashier: Cashier
    receipts: Receipts
    people: dict[str, Party] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def founded(cls, db: Database, clock: SetClock, ids: Ids, **law: Any) -> Town:
        land = market(**law)
        markets = {land.code: land}
        commit = GroupCommit(db, clock)
        ledger = Ledger(db, commit, clock, ids)
        keys = Keys(b"1" * 32, b"2" * 32)

        async def opening(party: Party, conn: Connection) -> None:
            day = clock.now().date()
            await ledger.open_accounts([open_wallet(party.id, land, party.level, day)], conn)

        parties = Parties(db, ids, clock, keys, opening)
        orders = Orders(db)
        brain, bank, letters = Brain(), Bank(clock), Letters()
        gate = ScreenedGate(commit, brain, orders, clock)
        signin = Signin(db, ids, clock, keys, parties, markets, letters)
        tools = Tools(gate, orders, clock, markets, parties, {bank.name: bank}, keys)
        found = discover("product", "argosy.products")
        products = {name: manifest.load() for name, manifest in found.items()}
        cashier = Cashier(tools, products, signin, Lookups(db, clock), ledger)
        await ledger.open_accounts(list(system_accounts(land)))
        receipts = Receipts(orders, parties, keys, markets, TaxNumbers(db, clock))
        return cls(
            db, clock, ids, land, brain, bank, letters, ledger, parties, signin, tools, cashier,
            receipts,
        )  # fmt: skip

    async def join(
        self,
        name: str,
        phone: str,
        purse: str = "0",
        level: str = "full",
        kind: PartyKind = PartyKind.CUSTOMER,
        merchant_class: str | None = None,
    ) -> Party:
        """Somebody comes to town, with a wallet, a PIN, a phone in the hand and some money."""
        new = NewParty(
            self.ids.new(), kind, self.market.code, level, "en", name, phone=phone,
            business_name=name if kind is PartyKind.MERCHANT else None,
            merchant_class=merchant_class,
        )  # fmt: skip
        async with self.db.work() as conn:
            party = await self.parties.open(new, conn)
            assert isinstance(party, Party), party
            assert await self.signin.set_pin(party.id, PIN, conn) is None
        signed_in = await self.signin.admit(party, DeviceClaim("a phone"))
        assert isinstance(signed_in, SignedIn)
        self.people[name], self.tokens[name] = party, signed_in.token
        if purse != "0":
            await self.give(name, purse)
        return party

    async def give(self, name: str, amount: str) -> None:
        """Money from nowhere, for a test to begin with."""
        opening = system_account(self.market.code, OPENING, self.market.currency)
        gift = Transfer(
            self.ids.new(), opening, self.people[name].account, rupees(amount).minor, "INR", "gift"
        )
        (said,) = await self.ledger.post([gift])
        assert isinstance(said, Posted), said

    def asker(self, name: str, **facts: Any) -> Asker:
        return Asker(self.people[name], "lite", **facts)

    async def ask(self, name: str, command: Command, **shown: Any) -> str:
        """`name` asks for `command` with the right PIN; the answer in a word."""
        return word(await self.answer(name, command, **shown))

    async def answer(self, name: str, command: Command, **shown: Any) -> Any:
        session = await self.signin.session(self.tokens[name])
        proofs = Shown(session, **{"pin": PIN, **shown})
        return await self.cashier.carry_out(command, self.asker(name), proofs)

    async def purse(self, name: str) -> str:
        """What `name` has, and what of it is free where that is less: `90.00 (40.00 free)`."""
        account = await self.ledger.account(self.people[name].account)
        assert account is not None
        has, free = account.balance_minor, account.available_minor
        return paisa(has) if has == free else f"{paisa(has)} ({paisa(free)} free)"

    async def system(self, name: str) -> str:
        """What the operator's account `name` holds."""
        account = await self.ledger.account(system_account(self.market.code, name, "INR"))
        assert account is not None
        return paisa(account.balance_minor)

    async def order(self, order_id: UUID) -> Order:
        order = await self.tools.orders.get(order_id)
        assert order is not None
        return order

    async def sweep(self, **later: float) -> int:
        """Let time pass and the clock act; on how many orders it did."""
        now = self.clock.advance(**later)
        return sum([await s.run(now, 100) for s in self.cashier.sweeps()])

    async def announced(self) -> list[str]:
        """The kinds of all events so far, in order."""
        rows = await self.db.all(
            "SELECT kind FROM outbox.events WHERE kind <> 'risk.observed' ORDER BY xact, place"
        )
        return [row["kind"] for row in rows]

    async def used(self, name: str, key: str) -> int:
        """What stands in the counter of the day."""
        minor = await self.db.value(
            "SELECT day_minor FROM gate.usage WHERE party = $1 AND key = $2",
            self.people[name].id,
            key,
        )
        return minor or 0

    def statement(self) -> Statement:
        return Statement(self.ledger, self.tools.orders)

    async def prove(self) -> None:
        """The books re-added from the first entry: balances, holds, orders and limits agree."""
        report = await verify(self.db)
        assert report.sound, report.text()
        assert report.checked["orders"] > 0


def word(answer: object) -> str:
    """A receipt as the state of its order (`again` where it existed), a refusal as its code."""
    if isinstance(answer, Receipt):
        return answer.order.state.value + (" again" if answer.existed else "")
    return answer.code if isinstance(answer, Refused) else type(answer).__name__.lower()


def count(answers: Sequence[str]) -> dict[str, int]:
    return {answer: answers.count(answer) for answer in sorted(set(answers))}


def paisa(minor: int) -> str:
    sign, minor = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{minor // 100}.{minor % 100:02}"


def money(text: str) -> Money:
    return rupees(text)
