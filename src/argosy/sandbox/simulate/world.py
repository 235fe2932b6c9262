"""The town as everybody in it sees it: who lives here, what time it is, and one way to do something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from argosy.app import Wallet
from argosy.base.clock import SetClock
from argosy.base.ids import named, parse_id
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.orders.facts import State
from argosy.base.parties.facts import NewParty, Party, PartyKind, PartyState, main_account
from argosy.base.postings import Challenged
from argosy.base.products import Command
from argosy.base.refusals import Kind, Refused, Unavailable
from argosy.public_services.cashier.facts import Receipt
from argosy.sandbox.census import Census
from argosy.sandbox.hand import DEMO_PIN
from argosy.sandbox.simulate.facts import BEGIN, DAY, Attempt, Book, Fate, Scheme, Terms
from argosy.sandbox.simulate.phone import Phone

DENIED = frozenset({"denied_by_risk", "proof_not_possible", "risk_unavailable"})


class Actor(Protocol):
    """Somebody who acts by themselves."""

    async def act(self, now: float) -> float | None:
        """Do what is to be done now; when to act again, in seconds since the beginning, or never."""
        ...


@dataclass(eq=False)
class World:
    """One run of one town. Times are seconds since the beginning; `chance` is the world's own."""

    terms: Terms
    wallet: Wallet
    clock: SetClock
    market: Market
    census: Census
    chance: random.Random
    book: Book = field(default_factory=Book)
    phones: dict[UUID, Phone] = field(default_factory=dict)
    numbers: dict[UUID, str] = field(default_factory=dict)
    secured: dict[UUID, float] = field(default_factory=dict)
    thieves: set[UUID] = field(default_factory=set)  # wallets of gangs
    guarded: bool = True
    newcomers: list[tuple[float, Actor]] = field(default_factory=list)
    _opened: int = 0

    @property
    def now(self) -> float:
        return (self.clock.now() - BEGIN).total_seconds()

    def set(self, seconds: float) -> None:
        """It is so late now; time never runs back."""
        self.clock.set(max(self.clock.now(), BEGIN + timedelta(seconds=seconds)))

    def money(self, rupees: float) -> Money:
        """So many rupees' worth in the market's own currency."""
        return self.census.money(rupees)

    def rupees(self, money: Money) -> float:
        """The reverse of `money`."""
        return money.minor / self.census.rupee_minor

    async def has(self, party: UUID) -> float:
        """What a wallet can spend, in rupees' worth."""
        account = await self.wallet.ledger.account(main_account(party))
        minor = account.available_minor if account is not None else 0
        return self.rupees(Money(minor, self.market.currency))

    async def do(
        self,
        phone: Phone,
        command: Command,
        kind: str,
        money: Money,
        *,
        gang: str = "",
        scheme: Scheme | None = None,
        harm: Money | None = None,
    ) -> Attempt:
        """Somebody tries something; what became of it is written down and answered."""
        said, challenged = await phone.do(command, self.chance)
        fate, why = _fate(said)
        if why:
            self.book.refusals[why] = self.book.refusals.get(why, 0) + 1
        return self.book.add(
            Attempt(
                command.id,
                self.now,
                kind,
                money.minor,
                fate,
                gang,
                scheme,
                0 if harm is None else harm.minor,
                challenged,
            )
        )

    async def open(
        self,
        kind: PartyKind,
        device: str,
        network: str,
        *,
        level: str | None = None,
        answers: float = 0.97,
        merchant_class: str | None = None,
    ) -> Phone:
        """A wallet with its PIN, and the phone that holds it. Without `level` it is of the lowest."""
        self._opened += 1
        number = self._opened
        place = self.census.chance("simulated person", number)
        given, family = (self.market.town[what] for what in ("given", "family"))
        name = f"{place.choice(list(given))} {place.choice(list(family))}"  # type: ignore[call-overload]
        phone = self.market.phone(self.census.phone(number))
        ladder = self.market.ladder(kind)
        if isinstance(phone, Refused):
            raise Unavailable(f"there is no phone number for person {number} of the town")
        business = None if kind is PartyKind.CUSTOMER else f"{name} {kind.value} {number}"
        new = NewParty(
            id=self.wallet.ids.new(),
            kind=kind,
            market=self.market.code,
            level=level or ladder[0].name,
            language=self.market.languages[0],
            name=name,
            phone=phone,
            city=None,
            business_name=business,
            merchant_class=merchant_class if kind is PartyKind.MERCHANT else None,
        )
        async with self.wallet.db.work() as conn:
            party = await self.wallet.parties.open(new, conn)
            if not isinstance(party, Party):
                raise Unavailable(f"nobody could be let in: {party.code}")
            await self.wallet.signin.set_pin(party.id, DEMO_PIN, conn)
        self.numbers[party.id] = party.number
        made = Phone(self.wallet, party.id, device, network, answers)
        self.phones[party.id] = made
        return made

    def bank_account(self, party: UUID) -> str:
        """Somebody's own account at the bank, which answers at once."""
        return f"1002{named('account', str(party)).int % 10**8:08}00"

    def join(self, at: float, actor: Actor) -> None:
        """Somebody begins to act."""
        self.newcomers.append((at, actor))

    async def dispose(self, event: UUID) -> None:
        """What was found out has consequences: the wallet of a gang in it is frozen."""
        row = await self.wallet.db.one(
            "SELECT account, payee FROM ctu.events WHERE id = $1 ORDER BY log_no DESC LIMIT 1",
            event,
        )
        if row is None or not self.guarded:
            return
        for name in (row["account"], row["payee"]):
            party = parse_id(name or "")
            if party is not None and party in self.thieves:
                self.thieves.discard(party)
                self.book.frozen += 1
                await self.wallet.parties.set_state(party, PartyState.FROZEN)

    def secure(self, party: UUID) -> None:
        """The owner has taken the wallet back: a new PIN, every session ended."""
        self.secured[party] = self.now

    def someone(self, of: Sequence[Phone]) -> Phone:
        """Anybody of those."""
        return of[self.chance.randrange(len(of))]

    def later(self, mean_days: float) -> float:
        """A moment after now, by chance: half of all within two thirds of the mean."""
        return self.now + self.chance.expovariate(1 / (mean_days * DAY))


def _fate(said: Receipt | Refused | Challenged) -> tuple[Fate, str]:
    """What became of it, and the refusal's name where there was one."""
    if isinstance(said, Receipt):
        if said.order.state in (State.RETURNED, State.CANCELLED, State.EXPIRED):
            return Fate.REFUSED, "the bank said no"
        return (Fate.HELD if said.order.state is State.REVIEW else Fate.DONE), ""
    if isinstance(said, Challenged):
        return Fate.STOPPED, "challenge not answered"
    if said.code in DENIED or said.reason.kind is Kind.RISK:
        return Fate.STOPPED, said.code
    return Fate.REFUSED, said.code
