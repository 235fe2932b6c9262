"""What the lite app stands on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.markets import Market
from argosy.base.orders.reading import Orders
from argosy.base.outbox.broadcast import Broadcast
from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused
from argosy.base.wallet.statement import Statement
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.funnel.funnel import Funnels
from argosy.public_services.identity.closing import Closing
from argosy.public_services.identity.identity import Identity
from argosy.public_services.notify.notify import Notify
from argosy.public_services.presented.presenting import Presenting
from argosy.public_services.receipts.receipts import Receipts
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words


class ShopKey(Protocol):
    """An API key of a shop, without its secret."""

    @property
    def id(self) -> UUID: ...
    @property
    def label(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def signing(self) -> StrEnum: ...
    @property
    def used_at(self) -> datetime | None: ...
    @property
    def revoked_at(self) -> datetime | None: ...


class MadeKey(Protocol):
    """A key just made: the only time that `text` and `signing_secret` can be seen."""

    @property
    def key(self) -> ShopKey: ...
    @property
    def text(self) -> str: ...
    @property
    def signing_secret(self) -> str | None: ...


class ShopKeys(Protocol):
    """The API keys of shops, which the partner API keeps."""

    async def make(
        self, party: Party, label: str, *, signed: bool, key_id: UUID
    ) -> MadeKey | Refused: ...
    async def list(self, party_id: UUID) -> Sequence[ShopKey]: ...
    async def revoke(self, party_id: UUID, key_id: UUID) -> Refused | None: ...


@dataclass(frozen=True)
class Lite:
    """Exactly the services and settings that the pages need; the wiring makes one.

    `default_market` is for visitors whom nothing else places. `claim` brings a party the money that
    waits for its phone; it is called after sign-up and after a rise of level. `demo` shows the in-box
    of any phone. `funnels` count what visitors come through. `public_url` has no slash at its end;
    with https cookies are Secure.
    """

    clock: Clock
    ids: Ids
    keys: Keys
    markets: Mapping[str, Market]
    default_market: str
    words: Words
    parties: Parties
    ledger: Ledger
    orders: Orders
    statement: Statement
    signin: Signin
    identity: Identity
    closing: Closing
    cashier: Cashier
    presenting: Presenting
    receipts: Receipts
    notify: Notify
    broadcast: Broadcast
    shop_keys: ShopKeys
    funnels: Funnels
    claim: Callable[[Party], Awaitable[object]]
    demo: bool = False
    public_url: str = "http://127.0.0.1:8080"
    chance: Callable[[int], bytes] = secrets.token_bytes

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it over https."""
        return self.public_url.startswith("https://")

    def payment_link(self, what: object) -> str:
        """The address at which a shop's public number, or a waiting payment's id, can be paid."""
        return f"{self.public_url}/p/{what}"
