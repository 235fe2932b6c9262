"""What the management board stands on, wired by `argosy.app.console_services`.

Whoever needs more adds a field; what comes from products, partners, banks, markets or channels has a
Protocol in `ports.py` as its type.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from argosy.base.clock import Clock
from argosy.base.gate.gate import ScreenedGate
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.markets import Market
from argosy.base.orders.reading import Orders
from argosy.base.outbox.broadcast import Broadcast
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.ports import Rail
from argosy.base.products import Product, Tools
from argosy.base.store import Database
from argosy.base.wallet.statement import Statement
from argosy.ctu.apart import Asking
from argosy.ctu.brain import Brain
from argosy.ctu.cases import Cases
from argosy.management.approvals.approvals import Approvals
from argosy.management.money.desk import MoneyDesk
from argosy.management.ports import Redemption
from argosy.management.risk import Risk
from argosy.management.setup.desk import SetupDesk
from argosy.management.staff.audit import Audit
from argosy.management.staff.entering import Entering
from argosy.management.staff.people import People
from argosy.management.staff.sessions import Sessions
from argosy.management.status import Part
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.funnel.funnel import Funnels
from argosy.public_services.identity.closing import Closing
from argosy.public_services.identity.identity import Identity
from argosy.public_services.notify.notify import Notify
from argosy.public_services.receipts.receipts import Receipts
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words


@dataclass(frozen=True)
class Services:
    """Everything by its name. `market` is where this installation is at home; `demo` says whether it is
    a demo town."""

    db: Database
    clock: Clock
    ids: Ids
    keys: Keys
    markets: Mapping[str, Market]
    market: Market
    words: Words
    ledger: Ledger
    gate: ScreenedGate
    parties: Parties
    orders: Orders
    statement: Statement
    signin: Signin
    identity: Identity
    closing: Closing
    notify: Notify
    cashier: Cashier
    receipts: Receipts
    funnels: Funnels
    brain: Brain | Asking
    cases: Cases
    risk: Risk
    money: MoneyDesk
    setup: SetupDesk
    rails: Mapping[str, Rail]
    tools: Tools
    products: Mapping[str, Product]
    broadcast: Broadcast
    people: People
    entering: Entering
    sessions: Sessions
    audit: Audit
    approvals: Approvals
    redeem: Redemption
    public_url: str
    demo: bool
    font_of: Callable[[str], Path | None]  # a font of this machine with all letters of a text
    ready: Callable[[], Awaitable[str | None]]  # why no money can be taken now; None: it can
    parts: Callable[
        [], list[Part]
    ]  # the processes and their memory; looks at the machine, so it waits
