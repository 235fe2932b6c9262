"""What the phone's menus stand on."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.markets import Market
from argosy.base.orders.reading import Orders
from argosy.base.parties.facts import Party
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.store import Database
from argosy.base.wallet.statement import Statement
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.funnel.funnel import Funnels
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Ussd:
    """Exactly the services and settings that the menus need; the wiring makes one.

    A post is taken from the networks `allowed`, or with `secret`, where they are set; both where both
    are. With neither the door is shut, but in `demo`. `claim` brings a party the money that waits for
    its phone. `codes` are the numbers that are dialled, by market, for screens that name them.
    """

    clock: Clock
    ids: Ids
    keys: Keys
    db: Database
    markets: Mapping[str, Market]
    words: Words
    parties: Parties
    ledger: Ledger
    orders: Orders
    statement: Statement
    signin: Signin
    cashier: Cashier
    funnels: Funnels
    claim: Callable[[Party], Awaitable[object]]
    secret: str | None = field(default=None, repr=False)
    allowed: tuple[Network, ...] = ()
    demo: bool = False
    code: str = "*384#"
