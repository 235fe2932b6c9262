"""Parties in the database: opening, finding, reading personal data under a log, changing state."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Access, NewParty, Party, PartyState, Personal
from argosy.base.parties.keys import Keys
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database


class Opening(Protocol):
    """What else must exist once a party does: its ledger account. Called with the party's facts on
    the connection of the transaction that makes it, before the party can be seen; must be idempotent."""

    async def __call__(self, party: Party, conn: Connection) -> None: ...


class Parties:
    """Everyone who takes part. Plain facts are free to read; personal data leaves a trace."""

    def __init__(
        self, db: Database, ids: Ids, clock: Clock, keys: Keys, opening: Opening | None = None
    ) -> None: ...

    async def open(self, new: NewParty, conn: Connection | None = None) -> Party | Refused:
        """Open `new`, or give the same party again; in the transaction of `conn` where given."""
        raise NotImplementedError

    async def get(self, party_id: UUID) -> Party | None:
        """The party; simultaneous reads share one query (so do `by_phone` and `by_number`)."""
        raise NotImplementedError

    async def by_phone(self, market: str, phone: str) -> Party | None:
        """Who has `phone` (E.164) in `market`. A closed party does not."""
        raise NotImplementedError

    async def by_number(self, market: str, number: str) -> Party | None:
        """Who has the public `number` in `market`."""
        raise NotImplementedError

    async def personal(self, party_id: UUID, reader: str, purpose: str) -> Personal | Refused:
        """All personal data of a party; the access is in the log before this returns."""
        raise NotImplementedError

    async def display_name(self, party_id: UUID, reader: str, purpose: str) -> str | None:
        """The name to show to somebody else: `Asha R.`, or a business's name in full. Logged too."""
        raise NotImplementedError

    async def accesses(self, party_id: UUID) -> list[Access]:
        """Who read this party's personal data, latest first."""
        raise NotImplementedError

    async def set_state(self, party_id: UUID, state: PartyState) -> Party | Refused:
        raise NotImplementedError

    async def set_level(
        self, party_id: UUID, level: str, conn: Connection | None = None
    ) -> Party | Refused:
        raise NotImplementedError
