"""What the brain judges and learns from: one event, whoever sends it, and what was later found of it.

The wallet makes an event of each operation; another wallet posts its own as JSON. Nothing else of
either reaches the brain.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args
from uuid import UUID

import msgspec

Scalar = str | int | float | bool

Entity = Literal[
    "account",
    "device",
    "payee",
    "merchant",
    "network",
    "phone",
    "instrument",
    "pair",
    "account_device",
    "account_network",
    "received",
]
ENTITIES: Final[tuple[Entity, ...]] = get_args(Entity)
"""Whom facts are kept about. An event names each by a text of its own kind; `pair` is who pays whom,
`account_device` and `account_network` are one account at one device or behind one network. `received`
is what came to the account that acts now: read by account, and made of the events that name it as payee
(`FOLDED_AS`)."""

FOLDED_AS: Final = MappingProxyType({"received": "payee"})
"""Entities whose facts are made of events by another name than the one they are read by."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that somebody does: pays, sends, signs in, signs up.

    `id` names it for ever: the same id again is the same event. `at_ms` is Unix time in milliseconds.
    `account` is who acts; `amount` is in minor units of `currency`. `payee` is whoever gets the money,
    `merchant` is that payee where it is a shop, `instrument` a card or a bank account. `proofs` are
    what the person showed for this very event (`pin`, `otp`). `attributes` are the sender's own facts
    about it, which rules read as `event.<name>`. A name that is None or not there is missing, never
    zero and never empty.
    """

    id: UUID
    kind: str
    at_ms: int
    account: str
    market: str = ""
    amount: int = 0
    currency: str = ""
    channel: str = ""
    device: str | None = None
    session: str | None = None
    payee: str | None = None
    merchant: str | None = None
    network: str | None = None
    phone: str | None = None
    instrument: str | None = None
    proofs: frozenset[str] = frozenset()
    attributes: Mapping[str, Scalar] = msgspec.field(default_factory=dict)

    @property
    def pair(self) -> str | None:
        """Who pays whom, as one text."""
        to = self.payee or self.merchant or self.instrument
        return None if to is None else f"{self.account}>{to}"

    @property
    def account_device(self) -> str | None:
        """The account at this device, as one text."""
        return f"{self.account}@{self.device}" if self.device else None

    @property
    def account_network(self) -> str | None:
        """The account behind this network, as one text."""
        return f"{self.account}@{self.network}" if self.network else None

    @property
    def received(self) -> str:
        """Whose inbox facts of `received` are read for this event."""
        return self.account


class Outcome(msgspec.Struct, frozen=True):
    """What became of an event: `posted`, `held`, `challenged`, `denied` or `refused`.

    Only what was posted or held counts into facts about money; a fact says with `outcomes` what it counts.
    """

    event: UUID
    at_ms: int
    outcome: str


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody found out about an event later. `at_ms` is when it was known, never before.

    `scheme` is the analyst's word for the kind of fraud (`takeover`, `mule`, `collusion`, ...).
    `source` is `case`, `customer`, `chargeback`, `merchant` or the sender's own word. Of two labels on
    one event the later one holds.
    """

    event: UUID
    at_ms: int
    bad: bool
    source: str
    scheme: str = ""
    by: str = ""
    loss: int = 0
