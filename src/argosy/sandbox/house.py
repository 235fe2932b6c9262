"""What the town needs of the wallet that it stands in: public doors only, no road of its own."""

from __future__ import annotations

from typing import Protocol

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.orders.reading import Orders
from argosy.base.parties.parties import Parties
from argosy.base.store import Database
from argosy.public_services.cashier.cashier import Cashier
from argosy.public_services.identity.identity import Identity
from argosy.public_services.notify.notify import Notify
from argosy.public_services.signin.signin import Signin
from argosy.public_services.words.words import Words


class Brain(Protocol):
    """The screening, as far as the town must wake it: without it no money moves."""

    async def start(self) -> None:
        """Begin to answer. Doing it again changes nothing."""
        ...


class House(Protocol):
    """The wired wallet, as the town sees it."""

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...

    @property
    def db(self) -> Database: ...

    @property
    def parties(self) -> Parties: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def orders(self) -> Orders: ...

    @property
    def signin(self) -> Signin: ...

    @property
    def identity(self) -> Identity: ...

    @property
    def cashier(self) -> Cashier: ...

    @property
    def notify(self) -> Notify: ...

    @property
    def words(self) -> Words: ...

    @property
    def brain(self) -> Brain: ...
