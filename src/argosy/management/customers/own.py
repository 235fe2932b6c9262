"""Wallets of members of the staff: bound by an administrator, so that nobody acts on their own."""

from __future__ import annotations

from uuid import UUID

from argosy.base.parties import numbers
from argosy.base.parties.facts import Party, PartyReason
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.refusals import Refused
from argosy.management.customers.facts import CustomerReason, OwnWallet
from argosy.management.services import Services
from argosy.management.staff.facts import Member

LISTED_MAX = 500


class OwnWallets:
    """Whose wallet is whose."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def refused(self, member: Member, party_id: UUID) -> Refused | None:
        """OWN_WALLET where the wallet is the member's own."""
        owner = await self._services.db.value(
            "SELECT member_id FROM customers.own WHERE party_id = $1", party_id
        )
        return Refused(CustomerReason.OWN_WALLET) if owner == member.id else None

    async def bind(self, by: Member, member_id: UUID, number_text: str) -> Party | Refused:
        """The wallet with this number belongs to this member. Refused with NUMBER_UNREADABLE,
        PARTY_NOT_FOUND, and WALLET_OF_ANOTHER where another has it."""
        services = self._services
        number = numbers.reads(number_text)
        if number is None:
            return Refused(PartyReason.NUMBER_UNREADABLE, field="number")
        found = None
        for market in services.markets.values():
            found = found or await services.parties.by_number(market.code, number)
        if found is None:
            return Refused(PartyReason.PARTY_NOT_FOUND, field="number")
        owner = await services.db.value(
            """
            INSERT INTO customers.own AS o (party_id, member_id, bound_by, bound_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (party_id) DO UPDATE SET party_id = o.party_id RETURNING o.member_id
            """,
            found.id,
            member_id,
            by.name,
            services.clock.now(),
        )
        return found if owner == member_id else Refused(CustomerReason.WALLET_OF_ANOTHER)

    async def free(self, by: Member, party_id: UUID) -> None | Refused:
        """The wallet is nobody's of the staff any more. Nobody frees their own."""
        no = await self.refused(by, party_id)
        if no is None:
            await self._services.db.run("DELETE FROM customers.own WHERE party_id = $1", party_id)
        return no

    async def listed(self) -> list[OwnWallet]:
        """All of them, the latest first."""
        rows = await self._services.db.all(
            f"""
            SELECT o.member_id, o.bound_by, o.bound_at, {COLUMNS}
            FROM customers.own o JOIN parties.party p ON p.id = o.party_id
            ORDER BY o.bound_at DESC LIMIT $1
            """,
            LISTED_MAX,
        )
        return [
            OwnWallet(party_of(row), row["member_id"], row["bound_by"], row["bound_at"])
            for row in rows
        ]
