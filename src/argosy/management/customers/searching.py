"""Finding a wallet, an order or a case by whatever a person has in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

from argosy.base.ids import parse_id
from argosy.base.parties import numbers
from argosy.base.parties.facts import Party, PartyState
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.refusals import Refused
from argosy.management.customers.facts import Found, Hit, Hits
from argosy.management.services import Services
from argosy.management.staff.facts import Member

TEXT_CHARS_MAX = 120
SHOWN_MAX = 50
LISTED = frozenset({PartyState.FROZEN, PartyState.CLOSING})


class Searching:
    """Searches for one member; whoever's name is shown, it is in the access log."""

    def __init__(self, services: Services, member: Member) -> None:
        self._services = services
        self._reader = f"staff:{member.name}"[:80]

    async def find(self, text: str) -> Found:
        """What `text` names: a phone, an e-mail address, a wallet's number, an id, a receipt number, or
        the beginnings of a name's words. Names are masked; nothing typed is kept."""
        text = text.strip()[:TEXT_CHARS_MAX]
        if not text:
            return Found()
        named = parse_id(text.lower())
        if named is not None:
            return await self._by_id(named)
        order = await self._services.receipts.order(text)
        if order is not None:
            return Found(order=order)
        exact = await self._exactly(text)
        if exact:
            return Found(hits=await self._shown(exact))
        if any(char.isdigit() for char in text):
            return Found()
        found = await self._services.parties.name_keys.find(text, SHOWN_MAX + 1)
        by_name = sorted(found[:SHOWN_MAX], key=lambda p: p.created_at, reverse=True)
        return Found(
            await self._shown((party, "name") for party in by_name),
            more=len(found) > SHOWN_MAX,
        )

    async def of_class(self, merchant_class: str, after: UUID | None = None) -> Hits:
        """The merchants of a category, the latest first."""
        return await self._page("p.merchant_class = $1", merchant_class, "category", after)

    async def stopped(self, state: PartyState, after: UUID | None = None) -> Hits:
        """The wallets that are frozen, or being closed, the latest opened first."""
        if state not in LISTED:
            return Hits((), None)
        return await self._page(
            f"p.state = $1 AND p.state = '{state.value}'", state, "state", after
        )

    async def latest(self, after: UUID | None = None) -> Hits:
        """Everybody, the latest opened first."""
        return await self._page("$1 = ''", "", "latest", after)

    async def classes(self) -> list[str]:
        """The merchant categories that there are, found by skipping through the index."""
        rows = await self._services.db.all(
            """
            WITH RECURSIVE c AS (
                (SELECT merchant_class AS name FROM parties.party
                  WHERE merchant_class IS NOT NULL ORDER BY merchant_class LIMIT 1)
                UNION ALL
                SELECT (SELECT merchant_class FROM parties.party
                         WHERE merchant_class > c.name ORDER BY merchant_class LIMIT 1)
                  FROM c WHERE c.name IS NOT NULL
            )
            SELECT name FROM c WHERE name IS NOT NULL LIMIT 100
            """
        )
        return [row["name"] for row in rows]

    # within

    async def _by_id(self, named: UUID) -> Found:
        party = await self._services.parties.get(named)
        if party is not None:
            return Found(hits=await self._shown([(party, "id")]))
        order = await self._services.orders.get(named)
        if order is not None:
            return Found(order=order)
        case = await self._services.cases.get(named)
        return Found(case=case.id) if case is not None else Found()

    async def _exactly(self, text: str) -> list[tuple[Party, str]]:
        """By number, phone or e-mail address, in every market."""
        parties, found = self._services.parties, []
        number = numbers.reads(text)
        for market in self._services.markets.values():
            if number is not None:
                found.append((await parties.by_number(market.code, number), "number"))
            if "@" in text:
                found.append((await parties.by_email(market.code, text.lower()), "email"))
                continue
            phone = market.phone(text)
            if not isinstance(phone, Refused):
                found.append((await parties.by_phone(market.code, phone), "phone"))
        seen: dict[UUID, tuple[Party, str]] = {}
        for party, by in found:
            if party is not None:
                seen.setdefault(party.id, (party, by))
        return list(seen.values())

    async def _page(self, where: str, value: str, by: str, after: UUID | None) -> Hits:
        rows = await self._services.db.all(
            f"""
            SELECT {COLUMNS} FROM parties.party p
            WHERE {where} AND ($2::uuid IS NULL OR p.id < $2) ORDER BY p.id DESC LIMIT $3
            """,
            value,
            after,
            SHOWN_MAX + 1,
        )
        page = [party_of(row) for row in rows[:SHOWN_MAX]]
        more = len(rows) > SHOWN_MAX
        return Hits(await self._shown((party, by) for party in page), page[-1].id if more else None)

    async def _shown(self, found: Iterable[tuple[Party, str]]) -> tuple[Hit, ...]:
        pairs = list(found)
        name = self._services.parties.display_name  # simultaneous ones share a statement
        names = await asyncio.gather(*(name(p.id, self._reader, "search") for p, _ in pairs))
        return tuple(
            Hit(party, shown or "", by) for (party, by), shown in zip(pairs, names, strict=True)
        )
