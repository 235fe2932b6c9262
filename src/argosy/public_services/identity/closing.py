"""A wallet closed by its owner: begun, what is left paid out at par, closed for good.

From `begin` on nothing comes in and nothing goes out but to the owner (the command `Redeem`), so that the
wallet runs empty; the owner may still think better of it. `finish` closes the account, which the ledger
does only where it is empty, and then the party; the phone, the e-mail address and the documents are free
again. What a crash leaves in between is finished by `resume`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import derive
from argosy.base.ledger.facts import Account
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.parties.facts import NO_TRADE, Party, PartyReason, PartyState
from argosy.base.parties.parties import Parties
from argosy.base.ports import Message, Notifier
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database
from argosy.public_services.identity.facts import IdentityReason

RESUMED_MAX = 100
_log = logging.getLogger(__name__)


class Accounts(Protocol):
    """The ledger, as closing sees it."""

    async def account(self, account_id: UUID) -> Account | None: ...

    async def close(self, account_id: UUID, because: str) -> Refused | None: ...


class Closing:
    """Closes wallets. `let_out` ends every session of a party that is closed."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        parties: Parties,
        markets: Mapping[str, Market],
        accounts: Accounts,
        let_out: Callable[[UUID], Awaitable[object]],
        notifier: Notifier | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._parties = parties
        self._markets = markets
        self._accounts = accounts
        self._let_out = let_out
        self._notifier = notifier

    async def begin(self, party_id: UUID) -> Party | Refused:
        """From now on the wallet only pays out to its owner. Doing it again changes nothing. Refused for
        frozen and closed wallets, with PARTY_FROZEN and PARTY_CLOSED."""
        said = await self._parties.set_state(
            party_id, PartyState.CLOSING, only_from=PartyState.ACTIVE
        )
        return await self._in_closing(party_id, said)

    async def undo(self, party_id: UUID) -> Party | Refused:
        """The owner stays: the wallet is as it was. Refused where it is not being closed."""
        return await self._parties.set_state(
            party_id, PartyState.ACTIVE, only_from=PartyState.CLOSING
        )

    async def left(self, party: Party) -> tuple[Money, Money]:
        """What lies in the wallet to be paid out, and what is still on its way, in or out."""
        account = await self._accounts.account(party.account)
        currency = self._markets[party.market].currency
        if account is None:
            return Money(0, currency), Money(0, currency)
        waiting = account.debits_pending + account.credits_pending
        return Money(account.available_minor, currency), Money(waiting, currency)

    async def finish(self, party_id: UUID) -> Party | Refused:
        """Close for good. Refused with WALLET_NOT_EMPTY (`balance`: what lies there and what is on its
        way) and, where it was not begun, with the party's own reason."""
        party = await self._parties.get(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        if party.state is not PartyState.CLOSING:
            return Refused(NO_TRADE.get(party.state, PartyReason.PARTY_NOT_CLOSING))
        await self._db.run(
            "INSERT INTO identity.closing (party_id, begun_at) VALUES ($1, $2)"
            " ON CONFLICT DO NOTHING",
            party_id,
            self._clock.now(),
        )
        refused = await self._accounts.close(party.account, "closed by its owner")
        if refused is not None:
            await self._db.run("DELETE FROM identity.closing WHERE party_id = $1", party_id)
            lies, waits = await self.left(party)
            return Refused(IdentityReason.WALLET_NOT_EMPTY, {"balance": lies + waits})
        return await self._closed(party)

    async def resume(self) -> int:
        """Finish what a crash cut short; a job calls this every minute. Says how many there were."""
        rows = await self._db.all(
            "SELECT party_id FROM identity.closing ORDER BY begun_at LIMIT $1", RESUMED_MAX
        )
        for row in rows:
            party = await self._parties.get(row["party_id"])
            account = await self._accounts.account(party.account) if party is not None else None
            if party is not None and account is not None and account.closed:
                await self._closed(party)
            else:
                await self._db.run(
                    "DELETE FROM identity.closing WHERE party_id = $1", row["party_id"]
                )
        return len(rows)

    async def _closed(self, party: Party) -> Party | Refused:
        async with self._db.work() as conn:
            closed = await self._parties.set_state(party.id, PartyState.CLOSED, conn)
            await conn.execute("DELETE FROM identity.document WHERE party_id = $1", party.id)
            await conn.execute("DELETE FROM identity.closing WHERE party_id = $1", party.id)
        await self._let_out(party.id)
        await self._tell(party)
        return closed

    async def _in_closing(self, party_id: UUID, said: Party | Refused) -> Party | Refused:
        if not isinstance(said, Refused) or said.reason is not PartyReason.PARTY_CLOSING:
            return said
        party = await self._parties.get(party_id)
        return said if party is None else party

    async def _tell(self, party: Party) -> None:
        if self._notifier is None:
            return
        message = Message(
            id=derive(party.id, "closed"),
            template="identity.closed",
            facts={},
            market=party.market,
            language=party.language,
            to=party.id,
        )
        try:
            await self._notifier.notify(message)
        except Unavailable:
            _log.exception("message %s could not be stored", message.id)
