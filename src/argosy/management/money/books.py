"""The accounts of the ledger as staff look at them: found, told, added up into a trial balance.

A balance of a past instant is what the account has now less what came after; so a trial balance of last
night reads the night, and one of last year reads the year. It is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import parse_id
from argosy.base.ledger.books import CLOCK_SKEW_MAX, Cursor, Ledger, Page, Totals
from argosy.base.ledger.facts import Account
from argosy.base.markets import Market
from argosy.base.parties.facts import main_account
from argosy.base.parties.numbers import reads
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.base.wallet.accounts import system_accounts
from argosy.management.money.facts import MoneyReason

PAGE: Final = 50
LOOKED_AT: Final = 20_000
TRIAL_SECONDS_MAX: Final = 600
_LOWEST = UUID(int=0)

_BY_KIND = """
    SELECT id FROM (
        SELECT id, kind FROM ledger.accounts WHERE id > $1 ORDER BY id LIMIT $4
    ) looked_at WHERE kind = $2 ORDER BY id LIMIT $3
"""
_REACHED = """
    SELECT id FROM (SELECT id FROM ledger.accounts WHERE id > $1 ORDER BY id LIMIT $2) looked_at
     ORDER BY id DESC LIMIT 1
"""
_HOLDS = """
    WITH open AS MATERIALIZED (
        SELECT id, debit, credit, amount, expires_at, order_id, currency
          FROM ledger.holds WHERE state = 0
    )
    SELECT h.id, h.debit, h.credit, h.amount, h.currency, h.order_id, h.expires_at, t.at, t.kind,
           o.product, o.state, o.market, o.deadline_at
      FROM (SELECT * FROM open WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2) h
      JOIN ledger.transfers t ON t.id = h.id
      LEFT JOIN orders.orders o ON o.id = h.order_id
     ORDER BY h.id DESC
"""

# What came after the instant, by account. Segments of a lane are in the order of time, to within some
# seconds, and so the journal is read from about there on.
_AFTER = """
    SELECT account, sum(d) AS debits, sum(c) AS credits, sum(dq) AS debits_pending,
           sum(cq) AS credits_pending
      FROM (
        SELECT e.account, CASE WHEN e.is_debit THEN m.moved ELSE 0 END AS d,
               CASE WHEN e.is_debit THEN 0 ELSE m.moved END AS c,
               CASE WHEN e.is_debit THEN m.pended ELSE 0 END AS dq,
               CASE WHEN e.is_debit THEN 0 ELSE m.pended END AS cq
          FROM unnest($2::smallint[], $3::bigint[]) AS l (lane, segment),
               LATERAL (SELECT * FROM ledger.transfers
                         WHERE lane = l.lane AND segment >= l.segment AND at > $1) t,
               LATERAL (SELECT CASE WHEN t.action IN (0, 2) THEN t.amount ELSE 0 END AS moved,
                               CASE t.action WHEN 0 THEN 0 WHEN 1 THEN t.amount
                                             ELSE -t.released END AS pended) m,
               LATERAL (VALUES (t.debit, true), (t.credit, false)) AS e (account, is_debit)
      ) entries GROUP BY account
"""
_TRIAL = """
    SELECT coalesce(p.market, s.market, '') AS market, a.currency, a.kind, count(*) AS accounts,
           sum(a.debits_posted) - coalesce(sum(f.debits), 0) AS debits,
           sum(a.credits_posted) - coalesce(sum(f.credits), 0) AS credits,
           sum(a.debits_pending) - coalesce(sum(f.debits_pending), 0) AS debits_pending,
           sum(a.credits_pending) - coalesce(sum(f.credits_pending), 0) AS credits_pending
      FROM ledger.accounts a
      LEFT JOIN parties.party p ON p.id = a.owner
      LEFT JOIN unnest($1::uuid[], $2::text[]) AS s (id, market) ON s.id = a.id
      LEFT JOIN after_it f ON f.account = a.id
     WHERE a.opened_at <= $3 OR f.account IS NOT NULL OR a.entries > 0
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trial balance: all accounts of one kind in one market and currency, minor units."""

    market: str
    currency: str
    kind: str
    accounts: int
    debits: int
    credits: int
    debits_pending: int
    credits_pending: int

    @property
    def net(self) -> int:
        """Debits less credits: above zero stands on the debit side."""
        return self.debits - self.credits


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial balance: its lines, and what each market and currency comes to, which is nothing."""

    at: datetime
    lines: tuple[Line, ...]

    @property
    def sums(self) -> Mapping[tuple[str, str], int]:
        """Debits less credits of each market and currency: zero where the books are right."""
        found: dict[tuple[str, str], int] = {}
        for line in self.lines:
            key = line.market, line.currency
            found[key] = found.get(key, 0) + line.net
        return found

    @property
    def is_even(self) -> bool:
        return not any(self.sums.values())


@dataclass(frozen=True, slots=True)
class Reserved:
    """A hold that is open. `until` is when it ends by itself, with its order or alone."""

    id: UUID
    debit: UUID
    credit: UUID
    minor: int
    currency: str
    kind: str
    at: datetime
    order: UUID | None
    product: str | None
    state: str | None
    until: datetime | None


class Books:
    """Looks into the ledger."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ledger: Ledger,
        parties: Parties,
        markets: Mapping[str, Market],
    ) -> None:
        self._db = db
        self._clock = clock
        self._ledger = ledger
        self._parties = parties
        self._markets = markets

    # --- accounts ----------------------------------------------------------------------------

    def system(self) -> dict[UUID, str]:
        """The operator's own accounts, each with its market."""
        return {a.id: m.code for m in self._markets.values() for a in system_accounts(m)}

    async def operator_accounts(self) -> list[tuple[str, Account]]:
        """The operator's own accounts with their markets, by market and kind."""
        market_of = self.system()
        found = await self._ledger.accounts(market_of)
        return sorted(
            ((market_of[one], account) for one, account in found.items()),
            key=lambda pair: (pair[0], pair[1].kind, pair[1].currency),
        )

    async def find(self, text: str) -> list[Account] | Refused:
        """Accounts by what somebody typed: an account's id, its owner's, or the owner's number."""
        text = text.strip()
        wanted: list[UUID] = []
        asked = parse_id(text.lower())
        if asked is not None:
            wanted = [asked, main_account(asked)]
        else:
            number = reads(text) or text
            for market in self._markets:
                party = await self._parties.by_number(market, number)
                wanted += [party.account] if party is not None else []
        found = await self._ledger.accounts(wanted)
        return list(found.values()) or Refused(MoneyReason.FILTER_UNREADABLE, field="text")

    async def of_kind(
        self, kind: str, after: UUID | None = None, limit: int = PAGE
    ) -> tuple[list[Account], UUID | None]:
        """Accounts of one kind by id, from behind `after` on, and the cursor of the next page. Looks at
        no more than some thousands, so a page may be short."""
        begin = after or _LOWEST
        rows = await self._db.all(_BY_KIND, begin, kind, limit + 1, LOOKED_AT)
        ids = [row["id"] for row in rows[:limit]]
        found = await self._ledger.accounts(ids)
        if len(rows) > limit:
            return [found[one] for one in ids], ids[-1]
        reached = await self._db.value(_REACHED, begin, LOOKED_AT)
        behind = reached is not None and await self._db.value(
            "SELECT true FROM ledger.accounts WHERE id > $1 LIMIT 1", reached
        )
        return [found[one] for one in ids], reached if behind else None

    async def account(self, id: UUID) -> Account | None:
        return await self._ledger.account(id)

    async def changes(self, id: UUID) -> Sequence[Record]:
        """What was done to the account itself, the latest first: `at`, `what`, bounds, `because`."""
        return await self._db.all(
            "SELECT at, what, floor_minor, ceiling_minor, because FROM ledger.account_events"
            " WHERE account = $1 ORDER BY at DESC, id DESC LIMIT 50",
            id,
        )

    async def statement(self, id: UUID, after: str | None = None, limit: int = PAGE) -> Page:
        """The entries of an account with its balance after each, newest first."""
        return await self._ledger.statement(id, Cursor.decode(after) if after else None, limit)

    async def at(self, id: UUID, instant: datetime) -> Totals | None | Refused:
        """The account's totals at a past instant; None where it was not open yet."""
        if instant > self._clock.now():
            return Refused(MoneyReason.INSTANT_IN_FUTURE)
        return await self._ledger.totals_at(id, instant)

    async def holds(self, after: UUID | None = None, limit: int = PAGE) -> list[Reserved]:
        """Holds that are open, the newest first, from before `after` on."""
        return [_reserved(row) for row in await self._db.all(_HOLDS, after, limit)]

    # --- all of them -------------------------------------------------------------------------

    async def trial(self, at: datetime | None = None) -> Trial | Refused:
        """The trial balance of now or of a past instant, read as of one moment."""
        now = self._clock.now()
        if at is not None and at > now:
            return Refused(MoneyReason.INSTANT_IN_FUTURE)
        market_of = self.system()
        async with (
            self._db.connection() as conn,
            conn.transaction(isolation="repeatable_read"),
        ):
            await conn.execute(f"SET LOCAL statement_timeout = '{TRIAL_SECONDS_MAX}s'")
            await self._note_after(conn, at)
            rows = await conn.fetch(
                _TRIAL,
                list(market_of),
                list(market_of.values()),
                at or now,
                timeout=TRIAL_SECONDS_MAX,
            )
        return Trial(at or now, tuple(_lines(rows)))

    async def _note_after(self, conn: Connection, at: datetime | None) -> None:
        """Leave in this transaction what each account had after `at`."""
        await conn.execute(
            "CREATE TEMPORARY TABLE after_it (account uuid, debits numeric, credits numeric,"
            " debits_pending numeric, credits_pending numeric) ON COMMIT DROP"
        )
        if at is None:
            return
        lanes = await conn.fetch(
            "SELECT lane, min(segment) AS segment FROM ledger.segments WHERE at > $1 GROUP BY lane",
            at - CLOCK_SKEW_MAX,
            timeout=TRIAL_SECONDS_MAX,
        )
        await conn.execute(
            f"INSERT INTO after_it {_AFTER}",
            at,
            [row["lane"] for row in lanes],
            [row["segment"] for row in lanes],
            timeout=TRIAL_SECONDS_MAX,
        )


def trial_rows(trial: Trial) -> list[list[str | int]]:
    """The trial balance as rows of a file, with its heading; amounts in minor units."""
    head: list[str | int] = [
        "market", "currency", "kind", "accounts", "debits_minor", "credits_minor",
        "debit_balance_minor", "credit_balance_minor", "debits_pending_minor",
        "credits_pending_minor",
    ]  # fmt: skip
    return [head, *(_row(line) for line in trial.lines)]


def _row(line: Line) -> list[str | int]:
    return [
        line.market, line.currency, line.kind, line.accounts, line.debits, line.credits,
        max(line.net, 0), max(-line.net, 0), line.debits_pending, line.credits_pending,
    ]  # fmt: skip


def _lines(rows: Iterable[Record]) -> Iterable[Line]:
    for row in rows:
        yield Line(
            row["market"],
            row["currency"],
            row["kind"],
            row["accounts"],
            int(row["debits"]),
            int(row["credits"]),
            int(row["debits_pending"]),
            int(row["credits_pending"]),
        )


def _reserved(row: Record) -> Reserved:
    return Reserved(
        row["id"],
        row["debit"],
        row["credit"],
        row["amount"],
        row["currency"],
        row["kind"],
        row["at"],
        row["order_id"] if row["product"] else None,
        row["product"],
        row["state"],
        row["expires_at"] or row["deadline_at"],
    )
