"""What a product is: commands, pure plans, and what the clock does for it.

A product is a folder with a `manifest.toml` (`kind = "product"`, `load = "product:PRODUCT"`). Each of
its verbs is a frozen command and a pure function from (command, context) to a plan or a refusal. The
cashier loads what the verb wants, plans, asks for proofs and takes the plan to the gate; a product
never reads, waits or writes in its plan. Where a bank must be asked after the commit, or the clock
must act, the product has a thin shell over `Tools`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

import msgspec

from argosy.base.clock import Clock, local_day
from argosy.base.markets import Market
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import Orders
from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import Bound, Sealing, in_json
from argosy.base.ports import Operation, Rail, RailReply
from argosy.base.postings import Challenged, Done, LimitUse, Posting
from argosy.base.refusals import Refused


class Command(Protocol):
    """What somebody asks for: frozen, typed, with the id that makes it the same request again.

    For a verb that makes an order, `id` is the order's id.
    """

    @property
    def id(self) -> UUID: ...


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and on which way: the channel fills it from the session or from the partner's key.

    `by_key`: a program with the party's key asks, which proves as much as a PIN where a verb allows it.
    """

    party: Party
    channel: str
    session: UUID | None = None
    device: UUID | None = None
    network: str | None = None
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something personal, such as a phone or bank account number, as an order may keep it: `hashed`
    (keyed) finds it again, `sealed` can be opened by the program, `masked` may be shown (`...3210`)."""

    hashed: str
    sealed: str
    masked: str


def sealings(products: Iterable[Product]) -> Sealing:
    """What the orders of `products` keep sealed: each personal field under its own name."""
    names = sorted({name for one in products for verb in one.verbs for name in verb.personal})
    return Sealing(
        "orders.orders",
        ("id",),
        tuple(in_json("data", name, _bound_to(name)) for name in names),
    )


def _bound_to(name: str) -> Bound:
    return lambda row: ("order", str(row["id"]), name)


def sealed_hash(keys: Keys, market: str, field: str, text: str) -> str:
    """The `hashed` of what a field named `field` holds: the same in every order of the market."""
    return keys.digest(f"order {field}", market, text).hex()


def seal(keys: Keys, market: str, order: UUID, field: str, text: str) -> Sealed:
    """Seal `text` so that it opens for this field of this order only."""
    sealed = keys.seal(text, "order", str(order), field).hex()
    return Sealed(sealed_hash(keys, market, field, text), sealed, f"...{text[-4:]}")


class Wants(msgspec.Struct, frozen=True):
    """What a verb needs to be told before it can plan. At most one of `party`, `phone` (as typed) and
    `number` (a party's public number) names the other side; with `order`, and none of them, the other
    side is who stands in the order beside the one who asks."""

    order: UUID | None = None
    party: UUID | None = None
    phone: str | None = None
    number: str | None = None


class Context(msgspec.Struct, frozen=True, dict=True):
    """What a plan may know. `me` asks; `other` is the other side, None where there is none (yet);
    `sealed` are the command's personal fields by name; `uses` are the limit uses that were counted
    for `order`; `mark` is the fingerprint of the command, the same for the same content."""

    market: Market
    now: datetime
    asker: Asker
    other: Party | None = None
    order: Order | None = None
    uses: tuple[LimitUse, ...] = ()
    sealed: Mapping[str, Sealed] = msgspec.field(default_factory=dict)
    mark: str = ""

    @cached_property
    def day(self) -> date:
        """Today in the market's time zone."""
        return local_day(self.now, self.market.zone)

    @property
    def me(self) -> Party:
        return self.asker.party

    @property
    def currency(self) -> str:
        return self.market.currency


class Plan(msgspec.Struct, frozen=True):
    """What is to become durable, and what the brain is asked first. Without `operation` nothing is
    screened: for steps that move no money forward, such as asking or cancelling.

    `refused` is what the asker is told once the posting is durable, in place of a receipt: for a no
    that must leave a trace, such as a wrong code whose tries are counted."""

    posting: Posting
    operation: Operation | None = None
    refused: Refused | None = None


class Gate(Protocol):
    """The only road to the ledger, as products and the cashier use it."""

    async def carry_out(
        self, operation: Operation, posting: Posting
    ) -> Done | Refused | Challenged: ...

    async def settle(
        self, posting: Posting, ours: frozenset[UUID] = frozenset()
    ) -> Done | Refused: ...

    async def try_out(
        self, operation: Operation, posting: Posting
    ) -> Done | Refused | Challenged: ...


@dataclass(frozen=True)
class Tools:
    """What the shells of products work with. `rails` is every way to a bank by its name; `keys`
    open what an order keeps sealed."""

    gate: Gate
    orders: Orders
    clock: Clock
    markets: Mapping[str, Market]
    parties: Parties
    rails: Mapping[str, Rail]
    keys: Keys


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a product does.

    `proofs` are what the person must show (`pin`), unless a program asks and `by_key` allows it.
    `personal` names fields of the command that reach an order only sealed, under the same names. `after`
    goes on once the plan is durable, outside any transaction, and answers with the order as it then stands.
    """

    command: type
    plan: Callable[[Any, Context], Plan | Refused]
    wants: Callable[[Any], Wants]
    proofs: frozenset[str] = frozenset({"pin"})
    by_key: bool = False
    personal: tuple[str, ...] = ()
    after: Callable[[Tools, Order], Awaitable[Order]] | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the clock does every `every_seconds`: `run(now, limit)` acts on at most `limit` orders and
    says on how many. Two processes may run it at once; each order is moved on by one of them."""

    name: str
    every_seconds: float
    run: Callable[[datetime, int], Awaitable[int]]


def _no_sweeps(_tools: Tools) -> tuple[Sweep, ...]:
    return ()


def _never_held(_order: Order, _now: datetime) -> Order | None:
    return None


@dataclass(frozen=True, slots=True)
class Product:
    """What a product's manifest loads. `noun` begins the names of its events (`payment.paid`).

    `held_on` is an order as its money is held on after a human has released it from review at the
    moment given; None where it is then paid at once. `released` is what comes after holding it on.
    `heard` records what a bank says of an order by itself. `asked` asks the bank once more about a
    held order, on somebody's word; the order as it then stands.
    """

    name: str
    noun: str
    verbs: tuple[Verb, ...]
    sweeps: Callable[[Tools], tuple[Sweep, ...]] = _no_sweeps
    held_on: Callable[[Order, datetime], Order | None] = _never_held
    released: Callable[[Tools, Order], Awaitable[Order]] | None = None
    heard: Callable[[Tools, Order, RailReply], Awaitable[Order]] | None = None
    asked: Callable[[Tools, Order], Awaitable[Order]] | None = None
