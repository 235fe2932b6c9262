"""What the partner API stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.markets import Market
from argosy.base.orders.reading import Orders
from argosy.base.parties.keys import Keys
from argosy.base.parties.parties import Parties
from argosy.base.store import Database
from argosy.base.wallet.statement import Statement
from argosy.partners.api.facts import Terms
from argosy.partners.api.keys import ApiKeys
from argosy.partners.webhooks.webhooks import Webhooks
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.presented.presenting import Presenting
from argosy.public_services.receipts.tax import TaxNumbers


@dataclass(frozen=True)
class PartnerApi:
    """Exactly the services that the API needs; the wiring makes one.

    `payment_link` is the address at which a waiting payment's id can be paid, `draw_svg` draws a
    code's text as an SVG document.
    """

    db: Database
    clock: Clock
    ids: Ids
    keys: Keys
    markets: Mapping[str, Market]
    parties: Parties
    orders: Orders
    ledger: Ledger
    statement: Statement
    cashier: Cashier
    presenting: Presenting
    api_keys: ApiKeys
    webhooks: Webhooks
    payment_link: Callable[[object], str]
    draw_svg: Callable[[str], str]
    public_url: str = "http://127.0.0.1:8080"
    terms: Terms = field(default_factory=Terms)

    @property
    def tax(self) -> TaxNumbers:
        """The tax numbers on receipts."""
        return TaxNumbers(self.db, self.clock)
