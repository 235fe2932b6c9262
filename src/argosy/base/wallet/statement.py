"""The history of a wallet: walked over its account's entries, never over all orders.

A payment can be several entries of one account (the amount, the shares of a price); what was posted in
one step for one order is one line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from argosy.base.ledger.books import Cursor, Entry, Ledger
from argosy.base.orders.facts import Order
from argosy.base.orders.reading import Orders
from argosy.base.refusals import Kind, Reason, Refused

LINES_MAX = 100
_ENTRIES_OF_LINE_MAX = 20


class WalletReason(Reason):
    """Why a wallet could not be read."""

    CURSOR_UNREADABLE = 170, Kind.INPUT, "This is not a place in the history."


@dataclass(frozen=True, slots=True)
class Line:
    """One step of one order, as it changed the account; amounts are signed minor units.

    `moved_minor` came or went, `pending_minor` was reserved or let go; balances stand after the line.
    """

    at: datetime
    kind: str
    order: Order | None
    moved_minor: int
    pending_minor: int
    balance_minor: int
    available_minor: int
    transfers: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Some lines, newest first; `next` goes into `Statement.page` for the ones before them."""

    lines: tuple[Line, ...]
    next: str | None


class Statement:
    """Reads histories. A page costs the same wherever it lies and however long the history is."""

    def __init__(self, ledger: Ledger, orders: Orders) -> None:
        self._ledger = ledger
        self._orders = orders

    async def page(
        self, account: UUID, before: str | None = None, limit: int = 20
    ) -> History | Refused:
        """At most `limit` lines of `account`, newest first, from `before` (`History.next`) on."""
        start = Cursor.decode(before) if before else None
        if before and start is None:
            return Refused(WalletReason.CURSOR_UNREADABLE, field="cursor")
        page = await self._ledger.statement(account, start, max(1, min(limit, LINES_MAX)))
        entries, after = list(page.entries), page.next
        for _ in range(_ENTRIES_OF_LINE_MAX):  # the page may have cut its last line in two
            if after is None:
                break
            one = await self._ledger.statement(account, after, 1)
            if not one.entries or not _together(entries[-1], one.entries[0]):
                break
            entries += one.entries
            after = one.next
        orders = await self._orders.many(e.order for e in entries if e.order is not None)
        groups: list[list[Entry]] = []
        for entry in entries:
            if groups and _together(groups[-1][-1], entry):
                groups[-1].append(entry)
            else:
                groups.append([entry])
        lines = tuple(_line(group, orders) for group in groups)
        return History(lines, after.encode() if after else None)


def _together(newer: Entry, older: Entry) -> bool:
    """Whether two neighbouring entries were posted in one step for one order."""
    return newer.order is not None and newer.order == older.order and newer.at == older.at


def _line(group: list[Entry], orders: dict[UUID, Order]) -> Line:
    newest = group[0]
    main = next((e for e in group if e.kind != "fee"), newest)
    return Line(
        newest.at,
        main.kind,
        orders.get(newest.order) if newest.order else None,
        sum(e.moved_minor for e in group),
        sum(e.pending_minor for e in group),
        newest.balance_minor,
        newest.available_minor,
        tuple(e.transfer for e in group),
    )
