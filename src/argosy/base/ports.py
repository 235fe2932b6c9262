"""The doors of the base: what it needs from outside, as contracts that `app.py` plugs together.

Screening is asked before money moves, a rail moves money at a bank, a notifier tells a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from argosy.base.money import Money

# --- screening ---------------------------------------------------------------------------------


class Decision(IntEnum):
    """What the brain says, mildest first; of several voices the strictest counts."""

    ALLOW = 0
    CHALLENGE = 1  # the person must first prove something more
    REVIEW = 2  # the money is reserved, a human decides
    DENY = 3


class Operation(msgspec.Struct, frozen=True):
    """One thing somebody wants to do, as the brain sees it. Ids and money, no personal data.

    `kind` is the product's name (`send`, `pay`, ...). `proofs` are what the person has shown for
    this very operation beyond the session (`pin`, `otp`).
    """

    id: UUID
    kind: str
    market: str
    at: datetime
    party: UUID
    money: Money
    channel: str
    account: UUID | None = None
    device: UUID | None = None
    session: UUID | None = None
    network: str | None = None
    payee: UUID | None = None
    payee_kind: str | None = None
    proofs: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Hit(msgspec.Struct, frozen=True):
    """One reason of a verdict: the rule, what it asks for, and the values that it read."""

    rule: str
    decision: Decision
    values: Mapping[str, Any]


class Verdict(msgspec.Struct, frozen=True):
    """The brain's answer. `challenge` names the proof asked for (`otp`); `unevaluated` is loud:
    the names of what could not be judged, which alone never make a yes."""

    id: UUID
    decision: Decision
    hits: tuple[Hit, ...] = ()
    challenge: str | None = None
    score: float = 0.0
    version: str = ""
    unevaluated: tuple[str, ...] = ()


class Screening(Protocol):
    """The brain, as the gate sees it. `judge` leaves no trace; `observe` is told what became of it.

    An exception or a late answer from `judge` is not a yes: the gate fails closed.
    """

    async def judge(self, operation: Operation) -> Verdict: ...

    def record(
        self, operation: Operation, verdict: Verdict, outcome: str, order: UUID | None
    ) -> Any:
        """What the brain wants committed with the money, as anything that JSON can carry: the base
        does not read it. `order` is the order whose step it is."""
        ...

    async def observe(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        """`outcome` is `posted`, `held`, `challenged`, `denied` or `refused`."""
        ...


# --- rails -------------------------------------------------------------------------------------


class Direction(StrEnum):
    """Which way money goes, seen from the wallet."""

    COLLECT = "collect"  # from the customer's bank account to us: a top-up
    PAY_OUT = "pay_out"  # from us to the customer's bank account: a withdrawal


NEVER_SEEN = "never_seen"
"""The reason of a rejection by a bank that has not seen an instruction and will not take it now."""


class RailState(StrEnum):
    """What a rail knows of an instruction. Only DONE and REJECTED end it."""

    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a bank is asked to do. The same `id` is the same instruction however often it is sent.
    `order` is ours; a bank that calls by itself names it."""

    id: UUID
    direction: Direction
    money: Money
    bank_account: str
    deadline_at: datetime
    order: UUID | None = None


@dataclass(frozen=True, slots=True)
class RailReply:
    """The bank's answer; `reference` is the bank's own number, `reason` its word for a rejection."""

    state: RailState
    reference: str | None = None
    reason: str | None = None


class Rail(Protocol):
    """A way to a bank. Never called inside a transaction.

    `send` is idempotent by the instruction's id. Both verbs answer UNKNOWN rather than raise when the
    line fails; `inquire` answers REJECTED with reason NEVER_SEEN only where the bank says for sure
    that it has not seen, and after the deadline will not accept, this id.
    """

    name: str

    async def send(self, instruction: Instruction) -> RailReply: ...

    async def inquire(self, instruction: Instruction) -> RailReply: ...


Hear = Callable[[UUID, RailReply], Awaitable[None]]
"""Takes what a bank says of an order by itself: late, twice, or after everybody stopped asking."""


@runtime_checkable
class Calling(Protocol):
    """A rail whose bank may call by itself, where `calls_by_itself` says so."""

    name: str

    @property
    def calls_by_itself(self) -> bool: ...

    async def deliver(self, hear: Hear, limit: int) -> int:
        """Pass the calls that are due to `hear`, at most `limit`; how many. One that could not be
        heard comes again."""
        ...


# --- notification ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one person. `template` is a key of the words; `facts` fill it.

    `to` is a party, or, for someone who has no wallet yet, `phone` in E.164 or `email`. `secret` marks
    one-time codes, which no log and no staff page may show.
    """

    id: UUID
    template: str
    facts: Mapping[str, Any]
    market: str
    language: str
    to: UUID | None = None
    phone: str | None = None
    secret: bool = False
    email: str | None = None


class Notifier(Protocol):
    """Brings messages to people: at least once, and never silently not at all."""

    async def notify(self, message: Message) -> None: ...
