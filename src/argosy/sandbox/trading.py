"""One turn of the town's trade: who, with whom, how much; and what people learn from the answer."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import main_account
from argosy.base.postings import Challenged, GateReason
from argosy.base.products import Command
from argosy.base.refusals import Kind, Refused, Unavailable
from argosy.products.pay.facts import CancelPayment, CreatePayment, PayMerchant, PayOrder
from argosy.products.refund.facts import Refund
from argosy.products.request.facts import Ask, Decline, PayRequest
from argosy.products.send.facts import Send, TakeBack
from argosy.products.top_up.facts import TopUp
from argosy.products.withdraw.facts import Withdraw
from argosy.public_services.cashier.facts import Receipt
from argosy.sandbox.census import FIRST_NEWCOMER, Resident
from argosy.sandbox.habits import BURST, DAY_SECONDS, Pace, choose, gift, refill, takings, ticket
from argosy.sandbox.hand import Hand
from argosy.sandbox.history import NOTES_PAID, NOTES_SENT
from argosy.sandbox.house import House
from argosy.sandbox.settling import move_in
from argosy.sandbox.town import VISITORS, Town

NEWCOMERS_MAX = 2_000
NEWCOMER_SECONDS = 3.0
DRAWS_MAX = 12
FRIENDS_MAX = 5
REMEMBERED_MAX = 200
ASKED_MAX = 12  # requests that wait for an answer
WAITING_MAX = 10  # sums that wait for a phone to get a wallet
STRANGERS = 90_000  # phone numbers from here on have no wallet
AN_HOUR = 3_600.0


class Counts(Protocol):
    """Where a turn writes down what became of it."""

    done: Counter[tuple[str, str]]
    refused: Counter[tuple[str, str]]
    challenges: int
    newcomers: int
    idle: int


@dataclass(eq=False, slots=True)
class Trader:
    """A resident who acts. `place` is where in town they live; `may_send` holds until the answer was
    that a limit is reached."""

    resident: Resident
    hand: Hand
    pace: Pace
    place: int
    may_send: bool = True
    busy: bool = False
    gone: bool = False

    def is_free(self, now: float) -> bool:
        return not self.busy and not self.gone and self.pace.is_free(now)


class Trading:
    """The trade of one town, a turn at a time; several turns may be under way together."""

    def __init__(self, house: House, town: Town, chance: random.Random, tally: Counts) -> None:
        self._house = house
        self._census = town.census
        self._town = town
        self._chance = chance
        self._tally = tally
        customers, shops, _ = VISITORS
        self._visitors = town.census.customers[:customers]
        self._people: list[Trader] = []
        for resident in town.census.customers[customers:]:
            self._people.append(self._trader(resident))
        self._shops = [self._trader(r) for r in town.census.shops[shops:]]
        self._newcomers = 0
        self._newcomer_at = 0.0
        self._paid: deque[tuple[UUID, Trader, Money]] = deque(maxlen=REMEMBERED_MAX)
        self._asked: deque[tuple[UUID, Trader]] = deque(maxlen=2 * ASKED_MAX)
        self._waiting: deque[tuple[UUID, Trader]] = deque(maxlen=2 * WAITING_MAX)

    async def turn(self, way: str | None = None) -> None:
        """Somebody does something: `way`, of `habits.WAYS`, or what chance chooses. Raises
        `Unavailable` in an outage."""
        acts = {
            "pay": self._pay,
            "pay_code": self._pay_code,
            "send": self._send,
            "ask": self._ask,
            "answer": self._answer,
            "refund": self._refund,
            "top_up": self._top_up,
            "withdraw": self._withdraw,
            "send_away": self._send_away,
        }
        if not await acts[way or choose(self._chance)]():
            self._tally.idle += 1

    # --- what people do; False where nobody could --------------------------------------------------

    async def _pay(self) -> bool:
        payer = await self._someone()
        if payer is None:
            return False
        shop = self._chance.choice(self._census.shops)
        amount = ticket(self._chance, self._census, shop)
        with self._acting(payer):
            if not await self._has(payer, amount):
                return await self._fetch(payer)
            number, note = self._town.numbers[shop.id], self._chance.choice(NOTES_PAID)
            order_id = self._house.ids.new()
            said = await self._do("pay", payer, PayMerchant(order_id, amount, number, note))
        self._remember(said, order_id, shop, amount)
        return True

    async def _pay_code(self) -> bool:
        """The shop shows a code with the amount, and somebody scans it; or walks away."""
        payer = await self._someone()
        seller = self._chance.choice(self._shops)
        if payer is None:
            return False
        amount = ticket(self._chance, self._census, seller.resident)
        with self._acting(payer):
            if not await self._has(payer, amount):
                return await self._fetch(payer)
            order_id = self._house.ids.new()
            made = await self._do("create", seller, CreatePayment(order_id, amount, "at the till"))
            if not isinstance(made, Receipt):
                return True
            if self._chance.random() < 0.05:
                await self._do("cancel", seller, CancelPayment(self._house.ids.new(), order_id))
                return True
            said = await self._do("pay_code", payer, PayOrder(self._house.ids.new(), order_id))
        self._remember(said, order_id, seller.resident, amount)
        return True

    async def _send(self) -> bool:
        sender = await self._someone(sends=True)
        if sender is None:
            return False
        amount, phone = gift(self._chance, self._census), self._friend(sender).phone
        with self._acting(sender):
            if not await self._has(sender, amount):
                return await self._fetch(sender)
            note = self._chance.choice(NOTES_SENT)
            sent = Send(self._house.ids.new(), amount, phone=phone, note=note)
            await self._do("send", sender, sent)
        return True

    async def _ask(self) -> bool:
        """Somebody who may send is asked by a friend; the answer is a turn of its own."""
        asker = await self._someone(sends=True) if len(self._asked) < ASKED_MAX else None
        if asker is None:
            return False
        friend = self._neighbour(asker)
        if not friend.may_send:
            return False
        amount, order_id = gift(self._chance, self._census), self._house.ids.new()
        with self._acting(asker):
            ask = Ask(order_id, amount, phone=friend.resident.phone, note="my half?")
            if isinstance(await self._do("ask", asker, ask), Receipt):
                self._asked.append((order_id, friend))
        return True

    async def _answer(self) -> bool:
        now = self._now()
        waits = next((asked for asked in self._asked if asked[1].is_free(now)), None)
        if waits is None:
            return await self._ask()
        self._asked.remove(waits)
        order_id, friend = waits
        with self._acting(friend):
            if self._chance.random() < 0.15:
                await self._do("decline", friend, Decline(self._house.ids.new(), order_id))
                return True
            order = await self._house.orders.get(order_id)
            if order is not None and not await self._has(friend, order.amount):
                self._asked.append(waits)
                return await self._fetch(friend)
            await self._do("answer", friend, PayRequest(self._house.ids.new(), order_id))
        return True

    async def _refund(self) -> bool:
        if not self._paid:
            return False
        order_id, seller, paid = self._paid.popleft()
        part = paid.minor // 2
        amount = Money(part, paid.currency) if part and self._chance.random() < 0.4 else None
        await self._do("refund", seller, Refund(self._house.ids.new(), order_id, amount))
        return True

    async def _top_up(self) -> bool:
        trader = await self._someone()
        if trader is None:
            return False
        with self._acting(trader):
            return await self._fetch(trader)

    async def _withdraw(self) -> bool:
        """A shop brings its takings to its bank, at most once an hour."""
        seller = self._chance.choice(self._shops)
        if not seller.is_free(self._now()):
            return False
        amount = takings(self._chance, self._census, await self._purse(seller))
        if amount is None:
            return False
        with self._acting(seller):
            seller.pace.rest(self._now(), AN_HOUR)
            account = seller.resident.bank_account
            await self._do("withdraw", seller, Withdraw(self._house.ids.new(), amount, account))
        return True

    async def _send_away(self) -> bool:
        """Money for a phone without a wallet waits; when much waits, the oldest is taken back."""
        if len(self._waiting) >= WAITING_MAX:
            return await self._take_back()
        trader = await self._someone(sends=True)
        if trader is None:
            return False
        order_id, amount = self._house.ids.new(), self._census.money(20)
        phone = self._census.phone(STRANGERS + self._chance.randrange(1_000))
        with self._acting(trader):
            if not await self._has(trader, amount):
                return await self._fetch(trader)
            said = await self._do("send_away", trader, Send(order_id, amount, phone=phone))
            if isinstance(said, Receipt) and said.order.state is State.HELD:
                self._waiting.append((order_id, trader))
        return True

    async def _take_back(self) -> bool:
        now = self._now()
        waits = next((sent for sent in self._waiting if sent[1].is_free(now)), None)
        if waits is None:
            return False
        self._waiting.remove(waits)
        order_id, sender = waits
        with self._acting(sender):
            await self._do("take_back", sender, TakeBack(self._house.ids.new(), order_id))
        return True

    async def _fetch(self, trader: Trader) -> bool:
        """Money from the bank."""
        amount = refill(self._chance, self._census, trader.resident)
        top_up = TopUp(self._house.ids.new(), amount, trader.resident.bank_account)
        await self._do("top_up", trader, top_up)
        return True

    # --- doing it ----------------------------------------------------------------------------------

    async def _do(
        self, way: str, trader: Trader, command: Command
    ) -> Receipt | Refused | Challenged:
        before = trader.hand.challenges
        said = await trader.hand.do(command)
        self._tally.challenges += trader.hand.challenges - before
        now = self._now()
        if isinstance(said, Receipt):
            self._tally.done[way, said.order.state.value] += 1
            if said.order.state is State.REVIEW:
                trader.pace.rest(now, DAY_SECONDS / 2)
            return said
        code = said.code if isinstance(said, Refused) else "challenged"
        self._tally.refused[way, code] += 1
        self._learn(way, trader, said, now)
        return said

    def _learn(self, way: str, trader: Trader, said: Refused | Challenged, now: float) -> None:
        """What people make of a no."""
        if isinstance(said, Challenged) or said.reason.kind is Kind.BUSY:
            trader.pace.rest(now, AN_HOUR / 6)
        elif said.reason is GateReason.RISK_UNAVAILABLE:
            raise Unavailable("operations are not screened")
        elif said.reason.kind is Kind.RISK:
            trader.pace.rest(now, AN_HOUR)
        elif said.reason.kind is Kind.UNPROVEN:
            trader.gone = True  # a visitor has taken the wallet over: its PIN is not the town's
        elif said.reason.kind is Kind.LIMIT:
            if way == "top_up":
                trader.pace.rest(now, DAY_SECONDS)
            else:
                trader.may_send = False

    def _remember(
        self, said: Receipt | Refused | Challenged, order_id: UUID, shop: Resident, amount: Money
    ) -> None:
        """A payment that its shop may give back later; the visitors' shops decide for themselves."""
        seller = next((s for s in self._shops if s.resident.id == shop.id), None)
        if seller is not None and isinstance(said, Receipt) and said.order.state is State.PAID:
            self._paid.append((order_id, seller, amount))

    @contextmanager
    def _acting(self, trader: Trader) -> Iterator[None]:
        trader.busy = True
        trader.pace.spend(self._now())
        try:
            yield
        finally:
            trader.busy = False

    async def _has(self, trader: Trader, amount: Money) -> bool:
        return (await self._purse(trader)).minor >= amount.minor

    async def _purse(self, trader: Trader) -> Money:
        account = await self._house.ledger.account(main_account(trader.resident.id))
        currency = self._census.market.currency
        return Money(account.available_minor if account is not None else 0, currency)

    # --- who -----------------------------------------------------------------------------------------

    async def _someone(self, *, sends: bool = False) -> Trader | None:
        """Somebody who is free; where everybody rests, somebody new moves in."""
        now = self._now()
        for _ in range(DRAWS_MAX):
            trader = self._chance.choice(self._people)
            if trader.is_free(now) and (trader.may_send or not sends):
                return trader
        free = [t for t in self._people if t.is_free(now) and (t.may_send or not sends)]
        if free:
            return self._chance.choice(free)
        newcomer = await self._newcomer(now)
        return newcomer if newcomer is not None and (newcomer.may_send or not sends) else None

    async def _newcomer(self, now: float) -> Trader | None:
        if self._newcomers >= NEWCOMERS_MAX or now < self._newcomer_at:
            return None
        self._newcomers += 1
        self._newcomer_at = now + NEWCOMER_SECONDS
        resident = self._census.customer(FIRST_NEWCOMER + self._newcomers)
        said = await move_in(self._house, self._census.market, Hand(self._house, resident))
        if not isinstance(said, Receipt):
            code = said.code if isinstance(said, Refused) else "challenged"
            self._tally.refused["move_in", code] += 1
            return None
        trader = self._trader(resident)
        self._people.append(trader)
        self._tally.newcomers += 1
        return trader

    def _friend(self, trader: Trader) -> Resident:
        """Somebody that `trader` sends money to: a neighbour, or for a few of them a visitor."""
        if trader.place < FRIENDS_MAX and self._chance.random() < 0.5:
            return self._chance.choice(self._visitors)
        return self._neighbour(trader).resident

    def _neighbour(self, trader: Trader) -> Trader:
        """One of the few who moved in before: nobody in the town is paid by a crowd."""
        return self._people[trader.place - self._chance.randint(1, FRIENDS_MAX)]

    def _trader(self, resident: Resident) -> Trader:
        pace = Pace(self._chance.uniform(BURST / 5, BURST), self._now())
        day = local_day(self._house.clock.now(), self._census.market.zone)
        may_send = self._census.may_send(resident, day)
        return Trader(resident, Hand(self._house, resident), pace, len(self._people), may_send)

    def _now(self) -> float:
        return self._house.clock.now().timestamp()
